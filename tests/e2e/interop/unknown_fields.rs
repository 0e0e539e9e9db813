//! Fields of a future OTLP: they travel as they are, at every level.

use bytes::{BufMut as _, Bytes, BytesMut};
use edgewatch_tests::client::post;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::Sink;
use edgewatch_tests::{Signal, count};

const BATCHING: &str =
    "{processors: {batch: {timeout: 50ms, send_batch_max_size: 10000}}, service: {pipelines: {
    traces: {processors: [batch]}, metrics: {processors: [batch]}, logs: {processors: [batch]}}}}";

#[tokio::test]
async fn unknown_fields_at_every_level_arrive_byte_for_byte() -> anyhow::Result<()> {
    passes_through("{}").await
}

#[tokio::test]
async fn unknown_fields_at_every_level_pass_batches_byte_for_byte() -> anyhow::Result<()> {
    passes_through(BATCHING).await
}

async fn passes_through(processing: &str) -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?.with(processing).start().await?;
    let client = forwarder.client().await?;
    for signal in Signal::ALL {
        let request = request(signal);
        assert_eq!(count::items(signal, std::slice::from_ref(&request))?, 2);

        client.export(signal, &request).await?;
        sink.wait_for_items(signal, 2).await?;
        post(
            forwarder.http,
            signal.http_path(),
            &[("content-type", "application/x-protobuf")],
            request.clone(),
        )
        .await?;

        let arrived = sink.wait_for_items(signal, 4).await?;
        let bytes: Vec<Bytes> = arrived.accepted(signal).map(|receipt| receipt.body.clone()).collect();
        assert_eq!(bytes, [request.clone(), request], "{signal}");
    }
    Ok(())
}

/// A request of two items in which every message has unknown fields of every wire type before and after the known ones.
fn request(signal: Signal) -> Bytes {
    let value = message(&[(1, b"text".to_vec())]);
    let attribute = |number| (number, message(&[(1, b"key".to_vec()), (2, value.clone())]));
    let item = match signal {
        Signal::Traces => {
            let event = message(&[(2, b"event".to_vec()), attribute(3)]);
            let link = message(&[(1, vec![1; 16]), (2, vec![2; 8]), attribute(4)]);
            let status = message(&[(2, b"status".to_vec())]);
            let ids = [(1, vec![3; 16]), (2, vec![4; 8]), (5, b"span".to_vec())];
            message(&[&ids[..], &[attribute(9), (11, event), (13, link), (15, status)]].concat())
        }
        Signal::Metrics => {
            let exemplar = message(&[attribute(7), (5, vec![5; 16])]);
            let point = message(&[attribute(7), (5, exemplar)]);
            let gauge = message(&[(1, point)]);
            message(&[(1, b"metric".to_vec()), (5, gauge), attribute(12)])
        }
        Signal::Logs => message(&[(3, b"INFO".to_vec()), (5, value.clone()), attribute(6), (9, vec![6; 16])]),
    };
    let resource = message(&[attribute(1)]);
    let scope = message(&[(1, b"scope".to_vec()), attribute(3)]);
    let in_scope = message(&[(1, scope), (2, item.clone()), (2, item), (3, b"https://example.com".to_vec())]);
    message(&[(1, message(&[(1, resource), (2, in_scope)]))]).into()
}

/// The fields given, all of them length-delimited, between unknown ones.
fn message(fields: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    unknown(&mut bytes, 1000);
    for (number, content) in fields {
        prost::encoding::encode_key(*number, prost::encoding::WireType::LengthDelimited, &mut bytes);
        prost::encoding::encode_varint(content.len() as u64, &mut bytes);
        bytes.put_slice(content);
        unknown(&mut bytes, 2000);
    }
    bytes.to_vec()
}

/// One unknown field of each wire type, and a number that is written longer than it need be.
fn unknown(bytes: &mut BytesMut, number: u32) {
    use prost::encoding::WireType::{LengthDelimited, SixtyFourBit, ThirtyTwoBit, Varint};

    prost::encoding::encode_key(number, Varint, bytes);
    bytes.put_slice(b"\x81\x80\x00");
    prost::encoding::encode_key(number + 1, SixtyFourBit, bytes);
    bytes.put_u64(u64::MAX);
    prost::encoding::encode_key(number + 2, ThirtyTwoBit, bytes);
    bytes.put_u32(7);
    prost::encoding::encode_key(number + 3, LengthDelimited, bytes);
    bytes.put_slice(b"\x05\xff\xfe\0\x01\x02");
}
