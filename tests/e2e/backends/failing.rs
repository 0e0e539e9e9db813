//! Backends that answer with errors.

use edgewatch_tests::Signal;
use edgewatch_tests::sink::{Answer, Sink, Transport};
use edgewatch_tests::status::Code;

use super::exporter::{SOON, counted, exporting, send};

#[tokio::test]
async fn a_permanent_error_is_counted_and_not_tried_again() -> anyhow::Result<()> {
    let permanent = [
        (Transport::Grpc, Answer::status(Code::InvalidArgument, "bad data")),
        (Transport::Grpc, Answer::status(Code::PermissionDenied, "not you")),
        (Transport::Grpc, Answer::status(Code::Unimplemented, "no such thing")),
        (Transport::Grpc, Answer::status(Code::ResourceExhausted, "too much, without RetryInfo")),
        (Transport::Http, Answer::http(400)),
        (Transport::Http, Answer::http(401)),
        (Transport::Http, Answer::http(404)),
        (Transport::Http, Answer::http(500)),
    ];
    for (transport, answer) in permanent {
        let sink = Sink::start().await?;
        sink.script([answer.clone()]);
        let forwarder = exporting(&sink, transport, SOON)?.start().await?;

        send(&forwarder, Signal::Traces, 1).await?;
        let page = forwarder
            .wait_for_own_metrics(|page| counted(page, "otelcol_exporter_send_failed_spans") == 100.0)
            .await?;

        assert_eq!(sink.receipts().len(), 1, "{answer:?}");
        assert_eq!(counted(&page, "otelcol_exporter_sent_spans"), 0.0, "{answer:?}");
        send(&forwarder, Signal::Traces, 1).await?;
        sink.wait_for_items(Signal::Traces, 100).await?;
    }
    Ok(())
}

#[tokio::test]
async fn errors_that_may_pass_are_tried_again_until_they_have() -> anyhow::Result<()> {
    // As the OTLP specification lists them.
    let passing = [
        Code::Cancelled,
        Code::DeadlineExceeded,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unavailable,
        Code::DataLoss,
    ];
    let grpc = passing.map(|code| (Transport::Grpc, Answer::status(code, "not now")));
    let http = [429, 502, 503, 504].map(|status| (Transport::Http, Answer::http(status)));
    for (transport, answer) in grpc.into_iter().chain(http) {
        let sink = Sink::start().await?;
        sink.script(answer.clone().times(2));
        let forwarder = exporting(&sink, transport, SOON)?.start().await?;

        send(&forwarder, Signal::Traces, 1).await?;

        let receipts = sink.wait_for_items(Signal::Traces, 100).await?;
        assert_eq!(receipts.len(), 3, "{answer:?}: {}", receipts.summary());
        let same = receipts.all().all(|receipt| receipt.body == receipts.all().next().unwrap().body);
        assert!(same, "{answer:?}: another request came when it was tried again");
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_is_given_up_and_counted_when_its_time_is_over() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::status(Code::Unavailable, "never"));
    let retries = "retry_on_failure: {initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 300ms}";
    let forwarder = exporting(&sink, Transport::Grpc, retries)?.start().await?;

    send(&forwarder, Signal::Logs, 2).await?;

    let failed = "otelcol_exporter_send_failed_log_records";
    forwarder.wait_for_own_metrics(|page| counted(page, failed) == 200.0).await?;
    assert!(sink.receipts().len() > 2, "{}", sink.receipts().summary());
    Ok(())
}

#[tokio::test]
async fn partial_success_is_counted_and_logged_and_not_tried_again() -> anyhow::Result<()> {
    for transport in [Transport::Grpc, Transport::Http] {
        let sink = Sink::start().await?;
        sink.script([Answer::partial_success(7, "seven are too old")]);
        let forwarder = exporting(&sink, transport, SOON)?.start().await?;

        send(&forwarder, Signal::Logs, 2).await?;

        let rejected = "edgewatch_exporter_rejected_log_records";
        let page = forwarder.wait_for_own_metrics(|page| counted(page, rejected) == 7.0).await?;
        forwarder.agent.wait_for_log("seven are too old").await?;
        let receipts = sink.wait_for_items(Signal::Logs, 200).await?;
        assert_eq!(receipts.len(), 2, "{transport:?}: {}", receipts.summary());
        assert_eq!(counted(&page, "edgewatch_exporter_retries"), 0.0, "{page}");
    }
    Ok(())
}
