//! Counts what arrives and acknowledges it.

use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use edgewatch_tests::{Signal, count};
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::args::SinkOptions;
use super::grpc;

/// Room for several whole batches, so that the sink never slows its sender.
const WINDOW: u32 = 64 << 20;
/// How long nothing may arrive before the sink gives up on what is missing.
const SILENCE: Duration = Duration::from_secs(10);

/// What has arrived.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Received {
    pub(crate) items: u64,
    pub(crate) requests: u64,
    /// Bytes of messages on the wire.
    pub(crate) bytes: u64,
}

pub(crate) async fn run(options: &SinkOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    say(&listener.local_addr()?.to_string())?;
    let received = Arc::new(watch::Sender::new(Received::default()));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                connections.spawn(connection(stream, options.frame, Arc::clone(&received)));
            }
            Some(ended) = connections.join_next() => ended??,
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let expected: u64 = line.parse()?;
                let mut changes = received.subscribe();
                connections.spawn(async move {
                    loop {
                        let now = *changes.borrow_and_update();
                        let more = tokio::time::timeout(SILENCE, changes.changed());
                        if now.items >= expected || more.await.is_err() {
                            return say(&serde_json::to_string(&now)?);
                        }
                    }
                });
            }
        }
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

async fn connection(
    stream: TcpStream,
    frame: u32,
    received: Arc<watch::Sender<Received>>,
) -> anyhow::Result<()> {
    let mut server = h2::server::Builder::new();
    server.initial_window_size(WINDOW).initial_connection_window_size(WINDOW).max_frame_size(frame);
    let Ok(mut connection) = server.handshake::<_, Bytes>(stream).await else {
        return Ok(()); // a probe that opened a socket only
    };
    while let Some(request) = connection.accept().await {
        let Ok((request, respond)) = request else { break }; // its sender has ended
        tokio::spawn(call(request, respond, Arc::clone(&received)));
    }
    Ok(())
}

async fn call(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    received: Arc<watch::Sender<Received>>,
) -> anyhow::Result<()> {
    let signal = Signal::from_path(request.uri().path()).context("unknown method")?;
    let mut message = grpc::read(&mut request.into_body()).await?;
    let bytes: usize = message.pieces.iter().map(Bytes::len).sum();
    if message.compressed {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(message.pieces.concat().as_slice()).read_to_end(&mut plain)?;
        message.pieces = vec![plain.into()];
    }
    let items = count::items(signal, &message.pieces)?;
    grpc::acknowledge(&mut respond)?;
    received.send_modify(|received| {
        received.items += items;
        received.requests += 1;
        received.bytes += u64::try_from(bytes).unwrap_or(0);
    });
    Ok(())
}
