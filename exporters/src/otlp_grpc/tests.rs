use std::collections::HashMap;
use std::future::pending;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{ComponentConfig, ExporterSpec};
use edgewatch_core::testing::{FakeHost, context};
use edgewatch_proto::status::{Code, PartialSuccess, Status};
use http::Response;
use serde_json::json;

use super::OtlpGrpc;
use super::config::Config;
use crate::otlp::testing::{Body, Protocol, Received, Server, answer, batch, broken, proxy};

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc")];
const OK: &[(&str, &str)] = &[("grpc-status", "0")];

pub(super) fn exporter(settings: serde_json::Value) -> OtlpGrpc {
    exporter_on(FakeHost::default(), settings)
}

fn exporter_on(host: FakeHost, settings: serde_json::Value) -> OtlpGrpc {
    let config: Config = serde_json::from_value(settings).expect("valid settings");
    config.validate().expect("valid settings");
    let (mut context, _) = context("otlp_grpc");
    context.host = Arc::new(host);
    OtlpGrpc::build(config, &context).expect("built")
}

fn plain(server: &Server) -> OtlpGrpc {
    exporter(json!({
        "endpoint": server.address.to_string(), "tls": {"insecure": true}, "compression": "none"
    }))
}

async fn server(answer: impl Fn() -> Response<Body> + Send + Sync + 'static) -> Server {
    Server::start(Protocol::Http2, None, move |_| std::future::ready(answer())).await
}

/// What an exporter makes of `answer`.
async fn outcome(
    answer: impl Fn() -> Response<Body> + Send + Sync + 'static,
) -> Result<Delivered, ExportError> {
    let server = server(answer).await;
    plain(&server).export(&batch(1, 2)).await
}

fn message(received: &Received) -> (u8, Vec<u8>) {
    let (prefix, message) = received.body.split_at(5);
    let length = u32::from_be_bytes(prefix[1..].try_into().expect("four bytes"));
    assert_eq!(length as usize, message.len(), "one message fills the body");
    (prefix[0], message.to_vec())
}

#[tokio::test]
async fn sends_the_segments_as_they_are_under_one_prefix() {
    let mut server = server(|| answer(200, GRPC, "", Some(OK))).await;
    // More than one frame of HTTP/2 and than the window that a stream starts with.
    let batch = batch(40, 20);

    let delivered = plain(&server).export(&batch).await.expect("delivered");

    let received = server.received();
    assert_eq!(delivered, Delivered::default());
    assert_eq!(message(&received), (0, batch.segments().concat()));
    assert_eq!(received.uri.path(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    assert_eq!(received.headers["te"], "trailers");
    assert_eq!(received.headers["content-type"], "application/grpc");
    assert_eq!(received.headers["grpc-timeout"], "5000m");
    assert!(received.headers.get("grpc-encoding").is_none());
    let agent = received.headers["user-agent"].to_str().expect("text");
    assert!(agent.starts_with("Edgewatch/0.") && agent.contains(" (linux/"), "{agent}");
}

#[tokio::test]
async fn compresses_with_gzip_unless_told_otherwise() {
    let mut server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let exporter = exporter(json!({"endpoint": server.address.to_string(), "tls": {"insecure": true}}));
    // One that is compressed at once, and one on another thread.
    for batch in [batch(1, 1), batch(3, 100)] {
        exporter.export(&batch).await.expect("delivered");

        let received = server.received();
        let (flag, compressed) = message(&received);
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(compressed.as_slice()).read_to_end(&mut plain).expect("gzip");
        assert_eq!((flag, plain), (1, batch.segments().concat()));
        assert_eq!(received.headers["grpc-encoding"], "gzip");
    }
}

#[tokio::test]
async fn compresses_with_zstd_when_asked() {
    let mut server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let exporter = exporter(json!({
        "endpoint": server.address.to_string(), "tls": {"insecure": true}, "compression": "zstd"
    }));
    let batch = batch(3, 100);

    exporter.export(&batch).await.expect("delivered");

    let received = server.received();
    let (flag, compressed) = message(&received);
    assert_eq!(
        (flag, zstd::decode_all(compressed.as_slice()).expect("zstd")),
        (1, batch.segments().concat())
    );
    assert_eq!(received.headers["grpc-encoding"], "zstd");
}

#[tokio::test]
async fn sends_the_headers_of_the_configuration() {
    let mut server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let exporter = exporter(json!({
        "endpoint": server.address.to_string(), "tls": {"insecure": true}, "authority": "ingest.example:1",
        "headers": {"Authorization": "Bearer secret"}, "user_agent": "test/1", "timeout": "0s",
    }));

    exporter.export(&batch(1, 1)).await.expect("delivered");

    let received = server.received();
    assert_eq!(received.headers["authorization"], "Bearer secret");
    assert_eq!(received.headers["user-agent"], "test/1");
    assert_eq!(received.uri.authority().expect("an authority"), "ingest.example:1");
    assert!(received.headers.get("grpc-timeout").is_none());
}

#[tokio::test]
async fn keeps_one_connection() {
    let server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let exporter = plain(&server);
    let batch = batch(1, 1);

    let (first, second) = tokio::join!(exporter.export(&batch), exporter.export(&batch));
    first.and(second).and(exporter.export(&batch).await).expect("delivered");

    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn every_code_is_retried_or_not_as_the_specification_says() {
    for code in Code::ALL.into_iter().filter(|code| *code != Code::Ok) {
        let number = code.number().to_string();
        let error = outcome(move || answer(200, GRPC, "", Some(&[("grpc-status", &number)]))).await;
        let retryable = matches!(error, Err(ExportError::Retryable { .. }));
        let expected = matches!(
            code,
            Code::Cancelled
                | Code::DeadlineExceeded
                | Code::Aborted
                | Code::OutOfRange
                | Code::Unavailable
                | Code::DataLoss
        );
        assert_eq!(retryable, expected, "{code}: {error:?}");
        assert_eq!(matches!(error, Err(ExportError::Rejected { items: 2, .. })), !expected, "{code}");
    }
}

fn with_retry_info(delay: Duration) -> Response<Body> {
    let status = Status { retry_delay: Some(delay), ..Status::new(Code::ResourceExhausted, "slow down") };
    let details = base64::engine::general_purpose::STANDARD_NO_PAD.encode(status.to_protobuf());
    let trailers: &[(&str, &str)] =
        &[("grpc-status", "8"), ("grpc-message", "slow%20down"), ("grpc-status-details-bin", &details)];
    answer(200, GRPC, "", Some(trailers))
}

#[tokio::test]
async fn an_exhausted_destination_that_says_when_it_recovers_is_tried_again() {
    match outcome(|| with_retry_info(Duration::from_millis(1500))).await {
        Err(ExportError::Retryable { retry_after, reason, .. }) => {
            assert_eq!(retry_after, Some(Duration::from_millis(1500)));
            assert_eq!(reason, "RESOURCE_EXHAUSTED: slow down");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_partial_success_is_told() {
    let partial = PartialSuccess { rejected: 1, message: "too old".to_owned() };
    let delivered = outcome(move || {
        let response = partial.to_protobuf();
        let mut body = vec![0, 0, 0, 0, u8::try_from(response.len()).expect("short")];
        body.extend(response);
        answer(200, GRPC, body, Some(OK))
    });

    assert_eq!(delivered.await.expect("delivered"), Delivered { rejected: 1, message: "too old".to_owned() });
}

#[tokio::test]
async fn an_answer_without_a_message_has_its_status_among_the_headers() {
    let headers: &[(&str, &str)] = &[
        ("content-type", "application/grpc"),
        ("grpc-status", "3"),
        ("grpc-message", "span%20without%20id%3A %E2%9C%97 100%"),
    ];
    match outcome(move || answer(200, headers, "", None)).await {
        Err(ExportError::Rejected { reason, .. }) => {
            assert_eq!(reason, "INVALID_ARGUMENT: span without id: \u{2717} 100%");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_recognised_by_what_servers_say() {
    let sayings = [
        ("8", "grpc: received message larger than max (6000000 vs. 4194304)"),
        ("8", "grpc: received message after decompression larger than max 4194304"),
        ("11", "Error, decoded message length too large: found 6000000 bytes, the limit is: 4194304 bytes"),
        ("8", "gRPC message exceeds maximum size 4194304: 6000000"),
        ("8", "Received message exceeds the maximum configured message size."),
    ];
    for (code, words) in sayings {
        let error =
            outcome(move || answer(200, GRPC, "", Some(&[("grpc-status", code), ("grpc-message", words)])))
                .await;
        assert!(matches!(error, Err(ExportError::TooLarge { items: 2, .. })), "{words}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_grpc_counts_by_its_http_status() {
    let reason = |error| match error {
        Err(ExportError::Retryable { reason, .. }) => format!("again: {reason}"),
        Err(ExportError::Rejected { reason, .. }) => format!("never: {reason}"),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        reason(outcome(|| answer(503, &[("content-type", "text/html")], "no", None)).await),
        "again: UNAVAILABLE: answered HTTP 503 Service Unavailable without gRPC"
    );
    assert_eq!(
        reason(outcome(|| answer(404, &[], "", None)).await),
        "never: UNIMPLEMENTED: answered HTTP 404 Not Found without gRPC; check that endpoint takes OTLP for this signal"
    );
    assert_eq!(
        reason(outcome(|| answer(200, &[("content-type", "text/html")], "hello", None)).await),
        "never: UNKNOWN: answered HTTP 200 OK without gRPC"
    );
}

#[tokio::test]
async fn a_connection_that_breaks_during_the_answer_is_tried_again_later() {
    let error = outcome(|| broken(200, GRPC, "\0\0")).await;
    assert!(matches!(error, Err(ExportError::Retryable { .. })), "{error:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let error = outcome(|| answer(200, GRPC, vec![0; 1 << 20], Some(OK))).await;
    match error {
        Err(ExportError::Retryable { reason, .. }) => assert_eq!(reason, "answer is longer than 65536 bytes"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_destination_that_is_not_there_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let exporter = exporter(json!({"endpoint": address.to_string(), "tls": {"insecure": true}}));

    let error = exporter.export(&batch(1, 1)).await.expect_err("nobody listens").to_string();

    assert_eq!(
        error,
        format!("{address} is unavailable: cannot connect to {address}: Connection refused (os error 111)")
    );
}

#[tokio::test]
async fn a_destination_that_has_hung_up_is_reached_over_a_new_connection() {
    let server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let exporter = plain(&server);
    exporter.export(&batch(1, 1)).await.expect("delivered");

    server.hang_up();
    // The first attempt may still find the old connection, and cannot know what the destination has done with
    // its request.
    let first = exporter.export(&batch(1, 1)).await;
    assert!(matches!(first, Ok(_) | Err(ExportError::Retryable { .. })), "{first:?}");
    exporter.export(&batch(1, 1)).await.expect("delivered");

    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn closing_ends_the_connection() {
    let server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let exporter = plain(&server);
    exporter.export(&batch(1, 1)).await.expect("delivered");

    exporter.close().await;
    exporter.export(&batch(1, 1)).await.expect("delivered");

    assert_eq!(server.connections(), 2, "the first one was gone");
}

#[tokio::test]
async fn goes_through_the_proxy_of_the_environment() {
    let mut server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let status: &'static str = format!("200 to {}", server.address.port()).leak();
    let (proxy, mut heads) = proxy(status).await;
    let env = HashMap::from([("HTTPS_PROXY".to_owned(), format!("http://me:pass@{proxy}"))]);
    let exporter = exporter_on(
        FakeHost { env, ..FakeHost::default() },
        json!({"endpoint": "ingest.example:4317", "tls": {"insecure": true}, "compression": "none"}),
    );

    exporter.export(&batch(1, 1)).await.expect("delivered");

    assert_eq!(
        heads.recv().await.expect("a head"),
        "CONNECT ingest.example:4317 HTTP/1.1\r\nHost: ingest.example:4317\r\nProxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n"
    );
    assert_eq!(server.received().uri.authority().expect("an authority"), "ingest.example:4317");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_quoted() {
    let (proxy, _heads) = proxy("403 Forbidden").await;
    let env = HashMap::from([("https_proxy".to_owned(), proxy.to_string())]);
    let exporter = exporter_on(
        FakeHost { env, ..FakeHost::default() },
        json!({"endpoint": "ingest.example:4317", "tls": {"insecure": true}}),
    );

    let error = exporter.export(&batch(1, 1)).await.expect_err("refused").to_string();

    assert!(
        error.contains(&format!("proxy {proxy} made no connection: it answered `HTTP/1.1 403 Forbidden`")),
        "{error}"
    );
}

#[tokio::test]
async fn no_proxy_and_this_machine_are_reached_directly() {
    let mut server = server(|| answer(200, GRPC, "", Some(OK))).await;
    let env = HashMap::from([("HTTPS_PROXY".to_owned(), "http://127.0.0.1:1".to_owned())]);
    let exporter = exporter_on(
        FakeHost { env, ..FakeHost::default() },
        json!({"endpoint": server.address.to_string(), "tls": {"insecure": true}}),
    );

    exporter.export(&batch(1, 1)).await.expect("delivered");

    server.received();
}

#[tokio::test]
async fn waits_for_a_destination_that_is_not_ready_when_told_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let exporter = exporter(json!({
        "endpoint": address.to_string(), "tls": {"insecure": true}, "wait_for_ready": true
    }));

    let attempt = tokio::time::timeout(Duration::from_millis(120), exporter.export(&batch(1, 1))).await;

    assert!(attempt.is_err(), "the attempt goes on until its time is up: {attempt:?}");
}

#[tokio::test]
async fn an_attempt_that_is_given_up_does_not_harm_the_next() {
    let server = Server::start(Protocol::Http2, None, |received: Received| async move {
        if received.body.len() < 1000 {
            pending::<()>().await
        }
        answer(200, GRPC, "", Some(OK))
    })
    .await;
    let exporter = plain(&server);

    let hanging = tokio::time::timeout(Duration::from_millis(50), exporter.export(&batch(1, 1))).await;
    assert!(hanging.is_err());
    exporter.export(&batch(1, 20)).await.expect("delivered");
    assert_eq!(server.connections(), 1);
}

#[test]
fn settings_that_cannot_work_are_all_reported_with_a_way_out() {
    let config: Config = serde_json::from_value(json!({
        "endpoint": "http://localhost:4317",
        "compression": "snappy",
        "balancer_name": "weighted",
        "headers": {"te": "x"},
        "tls": {"cert_file": "/x", "min_version": "1.0"},
    }))
    .expect("readable");

    let error = config.validate().expect_err("refused").to_string();

    for expected in [
        "endpoint: says http:// while tls.insecure is false; set tls.insecure: true to send without TLS, or write https://",
        "compression: snappy is not in this build; use zstd, gzip or none",
        "balancer_name: `weighted` is not in this build; use round_robin or pick_first",
        "headers.te: is set by the protocol itself; remove it",
        "tls.key_file: a certificate is given but no key for it; add key_file or key_pem",
        "tls.min_version: TLS below 1.2 is broken and not in this build; write 1.2 or 1.3",
    ] {
        assert!(error.contains(expected), "{expected}\n is not in\n{error}");
    }
}
