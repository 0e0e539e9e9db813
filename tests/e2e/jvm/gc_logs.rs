//! Garbage collection logs: those that JVMs write anyway, and those that are switched on for a while.

use std::fs;

use edgewatch_tests::jvm::{Java, Jvm, Launch, Reading, Watch};
use tokio::process::Command;

const SWITCH_ON: &str =
    "attach: {enabled: true, interval: 200ms}, gc_log: {switch_on: true}, pauses: {cause: true}";

#[tokio::test]
async fn pauses_of_a_log_that_is_written_anyway_have_their_cause_and_are_counted_once() -> anyhow::Result<()>
{
    let mut wrong = Vec::new();
    for java in Java::all() {
        let watch = Watch::start(&format!("logged-java{}-*", java.version), "pauses: {cause: true}").await?;
        let flags: &[&str] = match java.version {
            // Its current directory is one that others like it share.
            8 => &["-XX:+PrintGCDetails", "-Xloggc:/var/tmp/gc.log"],
            _ => &["-Xlog:gc*:file=gc.log"],
        };
        let mut jvms = Vec::new();
        for collector in ["G1", "Parallel", "Serial", "Shenandoah"] {
            if java.version == 8 && collector == "Shenandoah" {
                continue;
            }
            let launch = Launch::probe(&java, format!("logged-java{}-{collector}", java.version));
            let launch = launch
                .flags(["-XX:+UnlockExperimentalVMOptions".to_owned(), format!("-XX:+Use{collector}GC")]);
            jvms.push((collector, launch.flags(flags.iter().copied()).start().await?));
        }
        let mut before = Vec::new();
        for (_, jvm) in &mut jvms {
            before.push((watch.reading(jvm).await?, jvm.beans().await?));
            jvm.tell("gc 3").await?;
        }
        for ((collector, jvm), earlier) in jvms.iter_mut().zip(&before) {
            let beans = jvm.beans().await?;
            let reading = watch.reading(jvm).await?;

            let name = match *collector {
                "G1" => "G1 Old Generation",
                "Parallel" => "PS MarkSweep",
                "Serial" => "MarkSweepCompact",
                _ => {
                    if all_pauses(&reading) <= all_pauses(&earlier.0) {
                        wrong.push(format!("{}: no pauses", jvm.name()));
                    }
                    continue;
                }
            };
            let expected = beans.collectors[name].count - earlier.1.collectors[name].count;
            let have = reading.pauses(name) - earlier.0.pauses(name);
            if (expected, have) != (3, 3) {
                wrong.push(format!("{}: {have} pauses of {expected}", jvm.name()));
            }
            let cause = [("jvm.gc.name", name), ("jvm.gc.cause", "System.gc()")];
            let with_cause = reading.point("jvm.gc.duration", &cause).and_then(|point| point.count);
            if with_cause != Some(3) {
                wrong.push(format!("{}: {with_cause:?} pauses with their cause", jvm.name()));
            }
        }
        for (_, jvm) in jvms {
            jvm.quit().await?;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn logs_are_switched_on_and_off_again_and_leave_nothing_behind() -> anyhow::Result<()> {
    for version in [17, 25] {
        let Some(java) = Java::of(version) else { continue };
        let name = |own: &str| format!("switched-java{version}-{own}");
        let own = "-Xlog:safepoint=debug:file=own.log:uptime:filecount=2";
        let mut plain = Launch::probe(&java, name("plain")).start().await?;
        let mut configured =
            Launch::probe(&java, name("configured")).flags([own, "-Xlog:gc+heap:stderr"]).start().await?;
        let before = (outputs(&plain).await?, outputs(&configured).await?);
        let files = (logs_in_memory(&plain)?, logs_in_memory(&configured)?);
        let mut watch = Watch::start(&format!("switched-java{version}-*"), SWITCH_ON).await?;

        for (jvm, before) in [(&mut plain, &before.0), (&mut configured, &before.1)] {
            let first = settled(&watch, jvm).await?.pauses("G1 Old Generation");
            jvm.tell("gc 4").await?;
            let reading = settled(&watch, jvm).await?;
            assert_eq!(reading.pauses("G1 Old Generation") - first, 4, "{:?}", reading.points);
            let cause = [("jvm.gc.name", "G1 Old Generation"), ("jvm.gc.cause", "System.gc()")];
            assert!(reading.point("jvm.gc.duration", &cause).is_some(), "{:?}", reading.points);
            assert_ne!(&outputs(jvm).await?, before, "no log is switched on");
        }
        let (status, _) = watch.agent.agent.terminate().await?;

        assert!(status.success(), "{}", watch.agent.agent.stderr());
        assert_eq!((outputs(&plain).await?, outputs(&configured).await?), before);
        assert_eq!((logs_in_memory(&plain)?, logs_in_memory(&configured)?), files);
        plain.quit().await?;
        configured.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_log_that_a_killed_agent_left_on_is_taken_over() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let jvm = Launch::probe(&java, "left-on").start().await?;
    let before = (outputs(&jvm).await?, logs_in_memory(&jvm)?);
    let mut watch = Watch::start("left-on", SWITCH_ON).await?;
    settled(&watch, &jvm).await?;
    assert_ne!(outputs(&jvm).await?, before.0, "no log is switched on");
    watch.agent.agent.kill().await?;

    let mut next = Watch::start("left-on", SWITCH_ON).await?;
    settled(&next, &jvm).await?;
    let (status, _) = next.agent.agent.terminate().await?;

    assert!(status.success());
    assert_eq!((outputs(&jvm).await?, logs_in_memory(&jvm)?), before);
    jvm.quit().await
}

/// A reading some rounds later, when what was in logs has been read.
async fn settled(watch: &Watch, jvm: &Jvm) -> anyhow::Result<Reading> {
    for _ in 0..2 {
        watch.reading(jvm).await?;
    }
    watch.reading(jvm).await
}

fn all_pauses(reading: &Reading) -> u64 {
    let pauses = reading.points.iter().filter(|point| point.metric == "jvm.gc.duration");
    pauses.filter_map(|point| point.count).sum()
}

/// The log outputs of a JVM, as the JDK's own tool tells them: without what every question of that tool changes.
async fn outputs(jvm: &Jvm) -> anyhow::Result<String> {
    let Some(java) = Java::of(17) else { return Ok(String::new()) };
    let jcmd = java.home.join("bin").join("jcmd");
    let output = Command::new(jcmd).args([&jvm.pid().to_string(), "VM.log", "list"]).output().await?;
    anyhow::ensure!(output.status.success(), "jcmd: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let outputs = text.split("Log output configuration:").nth(1).unwrap_or(&text);
    Ok(outputs.to_owned())
}

/// The logs of a JVM that an agent has switched on.
fn logs_in_memory(jvm: &Jvm) -> anyhow::Result<Vec<String>> {
    let entries =
        fs::read_dir("/dev/shm")?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = entries.collect::<anyhow::Result<Vec<_>>>()?;
    names.retain(|name| name.contains(&format!("-{}-", jvm.pid())));
    Ok(names)
}
