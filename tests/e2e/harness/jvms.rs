//! The JVMs of the stories, without any agent: they are where they should be and say what they do.

use edgewatch_tests::jvm::{Java, Launch};
use rustix::process::Signal;

#[tokio::test]
async fn programs_do_what_they_are_told_in_every_version_and_report_it() -> anyhow::Result<()> {
    for java in Java::all() {
        let mut jvm = Launch::probe(&java, "told").flags(["-XX:+UseSerialGC"]).start().await?;
        let before = jvm.beans().await?;

        for work in ["threads 3", "daemons 2", "classes 5", "keep 100", "allocate 100", "gc 2", "burn 10"] {
            jvm.tell(work).await?;
        }

        let after = jvm.beans().await?;
        let version = after.release.trim_start_matches("1.").split('.').next().unwrap_or_default().to_owned();
        assert_eq!(version, java.version.to_string());
        assert_eq!((after.threads - before.threads, after.daemons - before.daemons), (5.0, 2.0));
        assert_eq!(after.collectors["MarkSweepCompact"].count, 2);
        assert!(after.loaded >= before.loaded + 5.0);
        jvm.tell("forget").await?;
        jvm.tell("gc 1").await?;
        assert!(jvm.beans().await?.unloaded >= 5.0);
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn jvms_run_in_namespaces_and_as_other_users() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let launch = || Launch::probe(&java, "placed");
    let uid = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
        anyhow::Ok(line.split_whitespace().next().unwrap_or_default().to_owned())
    };
    let tmp = tempfile::TempDir::with_prefix_in("edgewatch-tmp-", "/var/tmp")?;

    let contained = launch().container().own_tmp().start().await?;
    let sharing = launch().container().shared_tmp(tmp.path()).start().await?;
    let daemon = launch().user(1).start().await?;
    let mapped = launch().user_namespace(100_000).container().own_tmp().start().await?;

    assert_eq!(contained.inner_pid(), Some(1));
    assert!(!std::fs::exists(format!("/tmp/hsperfdata_root/{}", contained.pid()))?);
    assert!(tmp.path().join("hsperfdata_root/1").exists());
    assert_eq!(uid(daemon.pid())?, "1");
    assert_eq!((uid(mapped.pid())?.as_str(), mapped.inner_pid()), ("100000", Some(1)));
    for jvm in [contained, sharing, daemon, mapped] {
        jvm.quit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_thread_dump_that_nobody_asked_for_is_noticed() -> anyhow::Result<()> {
    let Some(java) = Java::of(17) else { return Ok(()) };
    let jvm = Launch::probe(&java, "disturbed").start().await?;
    jvm.signal(Signal::QUIT)?;

    let error = jvm.quit().await.unwrap_err();

    assert!(error.to_string().contains("Full thread dump"), "{error:#}");
    Ok(())
}
