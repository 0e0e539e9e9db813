//! JVMs in all the places that JVMs run in, and others whose counters are hard to reach: right or absent, never wrong.

use edgewatch_tests::jvm::{Java, Jvm, Launch, Reading, Watch};
use tempfile::TempDir;

/// A uid that no passwd file has.
const NOBODY_KNOWS: u32 = 54_321;

#[tokio::test]
async fn jvms_in_containers_of_their_own_are_measured() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("place-*", "").await?;
    let launch = |name: &str| Launch::probe(&java, format!("place-{name}"));
    let mut jvms = vec![
        launch("own-tmp").container().own_tmp().start().await?,
        launch("tmp-of-the-host").container().start().await?,
        launch("daemon").user(1).start().await?,
        launch("user-namespace").user_namespace(100_000).container().own_tmp().start().await?,
    ];

    for jvm in &mut jvms {
        is_right(&watch, jvm).await?;
    }

    unharmed(jvms).await
}

#[tokio::test]
async fn jvms_that_share_tmp_and_have_the_same_pid_are_not_taken_for_each_other() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("twin-*", "").await?;
    let tmp = TempDir::with_prefix_in("edgewatch-tmp-", "/var/tmp")?;
    let twin = |name: &str| Launch::probe(&java, format!("twin-{name}")).container().shared_tmp(tmp.path());
    let mut first = twin("first").start().await?;
    // It finds the file of its twin locked, says so on stdout, and keeps its counters to itself.
    let second = twin("second").start().await?;
    assert_eq!((first.inner_pid(), second.inner_pid()), (Some(1), Some(1)));

    is_right(&watch, &mut first).await?;

    // Threads tell the two apart: if anything is said about the second, it is not what the first has.
    first.tell("threads 11").await?;
    let reading = watch.reading(&first).await?;
    assert!(reading.value("jvm.thread.count", &[("jvm.thread.daemon", "false")]) > Some(11.0));
    let about_the_second = edgewatch_tests::points::points(&watch.sink.receipts())?;
    let pid = second.pid().to_string();
    let counters = ["jvm.thread.count", "jvm.memory.used", "jvm.class.count", "jvm.gc.duration"];
    let wrong = about_the_second.iter().find(|point| {
        point.resource.get("process.pid") == Some(&pid) && counters.contains(&point.metric.as_str())
    });
    assert_eq!(wrong, None);
    unharmed(vec![first, second]).await
}

#[tokio::test]
async fn a_search_of_memory_finds_the_counters_that_no_file_holds() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("scan-*", "memory_scan: true").await?;
    let tmp = TempDir::with_prefix_in("edgewatch-tmp-", "/var/tmp")?;
    let launch = |name: &str| Launch::probe(&java, format!("scan-{name}"));
    let twin = |name: &str| launch(name).container().shared_tmp(tmp.path());
    let mut jvms = vec![
        launch("not-shared").flags(["-XX:+PerfDisableSharedMem"]).start().await?,
        launch("without-passwd").user(NOBODY_KNOWS).start().await?,
        twin("twin-first").start().await?,
        twin("twin-second").start().await?,
    ];
    for java in Java::all().iter().filter(|java| java.version != 17) {
        let launch = Launch::probe(java, format!("scan-java{}", java.version));
        jvms.push(launch.flags(["-XX:+PerfDisableSharedMem"]).start().await?);
    }

    for jvm in &mut jvms {
        is_right(&watch, jvm).await?;
    }

    unharmed(jvms).await
}

#[tokio::test]
async fn what_cannot_be_known_is_absent_and_told_once() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("dark-*", "").await?;
    let launch = |name: &str| Launch::probe(&java, format!("dark-{name}"));
    let mut light = launch("control").start().await?;
    let dark = vec![
        launch("no-counters").flags(["-XX:-UsePerfData"]).start().await?,
        launch("not-shared").flags(["-XX:+PerfDisableSharedMem"]).start().await?,
        launch("without-passwd").user(NOBODY_KNOWS).start().await?,
    ];

    for _ in 0..3 {
        is_right(&watch, &mut light).await?;
    }

    let all = edgewatch_tests::points::points(&watch.sink.receipts())?;
    let log = watch.agent.agent.stderr();
    for jvm in &dark {
        let pid = jvm.pid().to_string();
        let own = all.iter().filter(|point| point.resource.get("process.pid") == Some(&pid));
        // Only what the kernel knows.
        let of_the_kernel = ["jvm.cpu.", "jvm.file_descriptor.", "jvm.system.", "process."];
        let wrong = own.filter(|point| !of_the_kernel.iter().any(|prefix| point.metric.starts_with(prefix)));
        assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&_>::new(), "{}", jvm.name());
    }
    let told = log.lines().filter(|line| line.contains("counters of a JVM cannot be read")).count();
    assert_eq!(told, 1, "the reason is the same for all of them:\n{log}");
    unharmed(dark).await
}

#[tokio::test]
async fn the_file_of_a_killed_jvm_is_not_taken_for_that_of_another() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("stale-*", "").await?;
    let tmp = TempDir::with_prefix_in("edgewatch-tmp-", "/var/tmp")?;
    let launch =
        |name: &str| Launch::probe(&java, format!("stale-{name}")).container().shared_tmp(tmp.path());
    let mut killed = launch("killed").start().await?;
    killed.tell("threads 20").await?;
    is_right(&watch, &mut killed).await?;
    let gone = killed.pid();
    killed.kill().await?;
    let left = std::fs::read_dir(tmp.path().join("hsperfdata_root"))?.count();
    assert_eq!(left, 1, "a killed JVM leaves its file");

    // The same pid in its namespace, so the same name of the file; one that writes no counters leaves the old one alone.
    let blind = launch("blind").flags(["-XX:-UsePerfData"]).start().await?;
    let mut next = Launch::probe(&java, "stale-control").start().await?;
    is_right(&watch, &mut next).await?;
    assert!(!about(&watch, blind.pid(), "jvm.thread.count")?);
    blind.quit().await?;
    let mut successor = launch("successor").start().await?;
    is_right(&watch, &mut successor).await?;

    let now = std::time::SystemTime::now();
    is_right(&watch, &mut successor).await?;
    let late = edgewatch_tests::points::points(&watch.sink.receipts())?;
    let of_the_dead = |point: &&edgewatch_tests::points::Point| {
        point.at > now && point.resource.get("process.pid") == Some(&gone.to_string())
    };
    assert_eq!(late.iter().find(of_the_dead), None);
    unharmed(vec![next, successor]).await
}

#[tokio::test]
async fn a_file_that_was_deleted_or_replaced_is_read_through_the_mapping() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let tmp = TempDir::with_prefix_in("edgewatch-tmp-", "/var/tmp")?;
    let launch = |name: &str| Launch::probe(&java, format!("deleted-{name}")).container();
    let mut deleted = launch("file").shared_tmp(tmp.path()).start().await?;
    let file = tmp.path().join("hsperfdata_root").join("1");
    let copy = std::fs::read(&file)?;
    std::fs::remove_file(&file)?;
    let watch = Watch::start("deleted-*", "").await?;

    is_right(&watch, &mut deleted).await?;

    // Somebody else's bytes under the name: the copy of another time, which must not be read.
    std::fs::write(&file, copy)?;
    deleted.tell("threads 9").await?;
    is_right(&watch, &mut deleted).await?;
    let later = Watch::start("deleted-*", "").await?;
    is_right(&later, &mut deleted).await?;
    unharmed(vec![deleted]).await
}

#[tokio::test]
async fn a_jvm_that_starts_again_is_another_one() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("again", "").await?;
    let mut last = None;
    for _ in 0..3 {
        let mut jvm = Launch::probe(&java, "again").flags(["-XX:+UseSerialGC"]).start().await?;
        watch.reading(&jvm).await?;
        jvm.tell("gc 2").await?;
        let reading = is_right(&watch, &mut jvm).await?;
        assert_eq!(reading.pauses("MarkSweepCompact"), 2);
        assert_ne!(last, Some(jvm.pid()));
        last = Some(jvm.pid());
        jvm.quit().await?;
    }
    Ok(())
}

/// What the agent says about `jvm` is what it says itself, as far as that does not depend on the collector.
async fn is_right(watch: &Watch, jvm: &mut Jvm) -> anyhow::Result<Reading> {
    let before = jvm.beans().await?;
    let reading = watch.reading(jvm).await?;
    let after = jvm.beans().await?;
    let daemons = [("jvm.thread.daemon", "true")];
    assert_eq!(reading.value("jvm.thread.count", &daemons), Some(after.daemons), "{}", jvm.name());
    let loaded = reading.value("jvm.class.loaded", &[]).unwrap_or_default();
    assert!((before.loaded..=after.loaded).contains(&loaded), "{}: {loaded}", jvm.name());
    let others = reading.value("jvm.thread.count", &[("jvm.thread.daemon", "false")]);
    assert_eq!(others, Some(after.threads - after.daemons), "{}", jvm.name());
    assert_eq!(reading.resource().get("service.name").map(String::as_str), Some(jvm.name()));
    Ok(reading)
}

fn about(watch: &Watch, pid: u32, metric: &str) -> anyhow::Result<bool> {
    let all = edgewatch_tests::points::points(&watch.sink.receipts())?;
    let pid = pid.to_string();
    Ok(all.iter().any(|point| point.metric == metric && point.resource.get("process.pid") == Some(&pid)))
}

/// Every one of them is alive, does what it is told and has written nothing unasked.
async fn unharmed(jvms: Vec<Jvm>) -> anyhow::Result<()> {
    for mut jvm in jvms {
        jvm.beans().await?;
        jvm.quit().await?;
    }
    Ok(())
}
