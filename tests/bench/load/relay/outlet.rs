//! The client: one call for each batch.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use edgewatch_tests::{Signal, framing};
use flate2::Compression;
use flate2::write::GzEncoder;
use h2::client::SendRequest;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::super::grpc;

/// Batches under way at once, as the exporter's `sending_queue` has consumers by default.
const CONSUMERS: usize = 10;

pub(super) struct Outlet {
    requests: SendRequest<Bytes>,
    gzip: bool,
    permits: Arc<Semaphore>,
}

impl Outlet {
    pub(super) async fn connect(sink: SocketAddr, gzip: bool) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(sink).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self { requests, gzip, permits: Arc::new(Semaphore::new(CONSUMERS)) })
    }

    /// Starts sending one batch; waits only for the permission to do so.
    pub(super) async fn send(self: Arc<Self>, signal: Signal, pieces: Vec<Bytes>) {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        tokio::spawn(async move {
            let delivered = self.deliver(signal, pieces).await;
            drop(permit);
            if let Err(error) = delivered {
                // Without retry a lost batch shows as items missing at the sink; this says why.
                let _ = writeln!(std::io::stderr(), "relay: {error:#}");
            }
        });
    }

    async fn deliver(&self, signal: Signal, pieces: Vec<Bytes>) -> anyhow::Result<()> {
        let pieces = if self.gzip { vec![compress(&pieces)?] } else { pieces };
        let length = pieces.iter().map(Bytes::len).sum();
        let prefix = framing::prefix(length, self.gzip)?;
        let mut ready = self.requests.clone().ready().await?;
        let (response, mut stream) = ready.send_request(grpc::request(signal, self.gzip)?, false)?;
        stream.send_data(Bytes::copy_from_slice(&prefix), false)?;
        let last = pieces.len().saturating_sub(1);
        for (place, piece) in pieces.into_iter().enumerate() {
            stream.send_data(piece, place == last)?;
        }
        let status = grpc::status(response).await?;
        anyhow::ensure!(status == 0, "the sink answered with status {status}");
        Ok(())
    }
}

fn compress(pieces: &[Bytes]) -> anyhow::Result<Bytes> {
    let length: usize = pieces.iter().map(Bytes::len).sum();
    let mut encoder = GzEncoder::new(Vec::with_capacity(length / 4), Compression::default());
    for piece in pieces {
        encoder.write_all(piece)?;
    }
    Ok(encoder.finish()?.into())
}
