//! Bad calls to the gRPC port.

use bytes::Bytes;
use edgewatch_tests::Signal;
use edgewatch_tests::client::{GrpcClient, GrpcReply};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::framing::frame;
use edgewatch_tests::load::Template;
use edgewatch_tests::ports;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::status::Code::{
    self, Internal, InvalidArgument, Ok as Success, ResourceExhausted, Unimplemented,
};
use http::{Method, Request};

use super::bodies::{framed, gzip, zstd};

/// One call: what is wrong with it, its head, its data frames, and the status that it deserves.
type Call = (&'static str, Request<()>, Vec<Bytes>, Code);

#[tokio::test]
async fn every_mistake_in_a_call_has_its_status_and_spoils_nothing_else() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;
    let client = forwarder.client().await?;
    let good = Template::new(Signal::Traces);

    let calls = calls(&good.request(1))?;
    let count = calls.len() as u64;
    for (first, (mistake, head, frames, expected)) in (0..).map(|call| 1 + 100 * call).zip(calls) {
        let reply = client.call(head, frames).await?;
        assert_eq!((mistake, status(&reply)), (mistake, (200, Some(expected as i32))), "{}", reply.message());
        assert_eq!(reply.message().is_empty(), expected == Success, "{mistake}: {}", reply.message());
        assert_eq!(reply.retry_delay(), None, "{mistake}: coming again would not help");
        // The same connection still serves good requests.
        let reply = client.export(Signal::Traces, &good.request(first)).await?;
        assert_eq!(reply.code(), Some(0), "after {mistake}");
    }

    let arrived = sink.wait_for_items(Signal::Traces, 100 * count).await?;
    let tally = arrived.tally(Signal::Traces)?;
    assert_eq!((tally.missing(1..=100 * count), tally.duplicated()), (vec![], vec![]));
    assert_eq!(sink.connections(), 1);
    Ok(())
}

/// Good calls are among them only where they carry no items.
fn calls(good: &[u8]) -> anyhow::Result<Vec<Call>> {
    let head = || GrpcClient::request(Signal::Traces.grpc_path());
    let encoded = |encoding: &'static str| {
        let mut head = head()?;
        head.headers_mut().insert("grpc-encoding", http::HeaderValue::from_static(encoding));
        anyhow::Ok(head)
    };
    let compressed = |bytes: &[u8]| vec![framed(1, bytes.len(), bytes)];
    let mut get = head()?;
    *get.method_mut() = Method::GET;
    let whole = frame(good)?;
    let bit_flipped = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        bytes
    };
    let service_only = "/opentelemetry.proto.collector.trace.v1.TraceService";
    Ok(vec![
        ("nothing: an empty request", head()?, vec![frame(b"")?], Success),
        ("no body", head()?, vec![], Unimplemented),
        ("an empty body", head()?, vec![Bytes::new()], Unimplemented),
        ("a truncated prefix", head()?, vec![whole.slice(..3)], Internal),
        ("a prefix and nothing else", head()?, vec![whole.slice(..5)], Internal),
        ("a truncated message", head()?, vec![whole.slice(..whole.len() - 1)], Internal),
        ("a length that is too small", head()?, vec![framed(0, good.len() - 1, good)], Unimplemented),
        ("two messages", head()?, vec![whole.clone(), whole.clone()], Unimplemented),
        ("two messages in one frame", head()?, vec![[&whole[..], &whole[..]].concat().into()], Unimplemented),
        ("an unknown flag", head()?, vec![framed(2, good.len(), good)], Internal),
        ("flagged as compressed, no encoding", head()?, compressed(&gzip(good)), Internal),
        ("flagged as compressed, identity", encoded("identity")?, compressed(&gzip(good)), Internal),
        ("not what its encoding says", encoded("gzip")?, compressed(good), Internal),
        ("truncated gzip", encoded("gzip")?, compressed(&gzip(good)[..200]), Internal),
        ("corrupted gzip", encoded("gzip")?, compressed(&bit_flipped(gzip(good).to_vec())), Internal),
        ("truncated zstd", encoded("zstd")?, compressed(&zstd(good)[..200]), Internal),
        ("an unknown encoding", encoded("snappy")?, compressed(good), Unimplemented),
        ("garbage", head()?, vec![frame(b"\xff\xfe\xfd garbage")?], InvalidArgument),
        ("a truncated request", head()?, vec![frame(&good[..good.len() - 1])?], InvalidArgument),
        ("garbage, compressed", encoded("gzip")?, compressed(&gzip(b"\xff\xfe\xfd")), InvalidArgument),
        ("five MiB", head()?, vec![framed(0, 5 << 20, b"")], ResourceExhausted),
        ("four GiB announced", head()?, vec![framed(0, u32::MAX as usize, b"")], ResourceExhausted),
        ("five MiB, compressed", encoded("gzip")?, compressed(&gzip(&vec![0; 5 << 20])), ResourceExhausted),
        (
            "an unknown method",
            GrpcClient::request(&format!("{service_only}/Import"))?,
            vec![whole.clone()],
            Unimplemented,
        ),
        (
            "an unknown service",
            GrpcClient::request("/grpc.health.v1.Health/Check")?,
            vec![frame(b"")?],
            Unimplemented,
        ),
        (
            "a service without a method",
            GrpcClient::request(service_only)?,
            vec![whole.clone()],
            Unimplemented,
        ),
        ("GET", get, vec![], Unimplemented),
    ])
}

#[tokio::test]
async fn an_unknown_encoding_is_told_the_known_ones() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;
    let mut head = GrpcClient::request(Signal::Logs.grpc_path())?;
    head.headers_mut().insert("grpc-encoding", http::HeaderValue::from_static("brotli"));

    let reply = forwarder.client().await?.call(head, vec![frame(b"")?]).await?;

    assert_eq!(reply.headers["grpc-accept-encoding"], "identity,gzip,zstd");
    Ok(())
}

#[tokio::test]
async fn what_is_no_grpc_call_gets_an_answer_in_http() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.start().await?;
    let client = forwarder.client().await?;
    let mut replies = Vec::new();
    for content_type in ["application/json", "text/plain", "application/grpc+json", "application/grpc-web"] {
        let mut head = GrpcClient::request(Signal::Traces.grpc_path())?;
        head.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
        replies.push(client.call(head, vec![frame(b"")?]).await?);
    }
    let mut head = GrpcClient::request(Signal::Traces.grpc_path())?;
    head.headers_mut().remove("content-type");
    replies.push(client.call(head, vec![frame(b"")?]).await?);

    for reply in replies {
        assert_eq!(status(&reply), (415, None));
        assert!(String::from_utf8(reply.body.to_vec())?.contains("application/grpc"));
    }
    Ok(())
}

#[tokio::test]
async fn a_signal_without_a_pipeline_is_unimplemented() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let second = ports::free()?;
    let forwarder = Forwarder::to(&sink)?
        .with(&format!("receivers: {{otlp/spans: {{protocols: {{grpc: {{endpoint: {second}}}}}}}}}"))
        .with("service: {pipelines: {traces/only: {receivers: [otlp/spans], exporters: [otlp_grpc]}}}")
        .start()
        .await?;
    let client = GrpcClient::connect(second).await?;

    let spans = client.export(Signal::Traces, &Template::new(Signal::Traces).request(1)).await?;
    let logs = client.export(Signal::Logs, &Template::new(Signal::Logs).request(1)).await?;

    assert_eq!([spans.code(), logs.code()], [Some(0), Some(Unimplemented as i32)]);
    assert!(logs.message().contains("logs"), "{}", logs.message());
    drop(forwarder);
    Ok(())
}

fn status(reply: &GrpcReply) -> (u16, Option<i32>) {
    (reply.http_status.as_u16(), reply.code())
}
