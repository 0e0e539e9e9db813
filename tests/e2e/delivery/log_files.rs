//! Lines of a log file that is rotated while everything goes wrong.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::time::Duration;

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{Answer, Receipts, Sink};
use edgewatch_tests::{Signal, ports};
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::scene::{Scene, drained};

#[tokio::test]
async fn each_line_of_a_rotated_file_arrives_though_the_backend_is_down_and_the_agent_killed()
-> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let scene = Scene::new("always")?;
    let logs = scene.folder().join("logs");
    fs::create_dir(&logs)?;
    let scene = scene.with(format!(
        "{{receivers: {{file_log: {{include: ['{}/*.log'], start_at: beginning, poll_interval: 20ms}}}},
        service: {{pipelines: {{logs: {{receivers: [file_log]}}}}}}}}",
        logs.display()
    ));
    let mut line = 0;
    let mut write = |count: usize| -> anyhow::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(logs.join("app.log"))?;
        for _ in 0..count {
            line += 1;
            writeln!(file, "line {line}")?;
        }
        Ok(())
    };
    for round in 0..10 {
        write(200)?;
        let mut agent = scene.start_towards(Forwarder::to_address(grpc)?).await?;
        // It knows the file, which then leaves the reach of its globs. How much it has read by the end is left to chance.
        let read = |lines: f64| lines > 0.0;
        agent
            .wait_for_own_metrics(|page| {
                page.value("otelcol_receiver_accepted_log_records", &[]).is_some_and(read)
            })
            .await?;
        write(200)?;
        fs::rename(logs.join("app.log"), logs.join(format!("app.log.{round}")))?;
        write(200)?;
        agent.agent.kill().await?;
        write(200)?;
    }

    let back = Sink::start_at(grpc, http).await?;
    let agent = scene.start(&back).await?;
    back.wait_until(|arrived| lines(arrived).is_ok_and(|lines| lines.len() >= 8000)).await?;
    drained(&agent).await?;

    let lines = lines(&back.receipts())?;
    let missing: Vec<usize> =
        (1..=8000).filter(|line| !lines.contains_key(&format!("line {line}"))).collect();
    assert_eq!(missing, Vec::<usize>::new());
    assert_eq!(back.receipts().items(Signal::Logs) as usize, lines.values().sum::<usize>());
    Ok(())
}

#[tokio::test]
async fn each_line_arrives_once_across_reloads_though_the_backend_is_slow() -> anyhow::Result<()> {
    for fsync in ["always", "interval"] {
        let sink = Sink::start().await?;
        // What is on disk is enough for the file's position to move on: no reload waits for the backend.
        sink.otherwise(Answer::accept().after(Duration::from_millis(300)));
        let scene = Scene::new(fsync)?;
        let log = scene.folder().join("app.log");
        let overlay = |interval: usize, compression: &str| {
            format!(
                "{{receivers: {{file_log: {{include: ['{}'], start_at: beginning, poll_interval: {interval}ms}}}},
                exporters: {{otlp_grpc: {{compression: {compression}}}}},
                service: {{pipelines: {{logs: {{receivers: [file_log]}}}}}}}}",
                log.display()
            )
        };
        let mut file = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut line = 0;
        let mut write = || -> anyhow::Result<()> {
            for _ in 0..500 {
                line += 1;
                writeln!(file, "line {line}")?;
            }
            Ok(())
        };
        scene.overlay(&overlay(10, "none"))?;
        let agent = scene.start(&sink).await?;
        for round in 1..=10 {
            write()?;
            let compression = if round % 3 == 0 { "gzip" } else { "none" };
            let next = overlay(10 + round, compression);
            let (reloaded, written) = tokio::join!(scene.reload(&agent, &next, "applied"), async { write() });
            reloaded?;
            written?;
        }
        sink.wait_until(|arrived| lines(arrived).is_ok_and(|lines| lines.len() >= 10_000)).await?;
        drained(&agent).await?;

        let lines = lines(&sink.receipts())?;
        let missing: Vec<usize> =
            (1..=10_000).filter(|line| !lines.contains_key(&format!("line {line}"))).collect();
        assert_eq!(missing, Vec::<usize>::new(), "{fsync}");
        let repeated: Vec<&String> =
            lines.iter().filter(|(_, times)| **times > 1).map(|(line, _)| line).collect();
        assert_eq!(repeated, Vec::<&String>::new(), "{fsync}: {}", agent.agent.stderr());
    }
    Ok(())
}

/// How often each line arrived.
fn lines(receipts: &Receipts) -> anyhow::Result<HashMap<String, usize>> {
    let mut lines = HashMap::new();
    for request in receipts.logs()? {
        let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
        for record in scopes.flat_map(|scope| scope.log_records) {
            if let Some(Value::StringValue(text)) = record.body.and_then(|body| body.value) {
                *lines.entry(text).or_default() += 1;
            }
        }
    }
    Ok(lines)
}
