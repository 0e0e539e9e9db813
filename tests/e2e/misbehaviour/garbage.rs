//! Bytes that are no request at all.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::scene::{MIB, nobody_else_notices, until_closed, write};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[tokio::test]
async fn garbage_on_either_port_ends_its_own_connection_only() -> anyhow::Result<()> {
    nobody_else_notices(8 * MIB, async |agent| {
        let mut streams = Vec::new();
        for address in [agent.grpc, agent.http] {
            for garbage in samples() {
                streams.push(send(address, &garbage).await?);
            }
        }
        for stream in &mut streams {
            until_closed(stream).await?;
        }
        Ok(())
    })
    .await
}

/// What has been seen on open ports, and frames that break the rules of HTTP/2.
fn samples() -> Vec<Vec<u8>> {
    let frame = |length: u32, kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let [_, a, b, c] = length.to_be_bytes();
        [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[a, b, c, kind, flags], &stream.to_be_bytes(), payload]
            .concat()
    };
    vec![
        vec![0; 10_000],
        vec![0xff; 10_000],
        noise(100_000),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n\x00\x00garbage".to_vec(),
        b"GET / HTTP/9.9\r\nhost: a\r\n\r\n".to_vec(),
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n".to_vec(),
        b"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_vec(),
        [b"POST /v1/traces HTTP/1.1\r\n".as_slice(), &b"x: y\r\n".repeat(100_000)].concat(),
        [b"GET /".as_slice(), &b"a".repeat(1 << 20)].concat(),
        [PREFACE, &noise(10_000)].concat(),
        // A frame of 16 MiB, headers on stream 0, data without headers, a window of 0, settings of a wrong size.
        frame(0x00ff_ffff, 0, 0, 1, &noise(100_000)),
        frame(5, 1, 4, 0, b"\x82\x86\x84\x41\x8a"),
        frame(5, 0, 1, 7, b"\0\0\0\0\0"),
        frame(4, 8, 0, 0, &[0; 4]),
        frame(5, 4, 0, 0, &[0; 5]),
        frame(10_000, 1, 4, 1, &noise(10_000)),
        // Headers that go on and on (CVE-2024-27316).
        [
            frame(1, 1, 0, 1, b"\x82"),
            [&[0, 0x40, 0, 9, 0, 0, 0, 0, 1][..], &[0x40; 0x4000]].concat().repeat(100),
        ]
        .concat(),
    ]
}

async fn send(address: SocketAddr, garbage: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    write(&mut stream, garbage).await;
    Ok(stream)
}

/// The same pseudo-random bytes every time (xorshift).
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
