//! What requests take of memory, and when there is none.

use std::convert::Infallible;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::status::Code;
use http::StatusCode;
use http_body::Body;
use http_body_util::StreamBody;
use serde_json::json;
use tokio::sync::mpsc;

use super::agent;
use super::client::{self, After, Pieces, framed, grpc_request, http, http2};
use super::hostile::{JSON, TRACES, others_are_served, spoken_to};
use super::samples::request;

#[tokio::test]
async fn above_the_soft_limit_requests_are_refused_before_their_bodies_are_read() {
    let mut agent = agent::default().await;
    agent.limits_at(1 << 20, 2 << 20);
    let mut others = agent.budget.lease(1 << 20).expect("room");
    others.charge(1);

    // Nobody sends the bodies: whoever waited for them would not answer.
    let mut sender = http2(agent.grpc()).await;
    let call = sender.send_request(grpc_request(TRACES, &[], Pieces::new(&[], After::Stall)));
    let answer = client::answer(call.await.expect("an answer")).await;
    assert_eq!(answer.code(), u16::from(Code::ResourceExhausted.number()));
    assert_ne!(answer.header("grpc-status-details-bin"), "", "says when to come again");
    let head =
        b"POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    let answer = spoken_to(agent.http(), head).await;
    assert!(answer.starts_with(b"HTTP/1.1 429 "), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(agent.reading("edgewatch_receiver_rejected_requests", &[("reason", "memory")]), 2.0);

    drop(others);
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_request_that_has_begun_goes_on_above_the_soft_limit_and_ends_at_the_hard_one() {
    let mut agent = agent::default().await;
    agent.limits_at(1 << 20, 4 << 20);
    let frame = framed(false, &request(Signal::Traces, 20_000));
    let (begun, rest) = frame.split_at(300 << 10);
    for (others, code) in [(1 << 20, 0), (4 << 20, Code::ResourceExhausted.number())] {
        let (more, body) = fed(begun);
        let mut sender = http2(agent.grpc()).await;
        let call = tokio::spawn(sender.send_request(grpc_request(TRACES, &[], body)));
        while agent.budget.used() < begun.len() / 2 {
            tokio::task::yield_now().await;
        }

        let mut lease = agent.budget.lease(0).expect("room");
        lease.charge(others);
        assert!(agent.budget.is_crowded());
        more.send(Bytes::copy_from_slice(rest)).expect("the request is still read");
        drop(more);
        if code == 0 {
            agent.deliver().await;
        }

        let answer = client::answer(call.await.expect("no panic").expect("an answer")).await;
        assert_eq!(answer.code(), u16::from(code));
        drop((lease, sender));
        while agent.budget.used() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// A body of `first` and of what is sent later.
fn fed(
    first: &[u8],
) -> (mpsc::UnboundedSender<Bytes>, impl Body<Data = Bytes, Error = Infallible> + Unpin + use<>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    sender.send(Bytes::copy_from_slice(first)).expect("an open channel");
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (Ok(http_body::Frame::data(piece)), receiver))
    });
    (sender, StreamBody::new(Box::pin(pieces)))
}

#[tokio::test]
async fn a_window_that_zstd_asks_for_is_leased_before_it_is_made() {
    let mut agent = agent::both(json!({}), json!({ "max_request_body_size": 64 << 20 })).await;
    // 64 MiB of window for a few bytes.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("an encoder");
    encoder.window_log(26).expect("a window");
    std::io::Write::write_all(&mut encoder, b"{}").expect("memory");
    let body = encoder.finish().expect("memory");
    let headers = [JSON, ("content-encoding", "zstd")];

    agent.limit(64 << 20);
    let answer = http(agent.http(), "POST", "/v1/traces", &headers, body.clone()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);

    agent.limit(65 << 20);
    let answer = http(agent.http(), "POST", "/v1/traces", &headers, body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(agent.budget.used(), 0);
}

#[tokio::test]
async fn what_a_body_keeps_alive_is_on_the_account() {
    let headers = [("content-type", "application/x-protobuf")];
    for items in [1, 300, 1_200, 2_000, 3_000, 20_000] {
        for over_http1 in [true, false] {
            let mut agent = agent::default().await;
            let body = request(Signal::Logs, items);
            let address = agent.http();
            let sent = body.clone();
            let call = tokio::spawn(async move {
                if over_http1 {
                    return http(address, "POST", "/v1/logs", &headers, sent).await;
                }
                let mut sender = http2(address).await;
                let call = client::http_request("POST", "http://localhost/v1/logs", &headers, sent);
                client::answer(sender.send_request(call).await.expect("an answer")).await
            });
            let mut batch = agent.recorder.next().await.expect("a batch");
            batch.ack_mut().accepted();
            assert_eq!(call.await.expect("no panic").status, StatusCode::OK);
            agent.stop.cancel();
            agent.task.await.expect("no panic").expect("an orderly end");

            let leased = agent.budget.used();
            let (mut segments, _ack) = batch.into_parts();
            // Nobody else holds the buffer any more, so that it tells its size.
            let kept = segments.remove(0).try_into_mut().expect("the only owner").capacity();
            assert!(kept <= leased, "{kept} bytes kept for {} and {leased} leased", body.len());
        }
    }
}
