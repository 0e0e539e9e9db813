//! Backends that are away for a while.

use std::time::{Duration, Instant};

use edgewatch_tests::sink::{Answer, Sink, Transport};
use edgewatch_tests::status::Code;
use edgewatch_tests::{Signal, ports};

use super::exporter::{SOON, counted, exporting, pipelines, send};

#[tokio::test]
async fn what_is_sent_while_the_backend_is_down_arrives_when_it_is_up() -> anyhow::Result<()> {
    for transport in [Transport::Grpc, Transport::Http] {
        let (grpc, http) = (ports::free()?, ports::free()?);
        let up = Sink::start_at(grpc, http).await?;
        let forwarder = exporting(&up, transport, SOON)?.start().await?;
        send(&forwarder, Signal::Traces, 1).await?;
        up.wait_for_items(Signal::Traces, 100).await?;
        drop(up);

        send(&forwarder, Signal::Traces, 20).await?;
        let failing = "edgewatch_exporter_retries";
        forwarder.wait_for_own_metrics(|page| counted(page, failing) > 0.0).await?;
        let back = Sink::start_at(grpc, http).await?;

        let arrived = back.wait_for_items(Signal::Traces, 2000).await?.tally(Signal::Traces)?;
        assert_eq!((arrived.missing(1..=2000), arrived.duplicated()), (vec![], vec![]), "{transport:?}");
        let page = forwarder
            .wait_for_own_metrics(|page| counted(page, "otelcol_exporter_sent_spans") == 2100.0)
            .await?;
        assert_eq!(counted(&page, "otelcol_exporter_send_failed_spans"), 0.0, "{page}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_that_was_never_up_does_not_keep_the_agent_from_starting() -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let mut forwarder = edgewatch_tests::forwarder::Forwarder::to_address(grpc)?
        .with(&format!("exporters: {{otlp_grpc: {{{SOON}}}}}"))
        .with(&pipelines("otlp_grpc"))
        .start()
        .await?;
    send(&forwarder, Signal::Logs, 3).await?;
    forwarder.wait_for_own_metrics(|page| counted(page, "edgewatch_exporter_retries") >= 10.0).await?;

    let sink = Sink::start_at(grpc, http).await?;

    let arrived = sink.wait_for_items(Signal::Logs, 300).await?.tally(Signal::Logs)?;
    assert_eq!(arrived.missing(1..=300), Vec::<u64>::new());
    forwarder.agent.terminate().await?;
    let log = forwarder.agent.whole_log().await?;
    for told in ["delivery failed, trying again later", "the destination answers again"] {
        assert_eq!(log.matches(told).count(), 1, "however many attempts failed: {log}");
    }
    Ok(())
}

#[tokio::test]
async fn the_wait_that_a_backend_asks_for_is_kept() -> anyhow::Result<()> {
    let wait = Duration::from_secs(1);
    let asked = [
        (Transport::Grpc, Answer::retry_later(Code::ResourceExhausted, wait)),
        (Transport::Grpc, Answer::retry_later(Code::Unavailable, wait)),
        (Transport::Http, Answer::http_retry_after(429, "1")),
        (Transport::Http, Answer::http_retry_after(503, "1")),
    ];
    for (transport, answer) in asked {
        let sink = Sink::start().await?;
        sink.script([answer]);
        let forwarder = exporting(&sink, transport, SOON)?.start().await?;

        send(&forwarder, Signal::Metrics, 1).await?;

        let receipts = sink.wait_for_items(Signal::Metrics, 100).await?;
        let times: Vec<Instant> = receipts.all().map(|receipt| receipt.at).collect();
        assert_eq!(times.len(), 2, "{transport:?}: {}", receipts.summary());
        assert!(times[1] - times[0] >= wait, "{transport:?}: came again after {:?}", times[1] - times[0]);
    }
    Ok(())
}

#[tokio::test]
async fn connections_that_break_and_streams_that_are_reset_are_tried_again() -> anyhow::Result<()> {
    for transport in [Transport::Grpc, Transport::Http] {
        let sink = Sink::start().await?;
        sink.script([Answer::disconnect(), Answer::reset_stream(), Answer::disconnect()]);
        // One at a time, so that no acknowledgement of another request is cut off.
        let one = format!("{SOON}, sending_queue: {{num_consumers: 1}}");
        let forwarder = exporting(&sink, transport, &one)?.start().await?;

        send(&forwarder, Signal::Logs, 5).await?;

        let arrived = sink.wait_for_items(Signal::Logs, 500).await?.tally(Signal::Logs)?;
        assert_eq!((arrived.missing(1..=500), arrived.duplicated()), (vec![], vec![]), "{transport:?}");
    }
    Ok(())
}
