//! An agent that is not root, and the Tomcat of another user: with the capabilities that the manual names, and without any.

use edgewatch_tests::tomcat::{Base, Load};

use super::scene::{Scene, requests, times};

#[tokio::test]
async fn an_unprivileged_agent_with_two_capabilities_reads_the_logs_of_another_user() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base, "").await?;
    let agent = scene.unprivileged_agent(&["sys_ptrace", "dac_read_search"]).await?;
    let mut load = Load::on(&scene.tomcat);

    load.mixed(15).await?;

    scene.wait_for_count(&load.tally).await.map_err(|error| error.context(agent.agent.stderr()))?;
    let lines = times(scene.tomcat.wait_for_lines(load.tally.count()).await?);
    let bodies =
        |receipts: &_| times(requests(receipts).unwrap_or_default().into_iter().map(|record| record.body));
    let arrived = scene.sink.wait_until(|receipts| bodies(receipts) == lines).await;
    arrived.map_err(|error| error.context(agent.agent.stderr()))?;
    Ok(())
}

#[tokio::test]
async fn an_agent_without_capabilities_counts_threads_and_says_once_what_is_missing() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base.with_short_names(), "").await?;
    scene.tomcat.keep_from_others()?;
    let agent = scene.unprivileged_agent(&[]).await?;
    let mut load = Load::on(&scene.tomcat);
    load.mixed(5).await?;

    let threads = "tomcat.thread.count";
    let rounds = |receipts: &_| {
        let all = edgewatch_tests::points::points(receipts).unwrap_or_default();
        all.iter().filter(|point| point.metric == threads).map(|point| point.at).collect::<Vec<_>>()
    };
    let three = |receipts: &_| {
        let mut times = rounds(receipts);
        times.sort();
        times.dedup();
        times.len() >= 3
    };
    scene.sink.wait_until(three).await.map_err(|error| error.context(agent.agent.stderr()))?;

    let log = agent.agent.stderr();
    let told = log.lines().filter(|line| line.contains("CAP_DAC_READ_SEARCH"));
    let told = times(told.map(|line| line.split_once(' ').unwrap_or_default().1));
    assert!(!told.is_empty() && told.values().all(|count| *count == 1), "{log}");
    assert_eq!(scene.latest("tomcat.request.count")?, []);
    assert_eq!(requests(&scene.sink.receipts())?, []);
    Ok(())
}
