//! The health check.

use bytes::Bytes;
use edgewatch_tests::client::{HttpReply, send};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::{Signal, ports};
use http::Request;

#[tokio::test]
async fn health_is_200_while_it_works_and_503_while_it_drains() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::nothing());
    let address = ports::free()?;
    let mut forwarder = Forwarder::to(&sink)?
        .with(&format!("{{extensions: {{health_check: {{endpoint: {address}}}}}, service: {{extensions: [health_check]}}}}"))
        .start()
        .await?;
    let ask = || async { send(address, Request::get("/").body(Bytes::new())?).await };

    let ready = ask().await?;
    forwarder.client().await?.export(Signal::Logs, &Template::new(Signal::Logs).request(1)).await?;
    forwarder.agent.ask_to_end()?;
    forwarder.agent.wait_for_log("stopping").await?;
    let stopping = ask().await?;

    assert_eq!((ready.status.as_u16(), status(&ready)?), (200, "Server available".to_owned()));
    assert_eq!((stopping.status.as_u16(), status(&stopping)?), (503, "Server not available".to_owned()));
    forwarder.agent.kill().await
}

fn status(reply: &HttpReply) -> anyhow::Result<String> {
    let body: serde_json::Value = serde_json::from_slice(&reply.body)?;
    Ok(body["status"].as_str().unwrap_or_default().to_owned())
}
