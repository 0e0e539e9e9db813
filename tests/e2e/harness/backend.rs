//! Backend and clients, talking to each other.

use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_tests::client::{GrpcClient, post, send_over};
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::{Answer, Sink, Transport};
use edgewatch_tests::status::{Code, Status};
use edgewatch_tests::{Signal, framing, tls};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_grpc_request_arrives_as_it_was_sent() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    for signal in Signal::ALL {
        let request = Template::new(signal).request(1);

        let reply = client.export(signal, &request).await?;

        assert_eq!((reply.http_status.as_u16(), reply.code()), (200, Some(0)));
        assert_eq!(framing::unframe(reply.body)?.bytes, Bytes::new());
        let receipts = sink.wait_for_items(signal, 100).await?;
        let receipt = receipts.accepted(signal).next().unwrap();
        assert_eq!(receipt.body, request);
        assert_eq!(receipt.transport, Transport::Grpc);
        assert_eq!(receipt.wire_size, request.len() + framing::PREFIX);
        assert_eq!(receipt.numbers()?, (1..=100).collect::<Vec<u64>>());
    }
    assert_eq!((sink.receipts().len(), sink.connections()), (3, 1));
    Ok(())
}

#[tokio::test]
async fn an_http_request_arrives_as_it_was_sent() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    for signal in Signal::ALL {
        let request = Template::new(signal).request(1);

        let reply = post(sink.http_address(), signal.http_path(), &[PROTOBUF], request.clone()).await?;

        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some(PROTOBUF.1)));
        assert_eq!(reply.body, Bytes::new());
        let receipts = sink.wait_for_items(signal, 100).await?;
        let receipt = receipts.accepted(signal).next().unwrap();
        assert_eq!((receipt.transport, &receipt.body), (Transport::Http, &request));
    }
    Ok(())
}

#[tokio::test]
async fn json_is_counted_and_decoded() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let request = ExportTraceServiceRequest::decode(Template::new(Signal::Traces).request(7))?;

    let reply = post(sink.http_address(), "/v1/traces", &[JSON], serde_json::to_vec(&request)?).await?;

    assert_eq!((reply.status.as_u16(), reply.text()), (200, "{}".to_owned()));
    let receipts = sink.wait_for_items(Signal::Traces, 100).await?;
    assert_eq!(receipts.traces()?, [request]);
    assert_eq!(receipts.tally(Signal::Traces)?.missing(7..107), Vec::<u64>::new());
    Ok(())
}

#[tokio::test]
async fn compressed_requests_are_read_over_both_protocols() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    let request = Template::new(Signal::Logs).request(1);
    for (encoding, compressed) in [("gzip", gzip(&request)), ("zstd", zstd::encode_all(request.as_ref(), 1)?)]
    {
        let mut head = GrpcClient::request(Signal::Logs.grpc_path())?;
        head.headers_mut().insert("grpc-encoding", encoding.parse()?);
        let frames = vec![
            Bytes::copy_from_slice(&framing::prefix(compressed.len(), true)?),
            Bytes::from(compressed.clone()),
        ];

        let over_grpc = client.call(head, frames).await?;
        let headers = [PROTOBUF, ("content-encoding", encoding)];
        let over_http = post(sink.http_address(), "/v1/logs", &headers, compressed).await?;

        assert_eq!((over_grpc.code(), over_http.status.as_u16()), (Some(0), 200), "{encoding}");
    }
    let receipts = sink.wait_for_items(Signal::Logs, 400).await?;
    assert!(receipts.all().all(|receipt| receipt.body == request && receipt.wire_size < request.len() / 2));
    Ok(())
}

#[tokio::test]
async fn scripted_statuses_come_in_order_and_once() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    let request = Template::new(Signal::Metrics).request(1);
    sink.script(Answer::status(Code::Unavailable, "100% full").times(2));
    sink.script([Answer::retry_later(Code::ResourceExhausted, Duration::from_millis(1500))]);
    sink.script([Answer::http(503)]);

    let mut replies = Vec::new();
    for _ in 0..5 {
        replies.push(client.export(Signal::Metrics, &request).await?);
    }

    let codes: Vec<_> = replies.iter().map(|reply| (reply.http_status.as_u16(), reply.code())).collect();
    assert_eq!(codes, [(200, Some(14)), (200, Some(14)), (200, Some(8)), (503, None), (200, Some(0))]);
    assert_eq!(replies[0].message(), "100%25 full");
    assert_eq!(replies[0].retry_delay(), None);
    assert_eq!(replies[2].retry_delay(), Some(Duration::from_millis(1500)));
    let receipts = sink.receipts();
    assert_eq!((receipts.len(), receipts.items(Signal::Metrics)), (5, 100));
    Ok(())
}

#[tokio::test]
async fn scripted_statuses_follow_the_encoding_over_http() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let request = Template::new(Signal::Logs).request(1);
    sink.script([Answer::retry_later(Code::Unavailable, Duration::from_secs(3))]);
    sink.script([Answer::http_retry_after(429, "Wed, 21 Oct 2026 07:28:00 GMT")]);

    let unavailable = post(sink.http_address(), "/v1/logs", &[PROTOBUF], request.clone()).await?;
    let too_many = post(sink.http_address(), "/v1/logs", &[PROTOBUF], request).await?;

    assert_eq!((unavailable.status.as_u16(), unavailable.header("retry-after")), (503, Some("3")));
    assert_eq!(Status::decode(unavailable.body)?.code, 14);
    assert_eq!(too_many.status.as_u16(), 429);
    assert_eq!(too_many.header("retry-after"), Some("Wed, 21 Oct 2026 07:28:00 GMT"));
    Ok(())
}

#[tokio::test]
async fn partial_success_is_told_in_every_encoding() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    sink.otherwise(Answer::partial_success(3, "too old"));

    let traces = client.export(Signal::Traces, &Template::new(Signal::Traces).request(1)).await?;
    let metrics = client.export(Signal::Metrics, &Template::new(Signal::Metrics).request(1)).await?;
    let logs =
        post(sink.http_address(), "/v1/logs", &[PROTOBUF], Template::new(Signal::Logs).request(1)).await?;
    let json = post(sink.http_address(), "/v1/logs", &[JSON], "{}").await?;

    let traces = traces.decode::<ExportTraceServiceResponse>()?.partial_success.unwrap();
    assert_eq!((traces.rejected_spans, traces.error_message.as_str()), (3, "too old"));
    let metrics = metrics.decode::<ExportMetricsServiceResponse>()?.partial_success.unwrap();
    assert_eq!(metrics.rejected_data_points, 3);
    let logs = ExportLogsServiceResponse::decode(logs.body)?.partial_success.unwrap();
    assert_eq!(logs.rejected_log_records, 3);
    let expected = serde_json::json!({
        "partialSuccess": { "rejectedLogRecords": "3", "errorMessage": "too old" }
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&json.body)?, expected);
    Ok(())
}

#[tokio::test]
async fn a_reset_stream_leaves_the_connection_and_a_disconnect_does_not() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    let request = Template::new(Signal::Traces).request(1);
    sink.script([
        Answer::reset_stream().but_keep(),
        Answer::accept(),
        Answer::disconnect(),
        Answer::accept(),
    ]);

    let reset = client.export(Signal::Traces, &request).await;
    let accepted = client.export(Signal::Traces, &request).await?;
    let cut = client.export(Signal::Traces, &request).await;
    let after = client.export(Signal::Traces, &request).await;

    assert!(reset.unwrap_err().downcast_ref::<h2::Error>().unwrap().is_reset());
    assert_eq!(accepted.code(), Some(0));
    assert!(cut.unwrap_err().downcast_ref::<h2::Error>().unwrap().is_io());
    after.unwrap_err();
    let receipts = sink.receipts();
    assert_eq!((receipts.len(), receipts.items(Signal::Traces)), (3, 200), "{}", receipts.summary());
    assert_eq!(receipts.tally(Signal::Traces)?.duplicated().len(), 100);
    Ok(())
}

#[tokio::test]
async fn a_disconnect_cuts_http_as_well() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let request = Template::new(Signal::Traces).request(1);
    sink.script([Answer::disconnect(), Answer::reset_stream()]);

    post(sink.http_address(), "/v1/traces", &[PROTOBUF], request.clone()).await.unwrap_err();
    post(sink.http_address(), "/v1/traces", &[PROTOBUF], request.clone()).await.unwrap_err();
    let third = post(sink.http_address(), "/v1/traces", &[PROTOBUF], request).await?;

    assert_eq!(third.status.as_u16(), 200);
    Ok(())
}

#[tokio::test]
async fn answers_can_be_late_or_missing() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    let request = Template::new(Signal::Traces).request(1);
    sink.script([Answer::nothing(), Answer::accept().after(Duration::from_millis(50))]);

    let mut unanswered = std::pin::pin!(client.export(Signal::Traces, &request));
    tokio::select! {
        reply = &mut unanswered => panic!("answered: {reply:?}"),
        receipts = sink.wait_until(|receipts| receipts.len() == 1) => assert_eq!(receipts?.items(Signal::Traces), 0),
    }
    let asked = Instant::now();
    let late = client.export(Signal::Traces, &request).await?;

    assert_eq!(late.code(), Some(0));
    assert!(asked.elapsed() >= Duration::from_millis(50));
    Ok(())
}

#[tokio::test]
async fn the_backend_refuses_what_it_cannot_read() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    let head = || GrpcClient::request(Signal::Traces.grpc_path());

    let no_prefix = client.call(head()?, vec![Bytes::from_static(b"abc")]).await?;
    let short = client.call(head()?, vec![Bytes::from_static(&[0, 0, 0, 0, 9, 1])]).await?;
    let garbage = client.call(head()?, vec![framing::frame(b"\xff\xff\xff")?]).await?;
    let no_frames = client.call(head()?, Vec::new()).await?;
    let unknown = client.call(GrpcClient::request("/nobody.Knows/This")?, vec![framing::frame(b"")?]).await?;
    let over_http = post(sink.http_address(), "/v1/traces", &[PROTOBUF], "garbage").await?;
    let wrong_path = post(sink.http_address(), "/v2/traces", &[PROTOBUF], "").await?;

    let codes = [no_prefix, short, garbage, no_frames, unknown].map(|reply| reply.code());
    assert_eq!(codes, [Some(3), Some(3), Some(3), Some(3), Some(12)]);
    assert_eq!((over_http.status.as_u16(), wrong_path.status.as_u16()), (400, 404));
    assert!(sink.receipts().is_empty());
    Ok(())
}

#[tokio::test]
async fn frames_may_be_cut_anywhere() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let client = GrpcClient::connect(sink.grpc_address()).await?;
    let framed = framing::frame(&Template::new(Signal::Traces).request(1))?;
    let frames = [framed.slice(..3), framed.slice(3..1000), Bytes::new(), framed.slice(1000..)];

    let reply = client.call(GrpcClient::request(Signal::Traces.grpc_path())?, frames.to_vec()).await?;

    assert_eq!(reply.code(), Some(0));
    assert_eq!(sink.receipts().items(Signal::Traces), 100);
    Ok(())
}

#[tokio::test]
async fn tls_is_spoken_on_both_ports_and_client_certificates_are_demanded() -> anyhow::Result<()> {
    let authority = tls::Authority::new()?;
    let identity = authority.issue(&["localhost"])?;
    let sink = Sink::start_tls(tls::server(&identity, Some(&authority))?).await?;
    let known = tls::client(&authority, Some(&identity))?;
    let request = Template::new(Signal::Traces).request(1);

    let stream = tls::connect(sink.grpc_address(), "localhost", known.clone(), "h2").await?;
    let over_grpc = GrpcClient::over(stream).await?.export(Signal::Traces, &request).await?;
    let stream = tls::connect(sink.http_address(), "localhost", known, "http/1.1").await?;
    let post = http::Request::post("/v1/traces").header("host", "localhost").header(PROTOBUF.0, PROTOBUF.1);
    let over_http = send_over(stream, post.body(request.clone())?).await?;

    assert_eq!((over_grpc.code(), over_http.status.as_u16()), (Some(0), 200));
    assert_eq!(sink.receipts().items(Signal::Traces), 200);
    let stranger = tls::Authority::new()?;
    tls::connect(sink.grpc_address(), "localhost", tls::client(&stranger, None)?, "h2").await.unwrap_err();
    let unknown =
        tls::connect(sink.grpc_address(), "localhost", tls::client(&authority, None)?, "h2").await?;
    let refused = async { GrpcClient::over(unknown).await?.export(Signal::Traces, &request).await };
    refused.await.unwrap_err();
    Ok(())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
