//! How long after its start a process acknowledges a request.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use edgewatch_tests::framing;
use edgewatch_tests::load::Template;

use super::grpc;

/// Between two attempts to connect; short against what is measured, long enough to leave the CPU to the other process.
const PAUSE: Duration = Duration::from_micros(100);
/// How long a process may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects as soon as somebody listens, sends one request and waits for its acknowledgement. Returns when that was.
pub(crate) async fn acknowledged(
    address: SocketAddr,
    template: &Template,
    mut still_runs: impl FnMut() -> bool,
) -> anyhow::Result<Instant> {
    let deadline = Instant::now() + PATIENCE;
    let stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > deadline || !still_runs() => return Err(error.into()),
            Err(_) => std::thread::park_timeout(PAUSE),
        }
    };
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let stream = tokio::net::TcpStream::from_std(stream)?;
    let (sender, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let mut ready = sender.ready().await?;
    let (response, mut body) = ready.send_request(grpc::request(template.signal(), false)?, false)?;
    body.send_data(framing::frame(&template.request(1))?, true)?;
    let status = tokio::time::timeout(PATIENCE, grpc::status(response)).await??;
    let at = Instant::now();
    anyhow::ensure!(status == 0, "the first request was answered with status {status}");
    connection.abort();
    Ok(at)
}
