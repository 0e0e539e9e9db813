//! Clients that take their time.

use std::time::Duration;

use bytes::Bytes;
use edgewatch_tests::Signal;
use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::framing;
use edgewatch_tests::sink::PATIENCE;
use edgewatch_tests::status::Code;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::scene::{MIB, nobody_else_notices, until_closed, write};

/// Between two bytes of a client that pretends to be slow.
const DRIP: Duration = Duration::from_millis(100);
const CONNECTIONS: usize = 50;

#[tokio::test]
async fn headers_that_come_byte_by_byte_are_cut_off() -> anyhow::Result<()> {
    nobody_else_notices(8 * MIB, async |agent| {
        let mut streams = open(agent.http, b"POST /v1/traces HTTP/1.1\r\nhost: a\r\nx: ").await?;
        drip(&mut streams, b"a").await;
        for stream in &mut streams {
            until_closed(stream).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_cut_off() -> anyhow::Result<()> {
    nobody_else_notices(8 * MIB, async |agent| {
        let head = "POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
        let mut streams = open(agent.http, head.as_bytes()).await?;
        drip(&mut streams, b" ").await;
        for stream in &mut streams {
            let said = String::from_utf8(until_closed(stream).await?)?;
            assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn silence_on_the_grpc_port_is_cut_off() -> anyhow::Result<()> {
    nobody_else_notices(8 * MIB, async |agent| {
        let mut streams = open(agent.grpc, b"").await?;
        streams.extend(open(agent.grpc, b"PRI * HTTP/2.0\r\n").await?);
        for stream in &mut streams {
            until_closed(stream).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn calls_that_never_end_are_ended_with_deadline_exceeded() -> anyhow::Result<()> {
    nobody_else_notices(8 * MIB, async |agent| {
        let client = agent.client().await?;
        let begun = Bytes::copy_from_slice(&framing::prefix(1_000_000, false)?);
        let mut calls = Vec::new();
        for part in [Bytes::new(), begun.slice(..3), begun].iter().cycle().take(90) {
            let head = GrpcClient::request(Signal::Traces.grpc_path())?;
            calls.push(client.open(head, vec![part.clone()]).await?);
        }
        for (_half_open, response) in calls {
            let head = tokio::time::timeout(PATIENCE, response).await??;
            assert_eq!(head.headers()["grpc-status"], (Code::DeadlineExceeded as i32).to_string());
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn half_closed_connections_are_let_go() -> anyhow::Result<()> {
    nobody_else_notices(8 * MIB, async |agent| {
        let head = "POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
        let mut streams = open(agent.http, head.as_bytes()).await?;
        streams.extend(open(agent.http, b"POST /v1/traces HTTP/1.1\r\n").await?);
        streams.extend(open(agent.grpc, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?);
        streams.extend(open(agent.grpc, b"PRI * ").await?);
        for stream in &mut streams {
            stream.shutdown().await?;
        }
        for stream in &mut streams {
            until_closed(stream).await?;
        }
        Ok(())
    })
    .await
}

async fn open(address: std::net::SocketAddr, first: &[u8]) -> anyhow::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await?;
        write(&mut stream, first).await;
        streams.push(stream);
    }
    Ok(streams)
}

/// Feeds all of them for three times as long as the agent is patient.
async fn drip(streams: &mut [TcpStream], byte: &[u8]) {
    let mut pace = tokio::time::interval(DRIP);
    for _ in 0..30 {
        pace.tick().await;
        for stream in &mut *streams {
            write(stream, byte).await;
        }
    }
}
