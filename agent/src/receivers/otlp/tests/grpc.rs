//! OTLP/gRPC: what is taken, and what is answered to what is not.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use edgewatch_core::Signal;
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::status::{Code, Status};
use http::StatusCode;
use serde_json::json;

use super::agent;
use super::client::{After, Answer, Pieces, answer, framed, grpc, grpc_request, http, http2};
use super::samples::{gzip, request, zstd};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

fn code(code: Code) -> u16 {
    u16::from(code.number())
}

fn details(answer: &Answer) -> Option<Status> {
    let encoded = answer.headers.get("grpc-status-details-bin")?;
    Status::from_protobuf(&STANDARD_NO_PAD.decode(encoded).expect("base64"))
}

#[tokio::test]
async fn takes_every_signal_and_hands_on_the_very_bytes() {
    let mut agent = agent::default().await;
    for signal in Signal::ALL {
        // One that fits in a frame, one that does not, one small enough to be copied.
        for items in [200, 5_000, 1] {
            let sent = request(signal, items);

            let (answer, taken) = tokio::join!(
                grpc(agent.grpc(), signal.grpc_path(), &[], framed(false, &sent)),
                agent.deliver()
            );

            assert_eq!((answer.code(), &answer.body[..]), (0, &[0; 5][..]));
            assert_eq!(answer.header("content-type"), "application/grpc");
            assert_eq!(taken, (signal, sent, items));
        }
        let name = format!("otelcol_receiver_accepted_{}", signal.items());
        assert_eq!(agent.reading(&name, &[("transport", "grpc")]), 5_201.0);
    }
}

#[tokio::test]
async fn takes_compressed_messages() {
    let mut agent = agent::default().await;
    // The second is large enough to be decompressed aside.
    for items in [100, 60_000] {
        let sent = request(Signal::Logs, items);
        for (encoding, flag, payload) in
            [("gzip", true, gzip(&sent)), ("zstd", true, zstd(&sent)), ("gzip", false, sent.clone())]
        {
            let headers = [("grpc-encoding", encoding)];
            let (answer, (_, bytes, count)) = tokio::join!(
                grpc(agent.grpc(), Signal::Logs.grpc_path(), &headers, framed(flag, &payload)),
                agent.deliver()
            );

            assert_eq!(answer.code(), 0, "{encoding}");
            assert_eq!((bytes == sent, count), (true, items), "{encoding}");
        }
    }
    assert_eq!(agent.budget.used(), 0);
}

#[tokio::test]
async fn takes_messages_in_any_pieces() {
    let mut agent = agent::default().await;
    let sent = request(Signal::Traces, 10);
    let frame = framed(false, &sent);
    for cut in [1, 4, 5, 6, frame.len() - 1] {
        let (head, tail) = frame.split_at(cut);
        let mut sender = http2(agent.grpc()).await;
        let call = sender.send_request(grpc_request(TRACES, &[], Pieces::new(&[head, tail], After::End)));

        let (response, taken) = tokio::join!(call, agent.deliver());

        assert_eq!(answer(response.expect("an answer")).await.code(), 0, "cut at {cut}");
        assert_eq!(taken, (Signal::Traces, sent.clone(), 10), "cut at {cut}");
    }
}

#[tokio::test]
async fn a_request_without_items_is_a_success_that_no_pipeline_sees() {
    let mut agent = agent::default().await;
    for empty in [request(Signal::Traces, 0), Vec::new()] {
        assert_eq!(grpc(agent.grpc(), TRACES, &[], framed(false, &empty)).await.code(), 0);
    }
    assert_eq!(agent.recorder.try_next(), None);
}

#[tokio::test]
async fn answers_each_mistake_with_its_code() {
    let agent = agent::both(json!({ "max_recv_msg_size_mib": 1 }), json!({})).await;
    let good = framed(false, &request(Signal::Traces, 1));
    let two = [good.clone(), good.clone()].concat();
    let bomb = framed(true, &gzip(&vec![0; 2 << 20]));
    let large = framed(false, &request(Signal::Traces, 60_000));
    let plain: &[(&str, &str)] = &[];
    let gzipped: &[(&str, &str)] = &[("grpc-encoding", "gzip")];
    let cases = [
        ("unknown method", "/opentelemetry.Nothing/Export", plain, good.clone(), Code::Unimplemented),
        ("unknown compression", TRACES, &[("grpc-encoding", "br")], good.clone(), Code::Unimplemented),
        ("no message", TRACES, plain, Vec::new(), Code::Unimplemented),
        ("two messages", TRACES, plain, two, Code::Unimplemented),
        ("flag without compression", TRACES, plain, framed(true, &gzip(b"")), Code::Internal),
        ("flag that is none", TRACES, plain, [&[7], &good[1..]].concat(), Code::Internal),
        ("message cut off", TRACES, plain, good[..good.len() - 1].to_vec(), Code::Internal),
        ("prefix cut off", TRACES, plain, good[..3].to_vec(), Code::Internal),
        ("compressed garbage", TRACES, gzipped, framed(true, b"garbage"), Code::Internal),
        ("compressed and cut off", TRACES, gzipped, framed(true, &gzip(&[0; 999])[..20]), Code::Internal),
        ("not a request", TRACES, plain, framed(false, b"\x0a\x05\x00"), Code::InvalidArgument),
        ("too large", TRACES, plain, large, Code::ResourceExhausted),
        ("too large when decompressed", TRACES, gzipped, bomb, Code::ResourceExhausted),
        (
            "a promise that is too large",
            TRACES,
            plain,
            vec![0, 0xff, 0xff, 0xff, 0xff],
            Code::ResourceExhausted,
        ),
    ];
    for (what, path, headers, body, expected) in cases {
        let answer = grpc(agent.grpc(), path, headers, body).await;

        assert_eq!(answer.code(), code(expected), "{what}: {answer:?}");
        assert_ne!(answer.header("grpc-message"), "", "{what}");
        // Without RetryInfo a client must not send the same again.
        assert_eq!(details(&answer), None, "{what}");
    }
    let unknown = grpc(agent.grpc(), TRACES, &[("grpc-encoding", "br")], good).await;
    assert_eq!(unknown.header("grpc-accept-encoding"), "identity,gzip,zstd");
    assert_eq!(agent.budget.used(), 0);
    assert_eq!(agent.reading("edgewatch_receiver_rejected_requests", &[("reason", "too_large")]), 3.0);
}

#[tokio::test]
async fn a_signal_that_no_pipeline_wants_is_not_implemented() {
    let settings = json!({ "protocols": { "grpc": { "endpoint": "127.0.0.1:0" } } });
    let agent = agent::start(settings, |outlets| outlets.traces = None).await;

    let answer = grpc(agent.grpc(), TRACES, &[], framed(false, &request(Signal::Traces, 1))).await;

    assert_eq!(answer.code(), code(Code::Unimplemented));
    assert_eq!(answer.header("grpc-message"), "no pipeline takes traces from this receiver");
}

#[tokio::test]
async fn other_protocols_on_the_port_are_told_what_it_speaks() {
    let agent = agent::default().await;

    let json = grpc(agent.grpc(), TRACES, &[("content-type", "application/json")], Vec::new()).await;
    assert_eq!(json.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);

    let http1 = http(agent.grpc(), "POST", "/v1/traces", &[], Vec::new()).await;
    assert_eq!(http1.status, StatusCode::HTTP_VERSION_NOT_SUPPORTED);
    assert!(http1.body.starts_with(b"this port takes OTLP/gRPC"));
}

#[tokio::test]
async fn a_busy_pipeline_refuses_before_the_body_is_sent() {
    let agent = agent::default().await;
    agent.recorder.refuse(Some(Refusal::busy("the queue is full (100 % used)")));
    let mut sender = http2(agent.grpc()).await;

    // Only the headers ever arrive.
    let call = sender.send_request(grpc_request(TRACES, &[], Pieces::new(&[], After::Stall)));
    let answer = answer(call.await.expect("an answer")).await;

    assert_eq!(answer.code(), code(Code::ResourceExhausted));
    assert_eq!(answer.header("grpc-message"), "the queue is full (100 %25 used)");
    let details = details(&answer).expect("google.rpc.Status");
    assert_eq!((details.code, details.retry_delay), (Code::ResourceExhausted, Some(Duration::from_secs(1))));

    agent.recorder.refuse(None);
    let empty = grpc(agent.grpc(), TRACES, &[], framed(false, b"")).await;
    assert_eq!(empty.code(), 0);
}

#[tokio::test]
async fn what_a_pipeline_refuses_is_answered_with_its_code() {
    let mut agent = agent::default().await;
    let frame = framed(false, &request(Signal::Logs, 2));
    for (refusal, expected, retry) in [
        (Refusal::busy("busy"), Code::ResourceExhausted, true),
        (Refusal::unavailable("gone"), Code::Unavailable, false),
        (Refusal::permanent("never"), Code::InvalidArgument, false),
    ] {
        let refuse = async { agent.recorder.next().await.expect("a batch").refuse(&refusal) };
        let (answer, ()) =
            tokio::join!(grpc(agent.grpc.expect("on"), Signal::Logs.grpc_path(), &[], frame.clone()), refuse);

        assert_eq!(answer.code(), code(expected));
        assert_eq!(answer.header("grpc-message"), refusal.reason);
        assert_eq!(details(&answer).is_some(), retry);
    }
    assert_eq!(agent.reading("otelcol_receiver_refused_log_records", &[("transport", "grpc")]), 6.0);
    assert_eq!(agent.reading("otelcol_receiver_accepted_log_records", &[]), 0.0);
    assert_eq!(agent.budget.used(), 0);
}

#[tokio::test]
async fn memory_is_leased_for_as_long_as_the_batch_lives_and_refused_when_there_is_none() {
    let mut agent = agent::default().await;
    let sent = request(Signal::Traces, 300);
    agent.limit(sent.len() * 3 / 2);

    let (first, batch) =
        tokio::join!(grpc(agent.grpc.expect("on"), TRACES, &[], framed(false, &sent)), async {
            let mut batch = agent.recorder.next().await.expect("a batch");
            batch.ack_mut().accepted();
            batch
        });
    assert_eq!((first.code(), agent.budget.used()), (0, sent.len()));

    let second = grpc(agent.grpc(), TRACES, &[], framed(false, &sent)).await;
    assert_eq!(second.code(), code(Code::ResourceExhausted));
    assert!(details(&second).is_some_and(|details| details.retry_delay.is_some()));

    batch.deliver();
    let (third, _) =
        tokio::join!(grpc(agent.grpc.expect("on"), TRACES, &[], framed(false, &sent)), agent.deliver());
    assert_eq!((third.code(), agent.budget.used()), (0, 0));
}
