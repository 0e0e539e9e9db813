use std::collections::HashMap;
use std::future::ready;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::{ComponentConfig, ExporterSpec};
use edgewatch_core::testing::{FakeHost, context};
use edgewatch_proto::status::{Code, PartialSuccess, Status};
use http::Response;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::json;

use super::OtlpHttp;
use super::config::Config;
use crate::otlp::testing::{Body, Protocol, Server, answer, batch, broken, proxy};
use crate::tls::testing::{Authority, acceptor};

const PROTO: &[(&str, &str)] = &[("content-type", "application/x-protobuf")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn exporter(settings: serde_json::Value) -> OtlpHttp {
    exporter_on(FakeHost::default(), settings)
}

fn exporter_on(host: FakeHost, settings: serde_json::Value) -> OtlpHttp {
    let config: Config = serde_json::from_value(settings).expect("readable");
    config.validate().expect("valid settings");
    let (mut context, _) = context("otlp_http");
    context.host = Arc::new(host);
    OtlpHttp::build(config, &context).expect("built")
}

/// Settings for `server`, with `more`.
fn settings(server: &Server, more: serde_json::Value) -> serde_json::Value {
    let mut settings = json!({"endpoint": format!("http://{}", server.address), "compression": "none"});
    let all = settings.as_object_mut().expect("an object");
    all.extend(more.as_object().expect("an object").clone());
    settings
}

async fn server(answer: impl Fn() -> Response<Body> + Send + Sync + 'static) -> Server {
    Server::start(Protocol::Http1, None, move |_| ready(answer())).await
}

async fn outcome(
    answer: impl Fn() -> Response<Body> + Send + Sync + 'static,
) -> Result<Delivered, ExportError> {
    let server = server(answer).await;
    exporter(settings(&server, json!({}))).export(&batch(1, 2)).await
}

fn empty(signal: Signal) -> Batch {
    Batch::new(signal, bytes::Bytes::from_static(b"\x0a\x00"), 0, Ack::none())
}

#[tokio::test]
async fn posts_the_segments_as_one_body() {
    let mut server = server(|| answer(200, PROTO, "", None)).await;
    let exporter = exporter(settings(&server, json!({"headers": {"X-Key": "k"}})));
    let batch = batch(30, 20);

    let delivered = exporter.export(&batch).await.expect("delivered");

    let received = server.received();
    assert_eq!(delivered, Delivered::default());
    assert_eq!(received.body, batch.segments().concat());
    assert_eq!(received.uri, "/v1/traces");
    assert_eq!(received.headers["content-type"], "application/x-protobuf");
    assert_eq!(received.headers["content-length"], batch.bytes().to_string());
    assert_eq!(received.headers["host"], server.address.to_string());
    assert_eq!(received.headers["x-key"], "k");
    assert!(received.headers.get("content-encoding").is_none());
    let agent = received.headers["user-agent"].to_str().expect("text");
    assert!(agent.starts_with("Edgewatch/0."), "{agent}");
}

#[tokio::test]
async fn every_signal_has_its_path_below_the_endpoint_or_an_endpoint_of_its_own() {
    let mut server = server(|| answer(200, PROTO, "", None)).await;
    let base = format!("http://{}/base/", server.address);
    let own = format!("http://{}/own?key=1", server.address);
    let exporter = exporter(json!({"endpoint": base, "logs_endpoint": own}));

    let mut uris = Vec::new();
    for signal in Signal::ALL {
        exporter.export(&empty(signal)).await.expect("delivered");
        uris.push(server.received().uri.to_string());
    }

    assert_eq!(uris, ["/base/v1/traces", "/base/v1/metrics", "/own?key=1"]);
    assert_eq!(server.connections(), 1, "they share the connection");
}

#[tokio::test]
async fn a_signal_without_an_endpoint_is_refused_with_a_way_out() {
    let exporter = exporter(json!({"traces_endpoint": "http://localhost:1/x"}));

    let error = exporter.export(&empty(Signal::Logs)).await.expect_err("nowhere to go").to_string();

    assert!(error.ends_with("no endpoint is configured for logs; set endpoint or logs_endpoint"), "{error}");
}

#[tokio::test]
async fn compresses_as_configured() {
    let mut server = server(|| answer(200, PROTO, "", None)).await;
    let batch = batch(3, 100);
    for compression in ["gzip", "zstd", "zlib", "deflate"] {
        let exporter = exporter(settings(&server, json!({"compression": compression})));

        exporter.export(&batch).await.expect("delivered");

        let received = server.received();
        let mut plain = Vec::new();
        let body = received.body.as_ref();
        match compression {
            "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut plain).expect("gzip"),
            "zstd" => zstd::Decoder::new(body).expect("zstd").read_to_end(&mut plain).expect("zstd"),
            _ => flate2::read::ZlibDecoder::new(body).read_to_end(&mut plain).expect("zlib"),
        };
        assert_eq!(plain, batch.segments().concat(), "{compression}");
        assert_eq!(received.headers["content-encoding"], compression);
    }
}

#[tokio::test]
async fn writes_json_when_asked() {
    let mut server = server(|| answer(200, JSON, "{}", None)).await;
    let exporter = exporter(settings(&server, json!({"encoding": "json"})));
    // One that is converted at once, and one on another thread.
    for batch in [batch(2, 2), batch(3, 100)] {
        exporter.export(&batch).await.expect("delivered");

        let received = server.received();
        let read: ExportTraceServiceRequest = serde_json::from_slice(&received.body).expect("OTLP/JSON");
        let sent =
            ExportTraceServiceRequest::decode(batch.segments().concat().as_slice()).expect("a request");
        assert_eq!(read, sent);
        assert_eq!(received.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn every_status_is_retried_or_not_as_the_specification_says() {
    for status in [400, 401, 403, 404, 405, 408, 415, 429, 500, 501, 502, 503, 504] {
        let error = outcome(move || answer(status, PROTO, "", None)).await.expect_err("not taken");
        let retried = matches!(error, ExportError::Retryable { .. });
        assert_eq!(retried, [429, 502, 503, 504].contains(&status), "{status}: {error}");
    }
    let error = outcome(|| answer(413, PROTO, "", None)).await;
    assert!(matches!(error, Err(ExportError::TooLarge { items: 2, .. })), "{error:?}");
    for status in [200, 202, 204] {
        outcome(move || answer(status, &[], "", None)).await.expect("delivered");
    }
}

#[tokio::test]
async fn the_words_of_the_destination_are_passed_on() {
    let status = Status::new(Code::InvalidArgument, "span without id");
    let (proto, json) = (status.to_protobuf(), status.to_json());
    let answers: [Box<dyn Fn() -> Response<Body> + Send + Sync>; 3] = [
        Box::new(move || answer(400, PROTO, proto.clone(), None)),
        Box::new(move || answer(400, JSON, json.clone(), None)),
        Box::new(|| answer(400, &[("content-type", "text/plain; charset=utf-8")], "span without id\n", None)),
    ];
    for answer in answers {
        match outcome(answer).await {
            Err(ExportError::Rejected { reason, .. }) => {
                assert_eq!(reason, "HTTP 400 Bad Request: span without id");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_wait_that_the_destination_asks_for_is_told() {
    let in_a_minute = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
    let status = Status {
        retry_delay: Some(Duration::from_secs(7)),
        ..Status::new(Code::ResourceExhausted, "slow down")
    };
    let body = status.to_protobuf();
    let wait = |error| match error {
        Err(ExportError::Retryable { retry_after, .. }) => retry_after.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    };

    assert_eq!(wait(outcome(|| answer(429, &[("retry-after", "13")], "", None)).await), Some(13));
    let date = wait(outcome(move || answer(503, &[("retry-after", &in_a_minute)], "", None)).await);
    assert!(date.is_some_and(|seconds| (55..=60).contains(&seconds)), "{date:?}");
    assert_eq!(wait(outcome(move || answer(429, PROTO, body.clone(), None)).await), Some(7));
    assert_eq!(wait(outcome(|| answer(429, &[("retry-after", "soon")], "", None)).await), None);
}

#[tokio::test]
async fn a_partial_success_is_told_in_both_encodings() {
    let partial = PartialSuccess { rejected: 1, message: "too old".to_owned() };
    let (proto, json) = (partial.to_protobuf(), partial.to_json(Signal::Traces));
    let expected = Delivered { rejected: 1, message: "too old".to_owned() };

    let from_proto = outcome(move || answer(200, PROTO, proto.clone(), None)).await;
    let from_json = outcome(move || answer(200, JSON, json.clone(), None)).await;

    assert_eq!([from_proto.expect("taken"), from_json.expect("taken")], [expected.clone(), expected]);
}

#[tokio::test]
async fn a_redirect_is_not_followed_but_explained() {
    let error = outcome(|| answer(308, &[("location", "https://new.example/v1/traces")], "", None)).await;
    match error {
        Err(ExportError::Rejected { reason, .. }) => assert_eq!(
            reason,
            "HTTP 308 Permanent Redirect; redirects are not followed, change endpoint to https://new.example/v1/traces"
        ),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = server(|| answer(200, PROTO, "", None)).await;
    let exporter = exporter(settings(&server, json!({})));
    for _ in 0..3 {
        exporter.export(&batch(1, 1)).await.expect("delivered");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn connections_are_not_used_again_when_told_so() {
    for more in [json!({"disable_keep_alives": true}), json!({"keepalive": {"enabled": false}})] {
        let server = server(|| answer(200, PROTO, "", None)).await;
        let exporter = exporter(settings(&server, more));
        for _ in 0..2 {
            exporter.export(&batch(1, 1)).await.expect("delivered");
        }
        assert_eq!(server.connections(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_was_idle_for_too_long_is_not_used_again() {
    let server = server(|| answer(200, PROTO, "", None)).await;
    let exporter = exporter(settings(&server, json!({"idle_conn_timeout": "1ns"})));
    for _ in 0..2 {
        exporter.export(&batch(1, 1)).await.expect("delivered");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn an_answer_that_is_too_long_costs_its_connection_and_nothing_else() {
    let server = server(|| answer(200, PROTO, vec![0; 1 << 20], None)).await;
    let exporter = exporter(settings(&server, json!({})));
    for _ in 0..2 {
        exporter.export(&batch(1, 1)).await.expect("delivered");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_destination_that_has_hung_up_is_reached_over_a_new_connection() {
    let server = server(|| answer(200, PROTO, "", None)).await;
    let exporter = exporter(settings(&server, json!({})));
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
async fn a_connection_that_breaks_in_an_error_is_judged_by_the_status() {
    let error = outcome(|| broken(503, PROTO, "\0")).await;
    assert!(matches!(error, Err(ExportError::Retryable { .. })), "{error:?}");
}

#[tokio::test]
async fn http2_is_spoken_where_tls_has_agreed_on_it() {
    let authority = Authority::new();
    let tls = acceptor(&authority.certify("127.0.0.1"), &[b"h2"], None);
    let mut server = Server::start(Protocol::Http2, Some(tls), |_| ready(answer(200, PROTO, "", None))).await;
    let exporter = exporter(json!({
        "endpoint": format!("https://{}", server.address), "tls": {"ca_pem": authority.pem()}
    }));

    for _ in 0..2 {
        exporter.export(&batch(1, 100)).await.expect("delivered");
        assert_eq!(server.received().uri.scheme_str(), Some("https"));
    }

    assert_eq!(server.connections(), 1);
    exporter.close().await;
}

#[tokio::test]
async fn http1_is_spoken_over_tls_where_it_has_not() {
    let authority = Authority::new();
    let tls = acceptor(&authority.certify("127.0.0.1"), &[b"http/1.1"], None);
    let mut server = Server::start(Protocol::Http1, Some(tls), |_| ready(answer(200, PROTO, "", None))).await;
    for force in [true, false] {
        let exporter = exporter(json!({
            "endpoint": format!("https://{}", server.address), "tls": {"ca_pem": authority.pem()},
            "force_attempt_http2": force,
        }));

        exporter.export(&batch(1, 100)).await.expect("delivered");

        assert_eq!(server.received().uri, "/v1/traces");
    }
}

#[tokio::test]
async fn an_http_proxy_gets_the_whole_url() {
    let mut server = server(|| answer(200, PROTO, "", None)).await;
    let exporter = exporter(json!({
        "endpoint": "http://ingest.example", "proxy_url": format!("http://me:pass@{}", server.address)
    }));

    exporter.export(&batch(1, 1)).await.expect("delivered");

    let received = server.received();
    assert_eq!(received.uri, "http://ingest.example/v1/traces");
    assert_eq!(received.headers["host"], "ingest.example");
    assert_eq!(received.headers["proxy-authorization"], "Basic bWU6cGFzcw==");
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_of_the_proxy_that_the_environment_names() {
    let authority = Authority::new();
    let tls = acceptor(&authority.certify("ingest.example"), &[b"http/1.1"], None);
    let mut server = Server::start(Protocol::Http1, Some(tls), |_| ready(answer(200, PROTO, "", None))).await;
    let (proxy, mut heads) = proxy(format!("200 to {}", server.address.port()).leak()).await;
    let env = HashMap::from([("https_proxy".to_owned(), format!("http://{proxy}"))]);
    let exporter = exporter_on(
        FakeHost { env, ..FakeHost::default() },
        json!({"endpoint": "https://ingest.example", "tls": {"ca_pem": authority.pem()}}),
    );

    exporter.export(&batch(1, 1)).await.expect("delivered");

    let head = heads.recv().await.expect("a head");
    assert_eq!(head, "CONNECT ingest.example:443 HTTP/1.1\r\nHost: ingest.example:443\r\n\r\n");
    assert_eq!(server.received().headers["host"], "ingest.example");
}

#[test]
fn settings_that_cannot_work_are_all_reported_with_a_way_out() {
    let problems = |settings| {
        let config: Config = serde_json::from_value(settings).expect("readable");
        config.validate().expect_err("refused").to_string()
    };

    assert_eq!(
        problems(json!({})),
        "endpoint: is missing; write the base URL of the destination, such as http://localhost:4318"
    );
    assert_eq!(
        problems(json!({"endpoint": "localhost:4318", "compression": "lz4"})),
        "endpoint: has no scheme; write http:// or https:// before the host; \
         compression: lz4 is not in this build; use zstd, gzip or none"
    );
    assert_eq!(
        problems(json!({"traces_endpoint": "https://a:b@c/", "metrics_endpoint": "ftp://x/"})),
        "traces_endpoint: holds a password; put it into headers, as Authorization: Basic ${env:CREDENTIALS}; \
         metrics_endpoint: scheme `ftp` is not http or https"
    );
    assert_eq!(
        problems(json!({"endpoint": "http://x", "keepalive": {}, "max_idle_conns": 3})),
        "keepalive: stands beside max_idle_conns, max_idle_conns_per_host, idle_conn_timeout or \
         disable_keep_alives; move those into it"
    );
}
