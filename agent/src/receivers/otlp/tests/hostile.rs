//! Clients that misbehave: none may disturb the others, or take more memory than the limits allow.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::status::Code;
use http::StatusCode;
use http_body_util::{Full, StreamBody};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::agent::{self, Agent};
use super::client::{self, After, Pieces, framed, grpc, grpc_request, http, http2};
use super::samples::{gzip, request, zstd};

pub(super) const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub(super) const JSON: (&str, &str) = ("content-type", "application/json");

/// Whether well-behaved clients of both protocols are still served.
pub(super) async fn others_are_served(agent: &mut Agent) {
    let sent = request(Signal::Traces, 2);
    let (answer, taken) =
        tokio::join!(grpc(agent.grpc.expect("on"), TRACES, &[], framed(false, &sent)), agent.deliver());
    assert_eq!((answer.code(), taken.2), (0, 2));
    assert_eq!(http(agent.http(), "POST", "/v1/logs", &[JSON], b"{}".to_vec()).await.status, StatusCode::OK);
    assert_eq!(agent.budget.used(), 0);
}

/// Sends `bytes` and reads until the receiver closes the connection.
pub(super) async fn spoken_to(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
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
async fn a_flood_of_pings_ends_the_connection() {
    let mut agent = agent::default().await;
    let ping = b"\0\0\x08\x06\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let settings = b"\0\0\0\x04\0\0\0\0\0";
    let flood = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], settings, &ping.repeat(100)].concat();

    for port in [agent.grpc(), agent.http()] {
        spoken_to(port, &flood).await;
    }

    assert_eq!(agent.reading("edgewatch_receiver_closed_connections", &[("reason", "pings")]), 2.0);
    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn more_header_fields_than_anybody_needs_are_refused() {
    let mut agent = agent::default().await;
    let fields: Vec<(String, String)> = (0..1_000).map(|n| (format!("x-{n}"), "x".to_owned())).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&name[..], &value[..])).collect();

    let mut sender = http2(agent.grpc()).await;
    let outcome = sender.send_request(grpc_request(TRACES, &fields, Full::<Bytes>::default())).await;
    assert!(outcome.is_err() || outcome.is_ok_and(|response| response.status().is_client_error()));
    let head: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let answer = spoken_to(agent.http(), format!("POST /v1/logs HTTP/1.1\r\n{head}\r\n").as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));

    others_are_served(&mut agent).await;
}

#[tokio::test]
async fn requests_beyond_the_limit_of_a_connection_wait_or_are_refused() {
    let settings = json!({ "max_concurrent_streams": 2 });
    let mut agent = agent::both(settings.clone(), settings).await;
    let frame = Bytes::from(framed(false, &request(Signal::Traces, 1)));
    let mut sender = http2(agent.grpc()).await;
    // The first answer comes with the settings of the server.
    let (first, _) = tokio::join!(
        sender.send_request(grpc_request(TRACES, &[], Full::new(frame.clone()))),
        agent.deliver()
    );
    assert_eq!(client::answer(first.expect("an answer")).await.code(), 0);

    let calls: Vec<_> = (0..5)
        .map(|_| tokio::spawn(sender.send_request(grpc_request(TRACES, &[], Full::new(frame.clone())))))
        .collect();
    let two = [agent.recorder.next().await.expect("a batch"), agent.recorder.next().await.expect("a batch")];
    let other = http(agent.http(), "POST", "/v1/logs", &[JSON], b"{}".to_vec()).await;
    assert_eq!(other.status, StatusCode::OK);
    assert_eq!(agent.recorder.try_next(), None, "the others wait");

    two.into_iter().for_each(edgewatch_core::batch::Batch::deliver);
    for _ in 0..3 {
        agent.deliver().await;
    }
    for call in calls {
        assert_eq!(client::answer(call.await.expect("no panic").expect("an answer")).await.code(), 0);
    }
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
