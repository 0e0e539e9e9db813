//! JVMs that must not be asked, or cannot answer: nothing happens to them.

use std::fs;

use edgewatch_tests::jvm::{Java, Launch, Watch};
use rustix::process::Signal;

const ASKING: &str = "attach: {enabled: true, interval: 200ms, timeout: 1s}";

#[tokio::test]
async fn jvms_that_take_no_questions_are_left_alone() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let launch = |name: &str| Launch::probe(&java, format!("alone-{name}"));
    let mut control = launch("control").start().await?;
    let tmp = tempfile::TempDir::with_prefix_in("edgewatch-tmp-", "/var/tmp")?;
    let mut jvms = vec![
        // It would end.
        launch("xrs").flags(["-Xrs"]).start().await?,
        // They would write all their threads to stdout.
        launch("disabled").flags(["-XX:+DisableAttachMechanism"]).start().await?,
        launch("disabled-xrs").flags(["-XX:+DisableAttachMechanism", "-Xrs"]).start().await?,
        // They tell no capabilities.
        launch("blind").flags(["-XX:-UsePerfData"]).start().await?,
        launch("blind-disabled").flags(["-XX:-UsePerfData", "-XX:+DisableAttachMechanism"]).start().await?,
        launch("hidden-disabled")
            .flags(["-XX:+PerfDisableSharedMem", "-XX:+DisableAttachMechanism"])
            .start()
            .await?,
        // They may be asked, but it is not easy.
        launch("container").container().own_tmp().start().await?,
        launch("shared-tmp").container().shared_tmp(tmp.path()).start().await?,
        launch("user-namespace").user_namespace(100_000).container().own_tmp().start().await?,
        launch("daemon").user(1).start().await?,
    ];
    let mut watch = Watch::start("alone-*", ASKING).await?;

    for _ in 0..4 {
        watch.reading(&control).await?;
    }
    let code = watch.reading(&control).await?;

    let pool = [("jvm.memory.pool.name", "CodeHeap 'non-nmethods'")];
    assert!(code.value("jvm.memory.used", &pool).is_some(), "{}", watch.agent.agent.stderr());
    for jvm in &mut jvms {
        jvm.beans().await?;
    }
    control.beans().await?;
    let pid = control.pid();
    for jvm in jvms.into_iter().chain([control]) {
        jvm.quit().await?;
    }
    // It may have been about to ask a JVM that has just ended.
    let (status, _) = watch.agent.agent.terminate().await?;
    assert!(status.success(), "{}", watch.agent.agent.stderr());
    assert!(!fs::exists(format!("/tmp/.attach_pid{pid}"))?);
    assert_eq!(triggers(tmp.path())?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_jvm_that_is_stopped_delays_no_other_and_goes_on_unharmed() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let watch = Watch::start("stop-*", ASKING).await?;
    let launch = |name: &str| Launch::probe(&java, format!("stop-{name}"));
    let mut stopped = launch("stopped").start().await?;
    let mut fresh = launch("before-asked").start().await?;
    // One is stopped after it was asked, the other perhaps before.
    fresh.signal(Signal::STOP)?;
    watch.reading(&stopped).await?;
    stopped.signal(Signal::STOP)?;
    let mut control = launch("control").start().await?;

    for _ in 0..4 {
        watch.reading(&control).await?;
    }

    stopped.signal(Signal::CONT)?;
    fresh.signal(Signal::CONT)?;
    watch.reading(&stopped).await?;
    for jvm in [&mut stopped, &mut fresh, &mut control] {
        jvm.beans().await?;
    }
    for jvm in [stopped, fresh, control] {
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_jvm_that_is_just_starting_is_never_ended_by_a_question() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let more = format!("{ASKING}, collection_interval: 50ms");
    let sink = edgewatch_tests::sink::Sink::start().await?;
    let builder = Watch::builder(&sink, "starting-*", ASKING)?;
    let fast = format!("{{receivers: {{jvm: {{{more}, discovery_interval: 10ms}}}}}}");
    let watch = Watch { agent: builder.with(&fast).start().await?, sink };

    for round in 0..10 {
        let jvm = Launch::probe(&java, format!("starting-round{round}"))
            .flags(["-XX:TieredStopAtLevel=1"])
            .start()
            .await?;
        watch.reading(&jvm).await?;
        jvm.quit().await?;
    }
    Ok(())
}

fn triggers(folder: &std::path::Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(".attach_pid") {
            names.push(name);
        }
    }
    Ok(names)
}
