//! A queue that is full.

use std::time::Duration;

use bytes::Bytes;
use edgewatch_tests::Signal;
use edgewatch_tests::client::{GrpcClient, GrpcReply, HttpReply, post};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::framing;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::{Code, Status};
use prost::Message as _;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Room for two batches: as in the Collector, the one that is being sent counts.
const TINY: &str = "exporters: {otlp_grpc: {timeout: 1s,
    retry_on_failure: {initial_interval: 10ms}, sending_queue: {num_consumers: 1, queue_size: 2}}}";

#[tokio::test]
async fn a_full_queue_refuses_in_the_words_of_each_protocol_until_there_is_room() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::nothing());
    let forwarder = Forwarder::to(&sink)?.with(TINY).start().await?;
    let client = forwarder.client().await?;
    let template = Template::new(Signal::Traces);

    assert_eq!(client.export(Signal::Traces, &template.request(1)).await?.code(), Some(0));
    sink.wait_until(|receipts| !receipts.is_empty()).await?;
    assert_eq!(client.export(Signal::Traces, &template.request(101)).await?.code(), Some(0));
    let over_grpc = client.export(Signal::Traces, &template.request(201)).await?;
    let over_http =
        post(forwarder.http, "/v1/traces", &[("content-type", PROTOBUF)], template.request(201)).await?;
    let over_json = post(forwarder.http, "/v1/traces", &[("content-type", JSON)], "{}").await?;

    refused_over_grpc(&over_grpc);
    refused_over_http(&over_http, &Status::decode(over_http.body.clone())?, PROTOBUF);
    refused_over_http(&over_json, &Status::from_json(&over_json.body)?, JSON);

    sink.otherwise(Answer::accept());
    let arrived = sink.wait_for_items(Signal::Traces, 200).await?.tally(Signal::Traces)?;
    assert_eq!((arrived.missing(1..=200), arrived.distinct(), arrived.duplicated()), (vec![], 200, vec![]));
    assert_eq!(client.export(Signal::Traces, &template.request(201)).await?.code(), Some(0));
    let page = forwarder.own_metrics().await?;
    let busy = |transport| {
        page.value("edgewatch_receiver_rejected_requests", &[("reason", "busy"), ("transport", transport)])
    };
    assert_eq!((busy("grpc"), busy("http")), (Some(1.0), Some(2.0)), "{page}");
    Ok(())
}

#[tokio::test]
async fn a_full_queue_refuses_before_the_body_has_come() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::nothing());
    let forwarder = Forwarder::to(&sink)?.with(TINY).start().await?;
    let client = forwarder.client().await?;
    let template = Template::new(Signal::Logs);
    for first in [1, 101] {
        assert_eq!(client.export(Signal::Logs, &template.request(first)).await?.code(), Some(0));
    }

    let prefix = Bytes::copy_from_slice(&framing::prefix(1 << 20, false)?);
    let (_body, response) = client.open(GrpcClient::request(Signal::Logs.grpc_path())?, vec![prefix]).await?;
    let head = tokio::time::timeout(edgewatch_tests::sink::PATIENCE, response).await??;

    assert_eq!(head.headers()["grpc-status"], "8");
    Ok(())
}

fn refused_over_grpc(reply: &GrpcReply) {
    assert_eq!(reply.code(), Some(Code::ResourceExhausted as i32), "{reply:?}");
    assert!(!reply.message().is_empty());
    let details = reply.details().unwrap();
    assert_eq!(details.code, Code::ResourceExhausted as i32);
    assert!(reply.retry_delay().unwrap() >= Duration::from_millis(100), "{details:?}");
}

fn refused_over_http(reply: &HttpReply, status: &Status, content_type: &str) {
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (429, Some(content_type)));
    assert!(reply.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(status.code, Code::ResourceExhausted as i32);
    assert!(status.retry_delay().unwrap() >= Duration::from_millis(100), "{status:?}");
}
