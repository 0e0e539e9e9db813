//! The agent's own numbers.

use edgewatch_tests::Signal;
use edgewatch_tests::client::post;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::Template;
use edgewatch_tests::metrics_page::MetricsPage;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::Code;

/// The Collector's words for the items of each signal.
const ITEMS: [(Signal, &str); 3] =
    [(Signal::Traces, "spans"), (Signal::Metrics, "metric_points"), (Signal::Logs, "log_records")];

#[tokio::test]
async fn the_page_counts_what_was_accepted_sent_and_given_up() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;
    let client = forwarder.client().await?;
    for (signal, _) in ITEMS {
        let request = Template::new(signal).request(1);
        for _ in 0..3 {
            client.export(signal, &request).await?;
        }
        post(
            forwarder.http,
            signal.http_path(),
            &[("content-type", "application/x-protobuf")],
            request.clone(),
        )
        .await?;
        sink.wait_for_items(signal, 400).await?;
        sink.otherwise(Answer::status(Code::InvalidArgument, "never"));
        client.export(signal, &request).await?;
        let failed = |page: &MetricsPage| exporter(page, "send_failed", signal) == Some(100.0);
        forwarder.wait_for_own_metrics(failed).await?;
        sink.otherwise(Answer::accept());
    }

    let page = forwarder.own_metrics().await?;
    for (signal, items) in ITEMS {
        let accepted = |transport| {
            let labels = [("receiver", "otlp"), ("transport", transport)];
            page.value(&format!("otelcol_receiver_accepted_{items}"), &labels)
        };
        assert_eq!((accepted("grpc"), accepted("http")), (Some(400.0), Some(100.0)), "{signal}: {page}");
        assert_eq!(page.value(&format!("otelcol_receiver_refused_{items}"), &[]), Some(0.0), "{page}");
        assert_eq!(exporter(&page, "sent", signal), Some(400.0), "{signal}: {page}");
        assert_eq!(exporter(&page, "enqueue_failed", signal), Some(0.0), "{signal}: {page}");
    }
    Ok(())
}

#[tokio::test]
async fn the_page_shows_the_queue_as_it_is_now() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::nothing());
    let forwarder = Forwarder::to(&sink)?
        .with("exporters: {otlp_grpc: {timeout: 1s, retry_on_failure: {initial_interval: 10ms}, sending_queue: {queue_size: 7}}}")
        .start()
        .await?;
    let client = forwarder.client().await?;
    for _ in 0..5 {
        client.export(Signal::Traces, &Template::new(Signal::Traces).request(1)).await?;
    }

    let page = forwarder.own_metrics().await?;
    sink.otherwise(Answer::accept());
    let drained = forwarder.wait_for_own_metrics(|page| queue(page, "size") == Some(0.0)).await?;

    assert_eq!((queue(&page, "size"), queue(&page, "capacity")), (Some(5.0), Some(7.0)), "{page}");
    assert_eq!(exporter(&drained, "sent", Signal::Traces), Some(500.0), "{drained}");
    Ok(())
}

#[tokio::test]
async fn the_page_shows_the_process() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;

    let page = forwarder.own_metrics().await?;
    let resident = forwarder.agent.usage()?.resident;

    let shown = page.value("otelcol_process_memory_rss", &[]).unwrap();
    assert!((shown / resident as f64 - 1.0).abs() < 0.5, "{shown} is shown, {resident} is true");
    // The system counts CPU time in hundredths of a second: more than an agent needs to start.
    let busy = |page: &MetricsPage| page.value("otelcol_process_cpu_seconds", &[]) > Some(0.0);
    let page = forwarder.wait_for_own_metrics(busy).await?;
    assert!(page.value("otelcol_process_uptime", &[]) > Some(0.0), "{page}");
    Ok(())
}

#[tokio::test]
async fn own_metrics_are_pushed_to_a_backend_over_both_protocols() -> anyhow::Result<()> {
    for protocol in ["grpc", "http/protobuf"] {
        let sink = Sink::start().await?;
        let own = Sink::start().await?;
        let endpoint = match protocol {
            "grpc" => format!("http://{}", own.grpc_address()),
            _ => format!("{}/v1/metrics", own.http_endpoint()),
        };
        let reader = format!(
            "{{periodic: {{interval: 100, exporter: {{otlp: {{protocol: {protocol}, endpoint: '{endpoint}'}}}}}}}}"
        );
        let forwarder = Forwarder::to(&sink)?
            .with(&format!("service: {{telemetry: {{metrics: {{readers: [{reader}]}}}}}}"))
            .start()
            .await?;
        forwarder.client().await?.export(Signal::Logs, &Template::new(Signal::Logs).request(1)).await?;

        let name = "otelcol_receiver_accepted_log_records";

        let arrived = own.wait_until(|receipts| pushed(receipts, name).any(|value| value == 100.0)).await?;

        let resource = arrived.metrics()?[0].resource_metrics[0].resource.clone().unwrap();
        assert!(resource.attributes.iter().any(|attribute| attribute.key == "service.name"), "{resource:?}");
    }
    Ok(())
}

/// The values of a sum that have been pushed.
fn pushed(receipts: &edgewatch_tests::sink::Receipts, name: &str) -> impl Iterator<Item = f64> {
    use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};

    let requests = receipts.metrics().unwrap_or_default().into_iter();
    let metrics = requests
        .flat_map(|request| request.resource_metrics)
        .flat_map(|resource| resource.scope_metrics)
        .flat_map(|scope| scope.metrics)
        .filter(move |metric| metric.name == name);
    let points = metrics.flat_map(|metric| match metric.data {
        Some(metric::Data::Sum(sum)) => sum.data_points,
        _ => Vec::new(),
    });
    points.map(|point| match point.value {
        Some(number_data_point::Value::AsDouble(value)) => value,
        Some(number_data_point::Value::AsInt(value)) => value as f64,
        None => f64::NAN,
    })
}

fn exporter(page: &MetricsPage, event: &str, signal: Signal) -> Option<f64> {
    let (_, items) = ITEMS.into_iter().find(|(item, _)| *item == signal)?;
    page.value(&format!("otelcol_exporter_{event}_{items}"), &[("exporter", "otlp_grpc")])
}

fn queue(page: &MetricsPage, what: &str) -> Option<f64> {
    page.value(
        &format!("otelcol_exporter_queue_{what}"),
        &[("exporter", "otlp_grpc"), ("data_type", "traces")],
    )
}
