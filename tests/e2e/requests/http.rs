//! Bad requests to the HTTP port.

use bytes::Bytes;
use edgewatch_tests::Signal;
use edgewatch_tests::client::{HttpReply, send};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::status::Code::{self, InvalidArgument, ResourceExhausted, Unimplemented};
use edgewatch_tests::status::Status;
use http::{Method, Request};
use prost::Message as _;

use super::bodies::{gzip, zstd};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// What is wrong with a request, the request, and the HTTP and gRPC codes that it deserves.
type Mistake = (&'static str, Request<Bytes>, u16, Code);

#[tokio::test]
async fn every_mistake_in_a_request_has_its_code_and_a_status_in_its_encoding() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;
    let good = Template::new(Signal::Logs);
    for (mistake, request, expected, code) in mistakes(&good.request(1))? {
        let json = request.headers().get("content-type").is_none_or(|value| value != PROTOBUF);

        let reply = send(forwarder.http, request).await?;

        assert_eq!((mistake, reply.status.as_u16()), (mistake, expected), "{}", reply.text());
        let (content_type, status) = status(&reply)?;
        assert_eq!((mistake, content_type), (mistake, if json { JSON } else { PROTOBUF }));
        assert_eq!((mistake, status.code), (mistake, code as i32), "{}", status.message);
        assert!(!status.message.is_empty() && status.details.is_empty(), "{mistake}: {status:?}");
    }
    assert!(sink.receipts().is_empty());

    let reply =
        send(forwarder.http, request("/v1/logs", &[("content-type", PROTOBUF)], good.request(1))?).await?;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-type"), reply.body.len()),
        (200, Some(PROTOBUF), 0)
    );
    assert_eq!(sink.wait_for_items(Signal::Logs, 100).await?.items(Signal::Logs), 100);
    Ok(())
}

fn mistakes(good: &Bytes) -> anyhow::Result<Vec<Mistake>> {
    let logs =
        |headers: &[(&str, &str)], body: &[u8]| request("/v1/logs", headers, Bytes::copy_from_slice(body));
    let protobuf = ("content-type", PROTOBUF);
    let json = ("content-type", JSON);
    let gzipped = ("content-encoding", "gzip");
    let deep = format!("{{\"resourceLogs\":{}", "[".repeat(100_000));
    let mut unasked = logs(&[protobuf], good)?;
    *unasked.method_mut() = Method::PUT;
    let mut get = logs(&[protobuf], b"")?;
    *get.method_mut() = Method::GET;
    Ok(vec![
        ("an unknown path", request("/v1/log", &[protobuf], good.clone())?, 404, Unimplemented),
        ("the root", request("/", &[json], Bytes::from_static(b"{}"))?, 404, Unimplemented),
        ("GET", get, 405, Unimplemented),
        ("PUT", unasked, 405, Unimplemented),
        ("no content type", logs(&[], good)?, 415, InvalidArgument),
        ("a wrong content type", logs(&[("content-type", "text/plain")], good)?, 415, InvalidArgument),
        ("an unknown encoding", logs(&[protobuf, ("content-encoding", "br")], good)?, 415, Unimplemented),
        ("garbage", logs(&[protobuf], b"\xff\xfe garbage")?, 400, InvalidArgument),
        ("a truncated request", logs(&[protobuf], &good[..good.len() - 1])?, 400, InvalidArgument),
        ("not what its encoding says", logs(&[protobuf, gzipped], good)?, 400, InvalidArgument),
        ("truncated gzip", logs(&[protobuf, gzipped], &gzip(good)[..200])?, 400, InvalidArgument),
        (
            "truncated zstd",
            logs(&[protobuf, ("content-encoding", "zstd")], &zstd(good)[..200])?,
            400,
            InvalidArgument,
        ),
        ("no JSON", logs(&[json], b"not JSON")?, 400, InvalidArgument),
        ("an empty body as JSON", logs(&[json], b"")?, 400, InvalidArgument),
        ("truncated JSON", logs(&[json], b"{\"resourceLogs\": [")?, 400, InvalidArgument),
        ("JSON of another shape", logs(&[json], b"{\"resourceLogs\": 7}")?, 400, InvalidArgument),
        ("a nesting bomb", logs(&[json], deep.as_bytes())?, 400, InvalidArgument),
        ("21 MiB", logs(&[protobuf], &vec![0; 21 << 20])?, 413, ResourceExhausted),
        (
            "21 MiB, compressed",
            logs(&[protobuf, gzipped], &gzip(&vec![0; 21 << 20]))?,
            413,
            ResourceExhausted,
        ),
    ])
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;

    let reply = send(forwarder.http, Request::delete("/v1/traces").body(Bytes::new())?).await?;

    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, Some("POST")));
    Ok(())
}

#[tokio::test]
async fn success_is_answered_in_the_encoding_of_the_request() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;
    for content_type in [JSON, "application/json; charset=utf-8"] {
        let reply =
            send(forwarder.http, request("/v1/traces", &[("content-type", content_type)], "{}")?).await?;
        let body: serde_json::Value = serde_json::from_slice(&reply.body)?;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some(JSON)));
        assert!(body.get("partialSuccess").is_none_or(|part| part == &serde_json::json!({})), "{body}");
    }
    Ok(())
}

fn request(path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> anyhow::Result<Request<Bytes>> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.body(body.into())?)
}

/// The content type and the `google.rpc.Status` of an answer.
fn status(reply: &HttpReply) -> anyhow::Result<(&str, Status)> {
    let content_type = reply.header("content-type").unwrap_or_default();
    let status = match content_type {
        PROTOBUF => Status::decode(reply.body.clone())?,
        _ => Status::from_json(&reply.body)?,
    };
    Ok((content_type, status))
}
