//! Counts of requests equal those of the load generator.

use std::collections::BTreeMap;

use edgewatch_tests::points::Point;
use edgewatch_tests::sink::Receipts;
use edgewatch_tests::tomcat::{Base, Load};

use super::scene::{Scene, latest};

#[tokio::test]
async fn requests_counted_in_the_access_log_equal_those_of_the_load_generator() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base, "").await?;
    let agent = scene.agent().await?;
    let mut load = Load::on(&scene.tomcat);

    load.mixed(60).await?;

    let wait = scene.wait_for_count(&load.tally).await;
    wait.map_err(|error| error.context(agent.agent.stderr()))?;
    let mut counted: BTreeMap<(String, u16), u64> = BTreeMap::new();
    for point in scene.latest("tomcat.request.count")? {
        let attribute = |name: &str| point.attributes.get(name).cloned().unwrap_or_default();
        let key = (attribute("http.request.method"), attribute("http.response.status_code").parse()?);
        *counted.entry(key).or_default() += whole(&point);
    }
    let sent: BTreeMap<_, _> =
        load.tally.requests.iter().map(|(key, (count, _))| (key.clone(), *count)).collect();
    assert_eq!(counted, sent);
    let sum = |metric: &str| anyhow::Ok(scene.latest(metric)?.iter().map(whole).sum::<u64>());
    assert_eq!(sum("tomcat.error.count")?, load.tally.with_status(|status| status >= 400));
    assert_eq!(sum("tomcat.network.io")?, bytes(&scene)?);
    let durations = scene.latest("http.server.request.duration")?;
    assert_eq!(durations.iter().filter_map(|point| point.count).sum::<u64>(), load.tally.count());
    Ok(())
}

#[tokio::test]
async fn the_status_page_and_the_proxy_tell_the_same_counts() -> anyhow::Result<()> {
    for (section, page) in [("status", "status"), ("jmx_proxy", "jmxproxy")] {
        let Some(base) = Base::new() else { return Ok(()) };
        let mut scene = Scene::new(base, "").await?;
        let (user, password) = scene.tomcat.credentials();
        scene.ask(&format!(
            "{section}: [{{endpoint: 'http://{}/manager/{page}', username: {user}, password: {password}}}]",
            scene.tomcat.address()
        ));
        let agent = scene.agent().await?;
        let mut load = Load::on(&scene.tomcat);
        load.mixed(30).await?;

        scene.wait_for_count(&load.tally).await.map_err(|error| error.context(agent.agent.stderr()))?;

        // Its own questions are requests too: those before the question that brought the point.
        let own = || {
            let lines = scene.tomcat.access_lines()?;
            anyhow::Ok(lines.iter().filter(|line| line.contains("/manager/")).count() as u64)
        };
        let sum = |metric: &str| anyhow::Ok(scene.latest(metric)?.iter().map(whole).sum::<u64>());
        let least = own()?;
        let next = format!("/small.txt?{section}");
        load.request(http::Method::GET, &next, 200).await?;
        scene.wait_for_more(load.tally.count() + least).await?;
        let counted = sum("tomcat.request.count")?;
        let most = own()?;
        let expected = load.tally.count() + least..=load.tally.count() + most;
        assert!(expected.contains(&counted), "{section}: {counted} is not in {expected:?}");
        assert_eq!(sum("tomcat.error.count")?, load.tally.with_status(|status| status >= 400), "{section}");
        let name = format!("http-nio-127.0.0.1-{}", scene.tomcat.address().port());
        let pools = scene.latest("tomcat.thread.count")?;
        assert!(
            pools.iter().any(|point| point.attributes.get("tomcat.thread.pool.name") == Some(&name)),
            "{pools:?}"
        );
        assert!(!agent.agent.stderr().contains(password));
    }
    Ok(())
}

#[tokio::test]
async fn while_a_page_fails_its_counts_are_absent_which_is_told_once_and_durations_go_on()
-> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let mut scene = Scene::new(base, "").await?;
    let (user, _) = scene.tomcat.credentials();
    scene.ask(&format!(
        "status: [{{endpoint: 'http://{}/manager/status', username: {user}, password: wrong}}]",
        scene.tomcat.address()
    ));
    let agent = scene.agent().await?;
    let mut load = Load::on(&scene.tomcat);

    load.mixed(10).await?;

    let counted = |receipts: &Receipts| {
        let durations = latest(receipts, "http.server.request.duration").unwrap_or_default();
        durations.iter().filter_map(|point| point.count).sum::<u64>() >= load.tally.count()
    };
    scene.sink.wait_until(counted).await.map_err(|error| error.context(agent.agent.stderr()))?;
    // They would be counted a second time, under other attributes, as soon as the page answers.
    assert!(scene.latest("tomcat.request.count")?.is_empty());
    // The page may be asked for later than the first lines are read.
    agent.agent.wait_for_log("HTTP 401").await?;
    let log = agent.agent.stderr();
    assert_eq!(log.lines().filter(|line| line.contains("HTTP 401")).count(), 1, "{log}");
    Ok(())
}

/// Bytes of bodies as the access log has them, which for failures are more than the client is told.
fn bytes(scene: &Scene) -> anyhow::Result<u64> {
    let lines = scene.tomcat.access_lines()?;
    let field = |line: &String| line.split("\" ").nth(1)?.split(' ').nth(1)?.parse::<u64>().ok();
    Ok(lines.iter().filter_map(field).sum())
}

fn whole(point: &Point) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
    let count = point.value as u64;
    count
}
