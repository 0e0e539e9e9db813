//! The agent's own log.

use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use serde_json::Value;

#[tokio::test]
async fn the_log_is_one_json_object_a_line_when_asked() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let mut forwarder = Forwarder::to(&sink)?
        .with("service: {telemetry: {logs: {encoding: json, level: debug}}}")
        .start()
        .await?;
    forwarder.agent.terminate().await?;

    let log = forwarder.agent.whole_log().await?;
    let lines: Vec<Value> = log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert!(lines.iter().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{log}");
    let ready = lines.iter().find(|line| message(line).starts_with("Everything is ready")).unwrap();
    assert_eq!((&ready["level"], ready["version"].is_string()), (&Value::from("INFO"), true), "{ready}");
    assert!(lines.iter().any(|line| message(line).starts_with("stopped")), "{log}");
    Ok(())
}

#[tokio::test]
async fn a_level_keeps_lesser_messages_out() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let builder = Forwarder::to(&sink)?.with("service: {telemetry: {logs: {level: warn}}}");
    let mut forwarder = builder.start_when_listening().await?;

    forwarder.agent.terminate().await?;

    assert_eq!(forwarder.agent.whole_log().await?, "");
    Ok(())
}

fn message(line: &Value) -> &str {
    line["message"].as_str().unwrap_or_default()
}
