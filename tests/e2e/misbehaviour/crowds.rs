//! Too many at a time.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_tests::Signal;
use edgewatch_tests::client::{GrpcClient, post};
use edgewatch_tests::process::raise_descriptor_limit;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::scene::{MIB, nobody_else_notices, write};

#[tokio::test]
async fn a_thousand_idle_connections_on_each_port_harm_nobody() -> anyhow::Result<()> {
    raise_descriptor_limit();
    // Ten KiB of buffers for each connection, and the rest.
    nobody_else_notices(2 * 1000 * 10 * 1024 + 8 * MIB, async |agent| {
        let mut held = Vec::new();
        for _ in 0..1000 {
            held.push(idle_grpc(agent.grpc).await?);
            held.push(TcpStream::connect(agent.http).await?);
        }
        Ok(held)
    })
    .await
}

#[tokio::test]
async fn more_connections_than_are_allowed_make_room_for_those_who_speak() -> anyhow::Result<()> {
    raise_descriptor_limit();
    nobody_else_notices(2 * 1200 * 10 * 1024 + 8 * MIB, async |agent| {
        let mut held = Vec::new();
        for _ in 0..1200 {
            held.push(idle_grpc(agent.grpc).await?);
            held.push(TcpStream::connect(agent.http).await?);
        }
        Ok(held)
    })
    .await
}

#[tokio::test]
async fn a_flood_of_connections_that_are_reset_harms_nobody() -> anyhow::Result<()> {
    nobody_else_notices(12 * MIB, async |agent| {
        for address in [agent.grpc, agent.http] {
            for number in 0..2000 {
                let mut stream = TcpStream::connect(address).await?;
                if number % 2 == 0 {
                    write(&mut stream, b"POST /v1/traces HTTP/1.1\r\nhost: a\r\n").await;
                }
                // A reset instead of an orderly end.
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_flood_of_streams_that_are_reset_harms_nobody() -> anyhow::Result<()> {
    nobody_else_notices(12 * MIB, async |agent| {
        let client = agent.client().await?;
        for _ in 0..10_000 {
            let head = GrpcClient::request(Signal::Traces.grpc_path())?;
            // Begun and reset at once (CVE-2023-44487); the agent may close the connection for it.
            let Ok((mut body, _response)) =
                client.open(head, vec![Bytes::from_static(b"\0\0\0\x10\0")]).await
            else {
                break;
            };
            body.send_reset(h2::Reason::CANCEL);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn clients_that_do_not_wait_for_answers_harm_nobody() -> anyhow::Result<()> {
    nobody_else_notices(12 * MIB, async |agent| {
        let body = r#"{"resourceLogs":[]}"#;
        let request = format!(
            "POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        for _ in 0..20 {
            // A hundred requests at once on one connection, and not one answer is read.
            let mut stream = TcpStream::connect(agent.http).await?;
            write(&mut stream, request.repeat(100).as_bytes()).await;
        }
        let reply = post(agent.http, "/v1/logs", &[("content-type", "application/json")], body).await?;
        assert_eq!(reply.status.as_u16(), 200);
        Ok(())
    })
    .await
}

/// A connection that has spoken HTTP/2 and has nothing to say: preface and empty settings.
async fn idle_grpc(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    write(&mut stream, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    Ok(stream)
}
