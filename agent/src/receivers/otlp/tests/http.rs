//! OTLP/HTTP: what is taken, and what is answered to what is not.

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::status::{Code, Status};
use http::StatusCode;
use http_body_util::Full;
use serde_json::json;

use super::agent;
use super::client::{Answer, answer, http, http_request, http2};
use super::samples::{gzip, request, zlib, zstd};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

/// A trace as the specification's example writes it.
const JSON_TRACE: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},
"scopeSpans":[{"scope":{"name":"my.library"},"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174",
"name":"I'm a server span","startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","kind":2}]}]}]}"#;

/// What is wrong; method, path, headers and body; status and code of the answer.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], Vec<u8>, StatusCode, Code);

fn status(answer: &Answer) -> Status {
    let status = match answer.header("content-type") {
        "application/x-protobuf" => Status::from_protobuf(&answer.body),
        "application/json" => Status::from_json(&answer.body),
        other => panic!("{other} is not an encoding of OTLP"),
    };
    status.expect("google.rpc.Status")
}

#[tokio::test]
async fn takes_protobuf_of_every_signal_and_compression_unchanged() {
    let mut agent = agent::default().await;
    for signal in Signal::ALL {
        for items in [1, 200, if signal == Signal::Traces { 60_000 } else { 2_000 }] {
            let sent = request(signal, items);
            for (encoding, body) in [
                ("", sent.clone()),
                ("identity", sent.clone()),
                ("gzip", gzip(&sent)),
                ("zstd", zstd(&sent)),
                ("deflate", zlib(&sent)),
                ("zlib", zlib(&sent)),
            ] {
                let headers = [PROTOBUF, ("content-encoding", encoding)];
                let (answer, taken) = tokio::join!(
                    http(agent.http.expect("on"), "POST", signal.http_path(), &headers, body),
                    agent.deliver()
                );

                assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b""[..]), "{encoding}");
                assert_eq!(answer.header("content-type"), "application/x-protobuf");
                assert!(taken == (signal, sent.clone(), items), "{encoding}: {items} {signal} changed");
            }
        }
        let name = format!("otelcol_receiver_accepted_{}", signal.items());
        assert!(agent.reading(&name, &[("transport", "http")]) >= 6.0 * 2_201.0);
    }
    assert_eq!(agent.budget.used(), 0);
}

#[tokio::test]
async fn takes_json_and_answers_in_json() {
    let mut agent = agent::default().await;
    let expected = edgewatch_proto::json::decode(Signal::Traces, JSON_TRACE.as_bytes()).expect("valid JSON");
    for content_type in
        ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
    {
        let headers = [("content-type", content_type), ("content-encoding", "gzip")];
        let call = http(agent.http.expect("on"), "POST", "/v1/traces", &headers, gzip(JSON_TRACE.as_bytes()));
        let (answer, taken) = tokio::join!(call, agent.deliver());

        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"{}"[..]), "{content_type}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(taken, (Signal::Traces, expected.clone(), 1));
    }
    assert_eq!(agent.budget.used(), 0);
}

#[tokio::test]
async fn takes_http2_without_asking_for_it_first() {
    let mut agent = agent::default().await;
    let sent = request(Signal::Metrics, 7);
    let mut sender = http2::<Full<Bytes>>(agent.http()).await;
    let path = format!("http://localhost{}", Signal::Metrics.http_path());

    let call = sender.send_request(http_request("POST", &path, &[PROTOBUF], sent.clone()));
    let (response, taken) = tokio::join!(call, agent.deliver());

    assert_eq!(answer(response.expect("an answer")).await.status, StatusCode::OK);
    assert_eq!(taken, (Signal::Metrics, sent, 7));
}

#[tokio::test]
async fn answers_each_mistake_with_its_status_in_the_encoding_of_the_request() {
    let agent = agent::both(json!({}), json!({ "max_request_body_size": 100_000 })).await;
    let deep_value = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"a","value":{}{}}}]}}}}]}}"#,
        r#"{"arrayValue":{"values":["#.repeat(3_000),
        "]}}".repeat(3_000)
    );
    let bad = StatusCode::BAD_REQUEST;
    for encoding in [PROTOBUF, JSON] {
        let zipped = [encoding, ("content-encoding", "gzip")];
        let brotli = [encoding, ("content-encoding", "br")];
        let twice = [encoding, ("content-encoding", "gzip, gzip")];
        let plain = [encoding];
        let (bomb, garbage) = (gzip(&vec![0; 1 << 20]), b"\x0a\x05\x00garbage".to_vec());
        let unsupported = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let cases: Vec<Case<'_>> = vec![
            ("wrong path", "POST", "/v2/traces", &plain, vec![], StatusCode::NOT_FOUND, Code::Unimplemented),
            (
                "wrong method",
                "GET",
                "/v1/traces",
                &plain,
                vec![],
                StatusCode::METHOD_NOT_ALLOWED,
                Code::Unimplemented,
            ),
            ("unknown compression", "POST", "/v1/logs", &brotli, vec![], unsupported, Code::Unimplemented),
            ("two compressions", "POST", "/v1/logs", &twice, vec![], unsupported, Code::Unimplemented),
            ("not a request", "POST", "/v1/logs", &plain, garbage.clone(), bad, Code::InvalidArgument),
            ("compressed garbage", "POST", "/v1/logs", &zipped, garbage, bad, Code::InvalidArgument),
            (
                "bomb",
                "POST",
                "/v1/logs",
                &zipped,
                bomb,
                StatusCode::PAYLOAD_TOO_LARGE,
                Code::ResourceExhausted,
            ),
            (
                "large",
                "POST",
                "/v1/logs",
                &plain,
                vec![0; 100_001],
                StatusCode::PAYLOAD_TOO_LARGE,
                Code::ResourceExhausted,
            ),
        ];
        for (what, method, path, headers, body, expected, code) in cases {
            let answer = http(agent.http(), method, path, headers, body).await;

            assert_eq!(answer.status, expected, "{what}: {answer:?}");
            assert_eq!(answer.header("content-type"), encoding.1, "{what}");
            assert_eq!(status(&answer).code, code, "{what}");
            assert_ne!(status(&answer).message, "", "{what}");
            assert_eq!(answer.header("allow"), if method == "GET" { "POST" } else { "" }, "{what}");
        }
    }
    for (what, json) in [("nesting", deep_value), ("nothing", String::new())] {
        let answer = http(agent.http(), "POST", "/v1/traces", &[JSON], json.into_bytes()).await;
        assert_eq!((answer.status, status(&answer).code), (bad, Code::InvalidArgument), "{what}");
    }
    for content_type in
        [None, Some(("content-type", "text/plain")), Some(("content-type", "application/grpc"))]
    {
        let answer = http(agent.http(), "POST", "/v1/traces", content_type.as_slice(), vec![]).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type:?}");
        assert_eq!(
            status(&answer).message,
            "the content type must be application/x-protobuf or application/json"
        );
    }
    assert_eq!(agent.budget.used(), 0);
}

#[tokio::test]
async fn a_busy_pipeline_is_429_and_a_stopping_one_503_and_both_say_when_to_come_back() {
    let mut agent = agent::default().await;
    agent.recorder.refuse(Some(Refusal::busy("the queue is full")));
    let busy = http(agent.http(), "POST", "/v1/traces", &[JSON], vec![]).await;
    assert_eq!((busy.status, busy.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(status(&busy).code, Code::ResourceExhausted);
    assert_eq!(status(&busy).message, "the queue is full");

    agent.recorder.refuse(None);
    let call = http(agent.http(), "POST", "/v1/logs", &[PROTOBUF], request(Signal::Logs, 3));
    let refuse =
        async { agent.recorder.next().await.expect("a batch").refuse(&Refusal::unavailable("stopping")) };
    let (gone, ()) = tokio::join!(call, refuse);
    assert_eq!((gone.status, gone.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    assert_eq!(status(&gone).code, Code::Unavailable);

    agent.limit(10);
    let no_memory = http(agent.http(), "POST", "/v1/logs", &[PROTOBUF], request(Signal::Logs, 3)).await;
    assert_eq!((no_memory.status, no_memory.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
}

#[tokio::test]
async fn a_signal_that_no_pipeline_wants_is_not_found() {
    let settings = json!({ "protocols": { "http": { "endpoint": "127.0.0.1:0" } } });
    let agent = agent::start(settings, |outlets| outlets.logs = None).await;

    let answer = http(agent.http(), "POST", "/v1/logs", &[JSON], b"{}".to_vec()).await;

    assert_eq!(
        (answer.status, &*status(&answer).message),
        (StatusCode::NOT_FOUND, "no pipeline takes logs from this receiver")
    );
}

#[tokio::test]
async fn paths_compressions_and_headers_are_as_configured() {
    let settings = json!({
        "traces_url_path": "ingest/spans", "compression_algorithms": ["gzip"], "response_headers": { "x-agent": "edge" }
    });
    let agent = agent::both(json!({}), settings).await;
    let zipped = [JSON, ("content-encoding", "gzip")];

    let taken = http(agent.http(), "POST", "/ingest/spans", &zipped, gzip(b"{}")).await;
    assert_eq!((taken.status, taken.header("x-agent")), (StatusCode::OK, "edge"));

    let usual_path = http(agent.http(), "POST", "/v1/traces", &zipped, gzip(b"{}")).await;
    assert_eq!((usual_path.status, usual_path.header("x-agent")), (StatusCode::NOT_FOUND, "edge"));

    let plain = http(agent.http(), "POST", "/ingest/spans", &[JSON], b"{}".to_vec()).await;
    assert_eq!(plain.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn browsers_may_send_from_the_allowed_origins_only() {
    let cors = json!({ "allowed_origins": ["https://*.example.com"], "allowed_headers": ["X-Tenant"], "max_age": 600 });
    let agent = agent::both(json!({}), json!({ "cors": cors })).await;
    let ask = |origin, headers| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", headers),
        ];
        async move { http(agent.http.expect("on"), "OPTIONS", "/v1/traces", &headers, vec![]).await }
    };

    let allowed = ask("https://shop.example.com", "content-type,x-tenant").await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://shop.example.com");
    assert_eq!(allowed.header("access-control-allow-headers"), "content-type,x-tenant");
    assert_eq!(allowed.header("access-control-allow-methods"), "POST");
    assert_eq!(allowed.header("access-control-max-age"), "600");

    let other_origin = ask("https://example.org", "content-type").await;
    assert_eq!(
        (other_origin.status, other_origin.header("access-control-allow-origin")),
        (StatusCode::NO_CONTENT, "")
    );
    let other_header = ask("https://shop.example.com", "x-other").await;
    assert_eq!(other_header.header("access-control-allow-origin"), "");

    let headers = [JSON, ("origin", "https://shop.example.com")];
    let sent = http(agent.http(), "POST", "/v1/traces", &headers, b"{}".to_vec()).await;
    assert_eq!(sent.header("access-control-allow-origin"), "https://shop.example.com");
    assert_eq!(sent.header("access-control-allow-credentials"), "true");
}

#[tokio::test]
async fn without_cors_a_preflight_is_a_wrong_method() {
    let agent = agent::default().await;
    let headers = [("origin", "https://example.com"), ("access-control-request-method", "POST")];

    let answer = http(agent.http(), "OPTIONS", "/v1/traces", &headers, vec![]).await;

    assert_eq!((answer.status, answer.header("vary")), (StatusCode::METHOD_NOT_ALLOWED, ""));
}
