//! Lines of a log file that is rotated while everything goes wrong.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
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
    let lines = || -> anyhow::Result<HashMap<String, usize>> {
        let mut lines = HashMap::new();
        for request in back.receipts().logs()? {
            let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
            for record in scopes.flat_map(|scope| scope.log_records) {
                if let Some(Value::StringValue(text)) = record.body.and_then(|body| body.value) {
                    *lines.entry(text).or_default() += 1;
                }
            }
        }
        Ok(lines)
    };
    back.wait_until(|_| lines().is_ok_and(|lines| lines.len() >= 8000)).await?;
    drained(&agent).await?;

    let lines = lines()?;
    let missing: Vec<usize> =
        (1..=8000).filter(|line| !lines.contains_key(&format!("line {line}"))).collect();
    assert_eq!(missing, Vec::<usize>::new());
    assert_eq!(back.receipts().items(Signal::Logs) as usize, lines.values().sum::<usize>());
    Ok(())
}
