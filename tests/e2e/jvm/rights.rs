//! An agent that is not root: with the capabilities that the manual names, and without any.

use edgewatch_tests::agent::{UNPRIVILEGED, unprivileged};
use edgewatch_tests::jvm::{Java, Launch, Watch};
use edgewatch_tests::sink::Sink;

/// Another ordinary user than that of the agent.
const OTHER: u32 = 1;

#[tokio::test]
async fn an_unprivileged_agent_with_two_capabilities_reads_every_jvm() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let launch = |name: &str| Launch::probe(&java, format!("rights-{name}"));
    let mut jvms = vec![
        launch("root").start().await?,
        launch("other").user(OTHER).start().await?,
        launch("own").user(UNPRIVILEGED).start().await?,
        launch("container").container().own_tmp().start().await?,
    ];
    let watch = start("rights-*", "", &["sys_ptrace", "dac_read_search"]).await?;

    for jvm in &mut jvms {
        let reading = watch.reading(jvm).await?;
        let beans = jvm.beans().await?;
        let daemons = [("jvm.thread.daemon", "true")];
        assert_eq!(reading.value("jvm.thread.count", &daemons), Some(beans.daemons), "{}", jvm.name());
        assert!(reading.value("jvm.file_descriptor.count", &[]).is_some(), "{}", jvm.name());
    }
    for jvm in jvms {
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_unprivileged_agent_with_the_capabilities_for_it_asks_jvms_of_other_users() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let launch = |name: &str| Launch::probe(&java, format!("asking-{name}"));
    let jvms = vec![launch("root").start().await?, launch("other").user(OTHER).start().await?];
    let capabilities = ["sys_ptrace", "dac_read_search", "setuid", "setgid"];
    let watch = start("asking-*", "attach: {enabled: true, interval: 200ms}", &capabilities).await?;

    for jvm in &jvms {
        watch.reading(jvm).await?;
        watch.reading(jvm).await?;
        let reading = watch.reading(jvm).await?;
        let pool = [("jvm.memory.pool.name", "CodeHeap 'non-nmethods'")];
        let log = watch.agent.agent.stderr();
        assert!(reading.value("jvm.memory.used", &pool).is_some(), "{}: {log}", jvm.name());
    }
    for jvm in jvms {
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_agent_without_capabilities_reads_its_own_jvms_and_says_once_what_is_missing() -> anyhow::Result<()>
{
    let Some(java) = Java::of(17) else { return Ok(()) };
    let launch = |name: &str| Launch::probe(&java, format!("bare-{name}"));
    let others = vec![launch("root").start().await?, launch("other").user(OTHER).start().await?];
    let mut own = launch("own").user(UNPRIVILEGED).start().await?;
    let watch = start("bare-*", "", &[]).await?;

    for _ in 0..4 {
        let reading = watch.reading(&own).await?;
        let beans = own.beans().await?;
        let daemons = [("jvm.thread.daemon", "true")];
        assert_eq!(reading.value("jvm.thread.count", &daemons), Some(beans.daemons));
    }

    for jvm in &others {
        assert!(!watch.knows(jvm.pid())?, "{}", jvm.name());
    }
    let log = watch.agent.agent.stderr();
    let told = log.lines().filter(|line| line.contains("CAP_SYS_PTRACE")).count();
    assert_eq!(told, 1, "{log}");
    for jvm in others.into_iter().chain([own]) {
        jvm.quit().await?;
    }
    Ok(())
}

/// An agent that is not root, with just these capabilities.
async fn start(names: &str, more: &str, capabilities: &[&str]) -> anyhow::Result<Watch> {
    let (folder, program) = unprivileged(capabilities)?;
    let sink = Sink::start().await?;
    let builder = Watch::builder(&sink, names, more)?.binary(program).in_folder(folder);
    Ok(Watch { agent: builder.start().await?, sink })
}
