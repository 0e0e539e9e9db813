//! Opening, encryption, ageing and the orderly end.

use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::factory::ReceiverSpec as _;
use edgewatch_core::receiver::Receiver as _;
use edgewatch_core::testing;
use http::StatusCode;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::{TcpStream, UnixStream};

use super::super::OtlpReceiver;
use super::agent;
use super::client::{After, Pieces, answer, framed, grpc, grpc_request, http, http_request, http1, http2};
use super::samples::request;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const JSON: (&str, &str) = ("content-type", "application/json");
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn stopping_answers_what_is_in_progress_and_takes_nothing_new() {
    let mut agent = agent::default().await;
    let frame = framed(false, &request(Signal::Traces, 1));
    let mut sender = http2(agent.grpc()).await;
    let call = tokio::spawn(sender.send_request(grpc_request(TRACES, &[], Full::new(Bytes::from(frame)))));
    let mut http = http1(agent.http()).await;
    let body = request(Signal::Logs, 1);
    let headers = [("content-type", "application/x-protobuf")];
    let http_call =
        tokio::spawn(
            async move { http.send_request(http_request("POST", "/v1/logs", &headers, body)).await },
        );
    let batches =
        [agent.recorder.next().await.expect("a batch"), agent.recorder.next().await.expect("a batch")];

    agent.stop.cancel();
    while TcpStream::connect(agent.grpc()).await.is_ok() || TcpStream::connect(agent.http()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!agent.task.is_finished(), "two requests wait for their answers");
    batches.into_iter().for_each(edgewatch_core::batch::Batch::deliver);

    assert_eq!(answer(call.await.expect("no panic").expect("an answer")).await.code(), 0);
    assert_eq!(answer(http_call.await.expect("no panic").expect("an answer")).await.status, StatusCode::OK);
    tokio::time::timeout(SOON, agent.task).await.expect("an end").expect("no panic").expect("no failure");
    assert_eq!(agent.recorder.next().await, None, "every outlet is gone");
}

#[tokio::test]
async fn idle_and_stuck_connections_do_not_hold_up_the_end() {
    let agent = agent::both(json!({ "read_timeout": "300ms" }), json!({})).await;
    let silent = TcpStream::connect(agent.grpc()).await.expect("a listener");
    let mut used = http1(agent.http()).await;
    let first = used.send_request(http_request("POST", "/v1/logs", &[JSON], b"{}".to_vec())).await;
    assert_eq!(answer(first.expect("an answer")).await.status, StatusCode::OK);
    let idle = http2::<Full<Bytes>>(agent.grpc()).await;
    let mut stuck = http2(agent.grpc()).await;
    let call = tokio::spawn(stuck.send_request(grpc_request(
        TRACES,
        &[],
        Pieces::new(&[b"\0\0\0\x01\0x"], After::Stall),
    )));
    while agent.budget.used() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    agent.stop.cancel();

    tokio::time::timeout(SOON, agent.task).await.expect("an end").expect("no panic").expect("no failure");
    assert!(call.await.expect("no panic").is_ok(), "the stuck request was answered");
    drop((silent, used, idle));
}

#[tokio::test]
async fn old_and_idle_connections_are_closed() {
    let keepalive =
        json!({ "server_parameters": { "max_connection_age": "100ms", "max_connection_age_grace": "1s" } });
    let agent = agent::both(json!({ "keepalive": keepalive }), json!({ "idle_timeout": "100ms" })).await;
    let (mut old, mut idle) = (http2::<Full<Bytes>>(agent.grpc()).await, http1(agent.http()).await);
    let first = idle.send_request(http_request("POST", "/v1/logs", &[JSON], b"{}".to_vec())).await;
    assert_eq!(answer(first.expect("an answer")).await.status, StatusCode::OK);

    let closed = async {
        while old.ready().await.is_ok() && !old.is_closed() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        while idle.ready().await.is_ok() && !idle.is_closed() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };

    tokio::time::timeout(SOON, closed).await.expect("both are closed");
}

#[tokio::test]
async fn localhost_is_both_families_on_one_port() {
    let agent = agent::both(json!({ "endpoint": "localhost:0" }), json!({})).await;
    let port = agent.grpc().port();
    let frame = framed(false, &[]);

    assert_eq!(grpc(([127, 0, 0, 1], port).into(), TRACES, &[], frame.clone()).await.code(), 0);
    // A machine without IPv6 has only the other.
    if tokio::net::TcpListener::bind("[::1]:0").await.is_ok() {
        let address = (std::net::Ipv6Addr::LOCALHOST, port).into();
        assert_eq!(grpc(address, TRACES, &[], frame).await.code(), 0);
    }
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_its_address() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let (context, _) = testing::context("otlp");
    let config = agent::config(json!({ "protocols": { "grpc": { "endpoint": address } } }));
    let mut receiver = OtlpReceiver::build(config, &context).expect("a receiver");

    let error = receiver.open().await.expect_err("the port is taken").to_string();

    assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
}

#[tokio::test]
async fn a_unix_socket_is_served_and_removed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("otlp.sock");
    // Left behind by a process that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let settings = json!({ "protocols": { "http": { "endpoint": path, "transport": "unix" } } });
    let agent = agent::start(settings, |_| {}).await;

    let stream = UnixStream::connect(&path).await.expect("a listener");
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    tokio::spawn(connection);
    let call = http_request("POST", "http://localhost/v1/logs", &[JSON], b"{}".to_vec());
    assert_eq!(answer(sender.send_request(call).await.expect("an answer")).await.status, StatusCode::OK);

    drop(sender);
    agent.stop.cancel();
    tokio::time::timeout(SOON, agent.task).await.expect("an end").expect("no panic").expect("no failure");
    assert!(!path.exists());
}

#[tokio::test]
async fn plain_http_still_works_after_another_receiver_was_stopped_on_the_port() {
    let first = agent::default().await;
    let address = first.http().to_string();
    assert_eq!(http(first.http(), "POST", "/v1/logs", &[JSON], b"{}".to_vec()).await.status, StatusCode::OK);
    first.stop.cancel();
    first.task.await.expect("no panic").expect("no failure");

    let second = agent::both(json!({}), json!({ "endpoint": address })).await;

    assert_eq!(http(second.http(), "POST", "/v1/logs", &[JSON], b"{}".to_vec()).await.status, StatusCode::OK);
}
