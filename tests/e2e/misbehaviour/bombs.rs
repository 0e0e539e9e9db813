//! Requests that are, or become, very large.

use std::io::{Read as _, Write as _};

use bytes::{BufMut as _, Bytes, BytesMut};
use edgewatch_tests::Signal;
use edgewatch_tests::client::{GrpcClient, HttpReply, post};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::framing;
use edgewatch_tests::status::Code;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use super::scene::{MIB, nobody_else_notices, write};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");
/// What the bombs become.
const GIB: u64 = 1 << 30;
/// The limits of the receiver's configuration: 4 MiB of message over gRPC, 20 MiB of body over HTTP.
const GRPC_LIMIT: u64 = 4 * MIB;
const HTTP_LIMIT: u64 = 20 * MIB;
/// Beside the request itself: buffers of connections and decompressors, and what the allocator keeps.
const REST: u64 = 12 * MIB;
/// One after the other, so that what is not given back adds up.
const TIMES: usize = 3;

#[tokio::test]
async fn a_gzip_bomb_over_grpc_is_refused() -> anyhow::Result<()> {
    let bomb = gzip_bomb()?;
    nobody_else_notices(2 * GRPC_LIMIT + REST, async |agent| bomb_over_grpc(agent, "gzip", &bomb).await).await
}

#[tokio::test]
async fn a_zstd_bomb_over_grpc_is_refused() -> anyhow::Result<()> {
    let bomb = zstd_bomb()?;
    nobody_else_notices(2 * GRPC_LIMIT + REST, async |agent| bomb_over_grpc(agent, "zstd", &bomb).await).await
}

#[tokio::test]
async fn a_gzip_bomb_over_http_is_refused() -> anyhow::Result<()> {
    let bomb = gzip_bomb()?;
    nobody_else_notices(2 * HTTP_LIMIT + REST, async |agent| bomb_over_http(agent, "gzip", &bomb).await).await
}

#[tokio::test]
async fn a_zstd_bomb_over_http_is_refused() -> anyhow::Result<()> {
    let bomb = zstd_bomb()?;
    nobody_else_notices(2 * HTTP_LIMIT + REST, async |agent| bomb_over_http(agent, "zstd", &bomb).await).await
}

async fn bomb_over_grpc(agent: &Forwarder, encoding: &str, bomb: &Bytes) -> anyhow::Result<()> {
    let client = agent.client().await?;
    for _ in 0..TIMES {
        let mut head = GrpcClient::request(Signal::Traces.grpc_path())?;
        head.headers_mut().insert("grpc-encoding", encoding.parse()?);
        let prefix = Bytes::copy_from_slice(&framing::prefix(bomb.len(), true)?);
        let reply = client.call(head, vec![prefix, bomb.clone()]).await?;
        assert_eq!(reply.code(), Some(Code::ResourceExhausted as i32), "{}", reply.message());
    }
    Ok(())
}

async fn bomb_over_http(agent: &Forwarder, encoding: &str, bomb: &Bytes) -> anyhow::Result<()> {
    for headers in [[PROTOBUF, ("content-encoding", encoding)], [JSON, ("content-encoding", encoding)]] {
        for _ in 0..TIMES {
            let reply = post(agent.http, "/v1/traces", &headers, bomb.clone()).await?;
            assert_eq!(reply.status.as_u16(), 413, "{}", reply.text());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_hundred_megabytes_over_grpc_are_refused_before_they_come() -> anyhow::Result<()> {
    nobody_else_notices(REST, async |agent| {
        let client = agent.client().await?;
        let prefix = Bytes::copy_from_slice(&framing::prefix(100_000_000, false)?);
        for _ in 0..TIMES {
            let head = GrpcClient::request(Signal::Traces.grpc_path())?;
            let reply = client.call(head, vec![prefix.clone(), vec![0; 1 << 20].into()]).await?;
            assert_eq!(reply.code(), Some(Code::ResourceExhausted as i32), "{}", reply.message());
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_hundred_megabytes_over_http_are_refused_when_announced() -> anyhow::Result<()> {
    nobody_else_notices(REST, async |agent| {
        for _ in 0..TIMES {
            let mut stream = TcpStream::connect(agent.http).await?;
            write(&mut stream, &head("content-length: 100000000")).await;
            assert_eq!(status_line(&mut stream).await?, "HTTP/1.1 413 Payload Too Large");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_hundred_megabytes_over_http_are_refused_when_they_come_unannounced() -> anyhow::Result<()> {
    nobody_else_notices(2 * HTTP_LIMIT + REST, async |agent| {
        for _ in 0..TIMES {
            let stream = TcpStream::connect(agent.http).await?;
            let (mut read, mut written) = stream.into_split();
            let sending = async {
                let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
                tokio::io::AsyncWriteExt::write_all(&mut written, &head("transfer-encoding: chunked"))
                    .await?;
                for _ in 0..100 {
                    tokio::io::AsyncWriteExt::write_all(&mut written, &chunk).await?;
                }
                std::io::Result::Ok(())
            };
            let (_cut_off, line) = tokio::join!(sending, status_line(&mut read));
            assert_eq!(line?, "HTTP/1.1 413 Payload Too Large");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nesting_bombs_in_json_are_refused() -> anyhow::Result<()> {
    const DEPTH: usize = 1_000_000;
    let wrapped = |opening: &str, nested: &str| Bytes::from(format!("{opening}{}", nested.repeat(DEPTH)));
    let body = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":"#;
    let bombs = [
        wrapped("", "["),
        wrapped("", r#"{"a":"#),
        wrapped(r#"{"unknown":"#, "["),
        wrapped(body, r#"{"arrayValue":{"values":["#),
        wrapped(body, r#"{"kvlistValue":{"values":[{"value":"#),
    ];
    // Up to 20 MiB of text, which is kept while it is read.
    nobody_else_notices(2 * HTTP_LIMIT + REST, async |agent| {
        for bomb in &bombs {
            let reply: HttpReply =
                post(agent.http, "/v1/logs", &[JSON], bomb.slice(..bomb.len().min(20 << 20))).await?;
            assert_eq!(reply.status.as_u16(), 400, "{}", reply.text());
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nesting_bombs_in_protobuf_are_refused() -> anyhow::Result<()> {
    let mut value = BytesMut::from(&b"\x10\x01"[..]);
    let mut depth = 0;
    // From the inside out, with array values (field 5) of one value (field 1) each, up to a megabyte.
    let mut layers = Vec::new();
    let mut length = value.len();
    while length < 1 << 20 && depth < 100_000 {
        for tag in [0x0a, 0x2a] {
            let mut layer = BytesMut::new();
            layer.put_u8(tag);
            prost::encode_length_delimiter(length, &mut layer)?;
            length += layer.len();
            layers.push(layer);
        }
        depth += 1;
    }
    // Body of a record (5), record (2) of a scope (2) of a resource (1).
    for tag in [0x2a, 0x12, 0x12, 0x0a] {
        let mut layer = BytesMut::new();
        layer.put_u8(tag);
        prost::encode_length_delimiter(length, &mut layer)?;
        length += layer.len();
        layers.push(layer);
    }
    let mut bomb = BytesMut::with_capacity(length);
    for layer in layers.iter().rev() {
        bomb.put_slice(layer);
    }
    bomb.put_slice(&value.split());
    assert_eq!(bomb.len(), length);

    nobody_else_notices(2 * GRPC_LIMIT + REST, async |agent| {
        let client = agent.client().await?;
        for _ in 0..TIMES {
            let reply = client.export(Signal::Logs, &bomb).await?;
            assert_eq!(reply.code(), Some(Code::InvalidArgument as i32), "{}", reply.message());
            let reply = post(agent.http, "/v1/logs", &[PROTOBUF], bomb.clone().freeze()).await?;
            assert_eq!(reply.status.as_u16(), 400, "{}", reply.text());
        }
        Ok(())
    })
    .await
}

fn head(length: &str) -> Vec<u8> {
    format!("POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{length}\r\n\r\n")
        .into_bytes()
}

/// The first line of an answer.
async fn status_line(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> anyhow::Result<String> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\r' => return Ok(String::from_utf8(line)?),
            byte => line.push(byte),
        }
    }
}

/// A gibibyte of zeros: one stretch of them, compressed by itself up to a byte boundary, again and again.
fn gzip_bomb() -> anyhow::Result<Bytes> {
    const STRETCH: usize = 1 << 20;
    const HEADER: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    /// An empty final block, the CRC-32 and the length of a gibibyte of zeros.
    const END: &[u8] = &[3, 0, 0xb0, 0xc2, 0x64, 0x5b, 0, 0, 0, 0x40];
    let mut stretch = Vec::with_capacity(STRETCH);
    let mut compress = flate2::Compress::new(flate2::Compression::fast(), false);
    compress.compress_vec(&vec![0; STRETCH], &mut stretch, flate2::FlushCompress::Full)?;
    Ok([HEADER, &stretch.repeat(usize::try_from(GIB)? / STRETCH), END].concat().into())
}

fn zstd_bomb() -> anyhow::Result<Bytes> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
    std::io::copy(&mut std::io::repeat(0).take(GIB), &mut encoder)?;
    encoder.flush()?;
    Ok(encoder.finish()?.into())
}
