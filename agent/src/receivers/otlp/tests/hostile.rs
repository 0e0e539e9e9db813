//! Clients that misbehave: none may disturb the others, or take more memory than the limits allow.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::status::Code;
use http::StatusCode;
use http_body::Body;
use http_body_util::{Full, StreamBody};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::agent::{self, Agent};
use super::client::{self, After, Pieces, framed, grpc, grpc_request, http, http2};
use super::samples::{gzip, request, zstd};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const JSON: (&str, &str) = ("content-type", "application/json");

/// Whether well-behaved clients of both protocols are still served.
async fn others_are_served(agent: &mut Agent) {
    let sent = request(Signal::Traces, 2);
    let (answer, taken) =
        tokio::join!(grpc(agent.grpc.expect("on"), TRACES, &[], framed(false, &sent)), agent.deliver());
    assert_eq!((answer.code(), taken.2), (0, 2));
    assert_eq!(http(agent.http(), "POST", "/v1/logs", &[JSON], b"{}".to_vec()).await.status, StatusCode::OK);
    assert_eq!(agent.budget.used(), 0);
}

/// Sends `bytes` and reads until the receiver closes the connection.
async fn spoken_to(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("a listener");
    stream.write_all(bytes).await.expect("a connection");
    let mut answer = Vec::new();
    // A reset is as good as an end.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_let_go() {
    let mut agent =
        agent::both(json!({ "read_timeout": "100ms" }), json!({ "read_header_timeout": "100ms" })).await;

    let (silent, half_a_preface, no_head) = tokio::join!(
        spoken_to(agent.grpc(), b""),
        spoken_to(agent.grpc(), b"PRI * HT"),
        spoken_to(agent.http(), b"POST /v1/traces HTTP/1.1\r\nhost: loc")
    );

    assert_eq!((&silent[..], &half_a_preface[..], &no_head[..]), (&b""[..], &b""[..], &b""[..]));
    assert_eq!(agent.reading("edgewatch_receiver_closed_connections", &[("reason", "silent")]), 2.0);
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up_and_its_connection_closed() {
    let mut agent = agent::both(json!({ "read_timeout": "100ms" }), json!({ "read_timeout": "100ms" })).await;
    let frame = framed(false, &request(Signal::Traces, 100));

    for pieces in [&[][..], &[&frame[..3]], &[&frame[..40]]] {
        let mut sender = http2(agent.grpc()).await;
        let call = sender.send_request(grpc_request(TRACES, &[], Pieces::new(pieces, After::Stall)));
        let answer = client::answer(call.await.expect("an answer")).await;
        assert_eq!(answer.code(), u16::from(Code::DeadlineExceeded.number()));
        while sender.ready().await.is_ok() && !sender.is_closed() {
            tokio::task::yield_now().await;
        }
    }
    let head = b"POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"res";
    let answer = spoken_to(agent.http(), head).await;
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));

    assert_eq!(agent.reading("edgewatch_receiver_rejected_requests", &[("reason", "timed_out")]), 4.0);
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_client_that_resets_its_request_leaves_nothing_behind() {
    let mut agent = agent::default().await;
    let frame = framed(false, &request(Signal::Traces, 20_000));
    let mut sender = http2(agent.grpc()).await;

    for cut in [3, 5, 1_000, 400_000] {
        let broken = Pieces::new(&[&frame[..cut]], After::Break);
        let outcome = sender.send_request(grpc_request(TRACES, &[], broken)).await;
        assert!(outcome.is_err(), "the client broke the request itself");
    }
    for _ in 0..500 {
        // Begun and forgotten at once.
        drop(sender.send_request(grpc_request(TRACES, &[], Pieces::new(&[&frame[..9]], After::Stall))));
    }

    others_are_served(&mut agent).await;
    assert_eq!(agent.recorder.try_next(), None);
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_its_answer_is_counted() {
    let mut agent = agent::default().await;
    let frame = framed(false, &request(Signal::Traces, 5));
    let mut sender = http2(agent.grpc()).await;

    let call = tokio::spawn(sender.send_request(grpc_request(TRACES, &[], Full::new(Bytes::from(frame)))));
    let batch = agent.recorder.next().await.expect("a batch");
    call.abort();
    drop(sender);
    while agent.reading("edgewatch_receiver_abandoned_items", &[("data_type", "traces")]) == 0.0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    assert_eq!(agent.reading("edgewatch_receiver_abandoned_items", &[("data_type", "traces")]), 5.0);
    batch.deliver();
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_client_that_half_closes_its_connection_gets_its_answer() {
    let mut agent = agent::default().await;
    let body = request(Signal::Logs, 1);
    let mut stream = TcpStream::connect(agent.http()).await.expect("a listener");
    let head =
        "POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\ncontent-length: ";
    stream.write_all(format!("{head}{}\r\n\r\n", body.len()).as_bytes()).await.expect("a connection");
    stream.write_all(&body).await.expect("a connection");
    stream.shutdown().await.expect("a connection");

    let mut answer = Vec::new();
    let (read, _) = tokio::join!(stream.read_to_end(&mut answer), agent.deliver());

    read.expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_body_of_100_megabytes_is_refused_while_it_is_still_being_sent() {
    let mut agent = agent::default().await;
    agent.limit(48 << 20);
    let piece = Bytes::from(vec![b' '; 1 << 20]);
    let endless = |count: usize| {
        let piece = piece.clone();
        let pieces = (0..count).map(move |_| Ok::<_, std::io::Error>(http_body::Frame::data(piece.clone())));
        StreamBody::new(futures_util::stream::iter(pieces))
    };
    for promised in [true, false] {
        let stream = TcpStream::connect(agent.http()).await.expect("a listener");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1");
        tokio::spawn(connection);
        let mut request = http::Request::post("/v1/traces").header("host", "a").header(JSON.0, JSON.1);
        if promised {
            request = request.header("content-length", 100 << 20);
        }
        let request = request.body(endless(100)).expect("a request");

        let answer = client::answer(sender.send_request(request).await.expect("an answer")).await;

        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "promised: {promised}");
    }
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_bomb_is_refused_within_the_limit_on_memory() {
    let mut agent = agent::both(json!({}), json!({ "max_request_body_size": 4 << 20 })).await;
    let four_gib = |member: Vec<u8>| member.repeat(1024);
    let zeros = vec![0; 4 << 20];
    for (encoding, bomb) in [("gzip", four_gib(gzip(&zeros))), ("zstd", four_gib(zstd(&zeros)))] {
        // The bomb itself, the output up to the limit and one byte, and for zstd the decoder with its window.
        let decoder = if encoding == "zstd" { (4 << 20) + (512 << 10) } else { 0 };
        agent.limit(bomb.len() + (4 << 20) + 1 + decoder);
        let bomb_frame = framed(true, &bomb);

        let answer = grpc(agent.grpc(), TRACES, &[("grpc-encoding", encoding)], bomb_frame).await;
        assert_eq!(answer.code(), u16::from(Code::ResourceExhausted.number()));
        assert_eq!(answer.header("grpc-status-details-bin"), "", "not for want of memory: {answer:?}");

        let headers = [JSON, ("content-encoding", encoding)];
        let answer = http(agent.http(), "POST", "/v1/traces", &headers, bomb).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_promise_of_much_holds_little() {
    let agent = agent::default().await;
    let mut senders = Vec::new();
    for _ in 0..64 {
        // Four megabytes announced, six bytes sent.
        let announced = [&[0][..], &(4u32 << 20).to_be_bytes(), b"x"].concat();
        let mut sender = http2(agent.grpc()).await;
        let call = sender.send_request(grpc_request(TRACES, &[], Pieces::new(&[&announced], After::Stall)));
        senders.push((tokio::spawn(call), sender));
    }
    while agent.budget.used() < 64 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    assert!(agent.budget.used() <= 64 * (256 << 10), "{} bytes", agent.budget.used());
}

#[tokio::test]
async fn garbage_is_turned_away() {
    let mut agent = agent::default().await;
    let tls_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let bad_frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    let long_head = [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'x'; 64 << 10]].concat();
    for port in [agent.grpc(), agent.http()] {
        for garbage in [&tls_hello[..], b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n", bad_frames, &long_head] {
            let _ = spoken_to(port, garbage).await;
        }
    }
    assert!(agent.reading("edgewatch_receiver_closed_connections", &[("reason", "protocol")]) >= 6.0);
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn headers_without_end_are_refused() {
    let mut agent = agent::default().await;
    let long = "x".repeat(60 << 10);
    let mut sender = http2(agent.grpc()).await;

    let outcome =
        sender.send_request(grpc_request(TRACES, &[("x-long", &long)], Full::<Bytes>::default())).await;

    // Refused with a status or by resetting the stream, as the client sends it.
    assert!(outcome.is_err() || outcome.is_ok_and(|response| response.status().is_client_error()));
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn a_thousand_idle_connections_disturb_nobody() {
    let mut agent = agent::default().await;
    let mut idle = Vec::new();
    for port in [agent.grpc(), agent.http()] {
        for _ in 0..500 {
            idle.push(TcpStream::connect(port).await.expect("a place"));
        }
    }
    others_are_served(&mut agent).await;
    assert!(agent.reading("edgewatch_receiver_connections", &[]) >= 1_000.0);
}

#[tokio::test]
async fn at_the_limit_the_longest_idle_connection_makes_room() {
    let settings = json!({ "max_connections": 10 });
    let mut agent = agent::both(settings.clone(), settings).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(TcpStream::connect(agent.grpc()).await.expect("a place"));
    }

    others_are_served(&mut agent).await;

    let closed = |reason| agent.reading("edgewatch_receiver_closed_connections", &[("reason", reason)]);
    assert_eq!((closed("evicted"), closed("limit")), (41.0, 0.0));
    let mut first = idle.swap_remove(0);
    assert_eq!(first.read(&mut [0; 1]).await.expect("closed in order"), 0);
}

#[tokio::test]
async fn at_the_limit_a_connection_in_use_is_kept_and_the_new_one_turned_away() {
    let mut agent = agent::both(json!({ "max_connections": 1 }), json!({})).await;
    let frame = framed(false, &request(Signal::Traces, 1));
    let mut sender = http2(agent.grpc()).await;
    let call = tokio::spawn(sender.send_request(grpc_request(TRACES, &[], Full::new(Bytes::from(frame)))));
    let batch = agent.recorder.next().await.expect("a batch");

    assert_eq!(spoken_to(agent.grpc(), b"").await, b"");
    assert_eq!(agent.reading("edgewatch_receiver_closed_connections", &[("reason", "limit")]), 1.0);

    batch.deliver();
    let answer = call.await.expect("no panic").expect("an answer");
    assert_eq!(client::answer(answer).await.code(), 0);
}

#[tokio::test]
async fn json_that_grows_when_it_is_converted_is_paid_for() {
    let mut agent = agent::default().await;
    let zeros = vec!["0"; 20_000].join(",");
    let metrics = format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"histogram":{{"dataPoints":[{{"bucketCounts":[{zeros}]}}]}}}}]}}]}}]}}"#
    );
    agent.limit(3 * metrics.len());

    let answer = tokio::select! {
        answer = http(agent.http(), "POST", "/v1/metrics", &[JSON], metrics.into_bytes()) => answer,
        batch = agent.recorder.next() => panic!("there is no room for {batch:?}"),
    };

    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(agent.budget.used(), 0);
}

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
