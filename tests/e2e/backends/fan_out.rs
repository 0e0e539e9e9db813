//! Two backends for the same pipeline.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::Code;

use super::exporter::{SOON, counted, pipelines, send};

#[tokio::test]
async fn every_exporter_of_a_pipeline_gets_every_item() -> anyhow::Result<()> {
    let (one, other) = (Sink::start().await?, Sink::start().await?);
    let forwarder = to_both(&one, &other)?.start().await?;
    for signal in Signal::ALL {
        send(&forwarder, signal, 10).await?;
        for sink in [&one, &other] {
            let arrived = sink.wait_for_items(signal, 1000).await?.tally(signal)?;
            assert_eq!((arrived.missing(1..=1000), arrived.duplicated()), (vec![], vec![]), "{signal}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_dead_backend_does_not_hold_up_the_other() -> anyhow::Result<()> {
    let (dead, alive) = (Sink::start().await?, Sink::start().await?);
    dead.otherwise(Answer::nothing());
    let forwarder = to_both(&dead, &alive)?.start().await?;

    send(&forwarder, Signal::Traces, 100).await?;

    let arrived = alive.wait_for_items(Signal::Traces, 10_000).await?.tally(Signal::Traces)?;
    assert_eq!(arrived.missing(1..=10_000), Vec::<u64>::new());
    Ok(())
}

#[tokio::test]
async fn what_one_backend_refuses_the_other_still_gets() -> anyhow::Result<()> {
    let (strict, lenient) = (Sink::start().await?, Sink::start().await?);
    strict.otherwise(Answer::status(Code::InvalidArgument, "no"));
    let forwarder = to_both(&strict, &lenient)?.start().await?;

    send(&forwarder, Signal::Logs, 5).await?;

    lenient.wait_for_items(Signal::Logs, 500).await?;
    let page = forwarder
        .wait_for_own_metrics(|page| counted(page, "otelcol_exporter_send_failed_log_records") == 500.0)
        .await?;
    let sent = page.value("otelcol_exporter_sent_log_records", &[("exporter", "otlp_http/other")]);
    assert_eq!(sent, Some(500.0), "{page}");
    Ok(())
}

/// The first over gRPC, the second over HTTP.
fn to_both(one: &Sink, other: &Sink) -> anyhow::Result<Builder> {
    Ok(Forwarder::to(one)?
        .with(&format!("exporters: {{otlp_grpc: {{{SOON}}}}}"))
        .with(&format!("exporters: {{otlp_http/other: {{endpoint: '{}', {SOON}}}}}", other.http_endpoint()))
        .with(&pipelines("otlp_grpc, otlp_http/other")))
}
