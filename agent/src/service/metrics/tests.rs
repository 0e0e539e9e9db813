//! What scrapers see.

use edgewatch_core::listeners::Listeners;
use edgewatch_core::telemetry::{Registry, Telemetry};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::page::testing::get;

fn telemetry() -> (Telemetry, Registry) {
    let registry = Registry::default();
    (Telemetry::new(registry.clone()), registry)
}

#[test]
fn families_are_described_once_and_labels_escaped() {
    let (telemetry, registry) = telemetry();
    let http = telemetry.with("receiver", "otlp").with("transport", "http");
    http.counter("otelcol_receiver_accepted_spans", "{spans}", "Spans taken in").add(3);
    let odd = telemetry.with("receiver", "a\"b\\c\nd");
    odd.counter("otelcol_receiver_accepted_spans", "{spans}", "Spans taken in").add(4);
    telemetry.gauge("edgewatch_lanes", "1", "Lanes").set(1);

    let expected = concat!(
        "# HELP edgewatch_lanes Lanes\n",
        "# TYPE edgewatch_lanes gauge\n",
        "edgewatch_lanes 1\n",
        "# HELP otelcol_receiver_accepted_spans Spans taken in\n",
        "# TYPE otelcol_receiver_accepted_spans counter\n",
        "otelcol_receiver_accepted_spans{receiver=\"a\\\"b\\\\c\\nd\"} 4\n",
        "otelcol_receiver_accepted_spans{receiver=\"otlp\",transport=\"http\"} 3\n",
    );
    assert_eq!(prometheus::text(&registry.read()), expected);
}

#[test]
fn the_process_reports_its_cost() {
    let (telemetry, registry) = telemetry();
    process::register(&telemetry, std::time::Instant::now(), edgewatch_core::budget::Budget::unlimited());
    let readings = registry.read();
    let value = |name: &str| readings.iter().find(|r| r.description.name == name).map(|r| r.value);
    assert!(value("otelcol_process_memory_rss").expect("registered") > 500_000.0);
    assert!(value("otelcol_process_cpu_seconds").expect("registered") >= 0.0);
}

#[tokio::test]
async fn serves_the_page_and_says_where_it_is() {
    let (telemetry, registry) = telemetry();
    telemetry.counter("otelcol_receiver_accepted_spans", "{spans}", "Spans taken in").add(7);
    let server = prometheus::page(&Listeners::default(), "127.0.0.1:0", registry).await.expect("a free port");
    let address = server.local_addr().expect("bound");
    let stop = CancellationToken::new();
    let task = tokio::spawn(server.run(stop.clone()));

    let (status, body) = get(address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(body.contains("\notelcol_receiver_accepted_spans 7\n"), "{body}");
    assert_eq!(get(address, "/").await, (404, "the page is at /metrics\n".to_owned()));

    stop.cancel();
    task.await.expect("ends");
}

/// A destination that takes one request and passes its path and body on.
async fn destination() -> (std::net::SocketAddr, tokio::sync::mpsc::Receiver<(String, bytes::Bytes)>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (sender, requests) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let sender = sender.clone();
            let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let sender = sender.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    let body = request.into_body().collect().await?.to_bytes();
                    // The test may have seen enough.
                    let _ = sender.send((path, body)).await;
                    Ok::<_, hyper::Error>(http::Response::new(Empty::<bytes::Bytes>::new()))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (address, requests)
}

#[tokio::test]
async fn pushes_every_number_with_its_labels_as_otlp() {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
    use prost::Message as _;

    let (telemetry, registry) = telemetry();
    telemetry.with("receiver", "otlp").counter("otelcol_receiver_accepted_spans", "{spans}", "Spans").add(5);
    let (address, mut requests) = destination().await;
    let settings = push::Settings {
        endpoint: format!("http://{address}/v1/metrics"),
        transport: push::Transport::Http,
        headers: Vec::new(),
        interval: std::time::Duration::from_secs(3600),
        timeout: std::time::Duration::from_secs(10),
        resource: vec![("service.name".to_owned(), "edgewatch".to_owned())],
    };
    let push = push::prepare(settings).expect("a good endpoint").start(&registry);
    push.stop().await;

    let (path, body) = requests.recv().await.expect("a push");
    assert_eq!(path, "/v1/metrics");
    let request = ExportMetricsServiceRequest::decode(body).expect("OTLP");
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    assert_eq!(metrics.len(), 1);
    assert_eq!(metrics[0].name, "otelcol_receiver_accepted_spans");
    let Some(metric::Data::Sum(sum)) = &metrics[0].data else { panic!("a counter: {metrics:?}") };
    assert!(sum.is_monotonic);
    assert_eq!(sum.data_points[0].value, Some(number_data_point::Value::AsDouble(5.0)));
    assert_eq!(sum.data_points[0].attributes[0].key, "receiver");
}
