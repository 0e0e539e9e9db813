//! The handle of a child process, shown with shell scripts in place of the agent.

use std::sync::Arc;

use edgewatch_tests::agent::{Agent, Builder};
use edgewatch_tests::ports;
use edgewatch_tests::sink::PATIENCE;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

#[tokio::test]
async fn an_agent_is_ready_when_it_says_so_and_ends_when_asked() -> anyhow::Result<()> {
    let agent = pretender(
        "test \"$1\" = --config && test -f \"$2\" && echo \"$GREETING\"
        trap 'echo draining >&2; exit 3' TERM
        echo 'Everything is ready. Begin running and processing data.' >&2
        sleep 1000 & wait",
    )?;

    let mut agent = agent.environment("GREETING", "hello").start().await?;

    agent.wait_for_output("hello").await?;
    assert!(agent.usage()?.resident > 0);
    let (status, _) = agent.terminate().await?;
    agent.wait_for_log("draining").await?;
    assert_eq!(status.code(), Some(3));
    Ok(())
}

#[tokio::test]
async fn an_agent_that_ends_early_shows_what_it_wrote() -> anyhow::Result<()> {
    let agent = pretender("echo 'error: receivers.otlp: no such port' >&2; exit 1")?;

    let error = agent.start().await.unwrap_err();

    assert!(error.to_string().contains("receivers.otlp: no such port"), "{error}");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_ends_before_it_listens_is_noticed() -> anyhow::Result<()> {
    let mut agent = pretender("echo no such file >&2; exit 1")?.spawn()?;

    let error = agent.wait_for_listener(ports::free()?).await.unwrap_err();

    assert!(format!("{error:#}").contains("it ended"), "{error:#}");
    Ok(())
}

#[tokio::test]
async fn a_dropped_agent_is_killed() -> anyhow::Result<()> {
    let agent = pretender("echo Everything is ready >&2; exec sleep 1000")?.start().await?;
    let pid = Pid::from_raw(i32::try_from(agent.pid())?).unwrap();
    let process = pidfd_open(pid, PidfdFlags::empty())?;

    drop(agent);

    let patience = Timespec::try_from(PATIENCE)?;
    let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience))?;
    assert_eq!(ended, 1, "it still runs");
    Ok(())
}

/// An agent that is a shell script: the argument `run` makes the shell read the file of that name.
fn pretender(script: &str) -> anyhow::Result<Builder> {
    let folder = Arc::new(tempfile::tempdir()?);
    std::fs::write(folder.path().join("run"), script)?;
    Ok(Agent::with_config("").binary("/bin/sh").in_folder(folder))
}
