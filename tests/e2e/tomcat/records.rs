//! Lines of access logs and of the server's logs as records: each one, in whole, with its attributes.

use std::time::{Duration, SystemTime};

use edgewatch_tests::points::{points, records};
use edgewatch_tests::sink::Receipts;
use edgewatch_tests::tomcat::{Base, Load};

use super::scene::{Scene, requests, times};

/// A new file every second, as at midnight.
const ROTATING: &str = "buffered=\"false\" fileDateFormat=\".yyyy-MM-dd.HH-mm-ss\"";

#[tokio::test]
async fn every_line_of_the_access_log_is_a_record_with_its_attributes() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base, "").await?;
    let agent = scene.agent().await?;
    let began = SystemTime::now() - Duration::from_secs(2);
    let mut load = Load::on(&scene.tomcat);
    load.mixed(20).await?;
    for _ in 0..5 {
        load.abort().await?;
    }
    load.mixed(1).await?;

    let lines = times(scene.tomcat.wait_for_lines(load.tally.count() + 5).await?);

    let count = lines.values().sum::<usize>();
    let arrived = scene.sink.wait_until(|receipts| bodies(receipts).len() >= count).await;
    let arrived = arrived.map_err(|error| error.context(agent.agent.stderr()))?;
    assert_eq!(times(bodies(&arrived)), lines);
    let records = requests(&arrived)?;
    let mut tally = edgewatch_tests::tomcat::Tally::default();
    for record in &records {
        let attribute = |name: &str| record.attributes.get(name).cloned().unwrap_or_default();
        if attribute("url.query") != "aborted" {
            let size = attribute("http.response.body.size").parse().unwrap_or_default();
            tally.add(
                &attribute("http.request.method"),
                attribute("http.response.status_code").parse()?,
                size,
            );
            assert_eq!(attribute("user_agent.original"), "load \"generator\" \\1");
        }
        assert!(record.at > began && record.at <= SystemTime::now(), "{record:?}");
        assert!(attribute("url.path").starts_with('/'), "{record:?}");
        assert_eq!(record.resource.get("process.pid"), Some(&scene.tomcat.pid().to_string()));
    }
    assert_eq!(tally, load.tally);
    Ok(())
}

#[tokio::test]
async fn no_line_is_missing_though_files_change_their_names_and_the_agent_is_killed() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base.valve(ROTATING), "").await?;
    let mut load = Load::on(&scene.tomcat);

    for _ in 0..4 {
        let mut agent = scene.agent().await?;
        let before = scene.sink.receipts().len();
        load.mixed(30).await?;
        scene.sink.wait_until(|receipts| receipts.len() > before).await?;
        let files = scene.tomcat.access_logs()?.len();
        while scene.tomcat.access_logs()?.len() < files + 2 {
            load.mixed(2).await?;
        }
        agent.agent.kill().await?;
        load.mixed(20).await?;
    }

    let agent = scene.agent().await?;
    let lines = times(scene.tomcat.wait_for_lines(load.tally.count()).await?);
    let complete = |receipts: &Receipts| {
        let arrived = times(bodies(receipts));
        lines.iter().all(|(line, count)| arrived.get(line).is_some_and(|have| have >= count))
    };
    let arrived = scene.sink.wait_until(complete).await;
    let arrived = arrived.map_err(|error| error.context(agent.agent.stderr()))?;
    let foreign: Vec<_> = bodies(&arrived).into_iter().filter(|line| !lines.contains_key(line)).collect();
    assert_eq!(foreign, Vec::<String>::new(), "a line in pieces");
    Ok(())
}

#[tokio::test]
async fn an_exception_is_one_record_with_its_whole_stack_trace() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base, "").await?;
    let agent = scene.agent().await?;
    let mut load = Load::on(&scene.tomcat);

    for id in 1000..1020 {
        load.request(http::Method::GET, &format!("/boom.jsp?id={id}"), 500).await?;
    }

    let whole = |receipts: &Receipts| {
        let records = records(receipts).unwrap_or_default();
        let failures = records.iter().filter(|record| record.attributes.contains_key("exception.stacktrace"));
        failures.count() >= 20
    };
    let arrived = scene.sink.wait_until(whole).await;
    let arrived = records(&arrived.map_err(|error| error.context(agent.agent.stderr()))?)?;
    for id in 1000..1020 {
        let boom = format!("boom {id}");
        let text = |record: &edgewatch_tests::points::Record| {
            let trace = record.attributes.get("exception.stacktrace").cloned().unwrap_or_default();
            format!("{}\n{trace}", record.body)
        };
        let about: Vec<_> = arrived.iter().filter(|record| text(record).contains(&boom)).collect();
        let [record] = about[..] else { panic!("{} records about {id}: {about:?}", about.len()) };
        let text = text(record);
        for part in ["second line", "fourth line", "at org.apache.jsp.boom_jsp"] {
            assert!(text.contains(part), "{part:?} is not in {record:?}");
        }
        assert_eq!(record.severity, 17, "{record:?}");
        let kind = record.attributes.get("exception.type").map(String::as_str);
        assert!(kind.is_some_and(|kind| kind.contains("Exception")), "{record:?}");
    }
    // What the server wrote when it started is there once, line by line.
    let started = arrived.iter().filter(|record| record.body.contains("Server startup in"));
    assert_eq!(started.count(), 1);
    Ok(())
}

#[tokio::test]
async fn it_is_one_service_for_whoever_tells_of_it() -> anyhow::Result<()> {
    let Some(base) = Base::new() else { return Ok(()) };
    let scene = Scene::new(base, "").await?;
    let agent = scene
        .agent_with(
            "{receivers: {jvm: {collection_interval: 500ms, initial_delay: 0s}},
              service: {pipelines: {metrics: {receivers: [jvm, tomcat]}, logs: {receivers: [tomcat]}}}}",
        )
        .await?;
    let mut load = Load::on(&scene.tomcat);
    load.mixed(2).await?;

    let pid = scene.tomcat.pid().to_string();
    let resources = |receipts: &Receipts| {
        let metrics = points(receipts).unwrap_or_default().into_iter().map(|point| {
            let kind = ["tomcat.thread.", "tomcat.request.", "jvm."];
            (kind.iter().position(|kind| point.metric.starts_with(kind)), point.resource)
        });
        let logs = records(receipts).unwrap_or_default().into_iter().map(|record| (Some(9), record.resource));
        let mut all: Vec<_> = metrics.chain(logs).filter(|(kind, _)| kind.is_some()).collect();
        all.retain(|(_, resource)| resource.get("process.pid") == Some(&pid));
        times(all).into_keys().collect::<Vec<_>>()
    };
    let arrived = scene.sink.wait_until(|receipts| resources(receipts).len() >= 4).await;
    let arrived = resources(&arrived.map_err(|error| error.context(agent.agent.stderr()))?);

    assert_eq!(arrived.len(), 4, "{arrived:?}");
    let (_, first) = &arrived[0];
    assert!(first.contains_key("service.instance.id") && first.contains_key("process.runtime.version"));
    assert!(arrived.iter().all(|(_, resource)| resource == first), "{arrived:?}");
    Ok(())
}

fn bodies(receipts: &Receipts) -> Vec<String> {
    requests(receipts).unwrap_or_default().into_iter().map(|record| record.body).collect()
}
