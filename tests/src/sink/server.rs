//! The two listeners and what happens to one request.

use std::collections::VecDeque;
use std::io::Read as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answer::{Answer, Reply};
use super::receipts::{self, Receipt, Receipts, Transport};
use super::reply::{self, Body};
use crate::status::{Code, Status};
use crate::{Signal, framing};

/// Room for the largest batch without waiting for the reader.
const WINDOW: u32 = 16 << 20;

/// What the listeners and the test see of each other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    script: VecDeque<Answer>,
    otherwise: Option<Answer>,
    receipts: Receipts,
    connections: usize,
}

impl Shared {
    pub(super) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().script.extend(answers);
    }

    pub(super) fn otherwise(&self, answer: Answer) {
        self.state().otherwise = Some(answer);
    }

    pub(super) fn receipts(&self) -> Receipts {
        self.state().receipts.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.state().connections
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn next_answer(&self) -> Answer {
        let mut state = self.state();
        let scripted = state.script.pop_front();
        scripted.or_else(|| state.otherwise.clone()).unwrap_or_else(Answer::accept)
    }

    fn record(&self, receipt: Receipt) {
        self.state().receipts.0.push(Arc::new(receipt));
        self.changed.send_replace(());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one listener until dropped.
pub(super) async fn serve(
    listener: TcpListener,
    transport: Transport,
    tls: Option<ServerConfig>,
    shared: Arc<Shared>,
) {
    let tls = tls.map(|mut config| {
        let protocol: &[u8] = match transport {
            Transport::Grpc => b"h2",
            Transport::Http => b"http/1.1",
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                shared.state().connections += 1;
                shared.changed.send_replace(());
                connections.spawn(connection(stream, transport, tls.clone(), Arc::clone(&shared)));
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, transport: Transport, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    // A second handle, to set an option after the first one has been given away.
    let socket = SockRef::from(&stream).try_clone().ok();
    let cut = Arc::new(Notify::new());
    let until_cut = async {
        cut.notified().await;
        if let Some(socket) = &socket {
            let _ = socket.set_linger(Some(Duration::ZERO));
        }
    };
    let served = async {
        match tls {
            None => http(stream, transport, &shared, &cut).await,
            Some(acceptor) => {
                if let Ok(stream) = acceptor.accept(stream).await {
                    http(stream, transport, &shared, &cut).await;
                }
            }
        }
    };
    future::select(pin!(until_cut), pin!(served)).await;
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    transport: Transport,
    shared: &Arc<Shared>,
    cut: &Arc<Notify>,
) {
    let service = service_fn(|request| handle(request, transport, Arc::clone(shared), Arc::clone(cut)));
    // However a connection ends, its peer has noticed already.
    let _ended = match transport {
        Transport::Grpc => {
            let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.timer(TokioTimer::new()).initial_stream_window_size(WINDOW);
            server.initial_connection_window_size(WINDOW);
            server.serve_connection(TokioIo::new(stream), service).await
        }
        Transport::Http => {
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new());
            server.serve_connection(TokioIo::new(stream), service).await
        }
    };
}

/// The peer gets a reset instead of an answer.
#[derive(Debug)]
struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reset as scripted")
    }
}

impl std::error::Error for Reset {}

async fn handle(
    request: Request<Incoming>,
    transport: Transport,
    shared: Arc<Shared>,
    cut: Arc<Notify>,
) -> Result<Response<Body>, Reset> {
    let (parts, body) = request.into_parts();
    let Some(signal) = Signal::from_path(parts.uri.path()) else {
        return Ok(reply::not_found(transport));
    };
    let Ok(body) = body.collect().await else {
        return Err(Reset);
    };
    let wire_body = body.to_bytes();
    let answer = shared.next_answer();
    let receipt = read(signal, transport, parts.headers, wire_body, answer.keeps);
    let (receipt, answer) = match receipt {
        Ok(receipt) => (receipt, answer),
        Err(error) => {
            return Ok(reply::refusal(
                transport,
                false,
                &Status::new(Code::InvalidArgument, &format!("{error:#}"), None),
            ));
        }
    };
    let json = receipt.is_json();
    shared.record(receipt);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.reply {
        Reply::Accept => Ok(reply::success(transport, json, signal, None)),
        Reply::PartialSuccess { rejected, message } => {
            Ok(reply::success(transport, json, signal, Some((rejected, message))))
        }
        Reply::Status(status) => Ok(reply::refusal(transport, json, &status)),
        Reply::Http { status, headers, body } => Ok(reply::plain(status, &headers, body)),
        Reply::Nothing => future::pending().await,
        Reply::ResetStream => Err(Reset),
        Reply::Disconnect => {
            cut.notify_one();
            future::pending().await
        }
    }
}

/// Undoes framing and compression and counts the items.
fn read(
    signal: Signal,
    transport: Transport,
    headers: HeaderMap,
    wire_body: Bytes,
    accepted: bool,
) -> anyhow::Result<Receipt> {
    let wire_size = wire_body.len();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (encoding, body) = match transport {
        Transport::Http => (header("content-encoding"), wire_body),
        Transport::Grpc => {
            let message = framing::unframe(wire_body)?;
            let encoding = header("grpc-encoding").filter(|_| message.compressed);
            anyhow::ensure!(!message.compressed || encoding.is_some(), "compressed without grpc-encoding");
            (encoding, message.bytes)
        }
    };
    let body = decompress(encoding, body)?;
    let items = receipts::count_items(signal, receipts::is_json(&headers), &body)?;
    Ok(Receipt { signal, transport, headers, body, wire_size, at: Instant::now(), accepted, items })
}

fn decompress(encoding: Option<&str>, body: Bytes) -> anyhow::Result<Bytes> {
    match encoding {
        None | Some("identity" | "") => Ok(body),
        Some("gzip") => {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(body.as_ref()).read_to_end(&mut plain).context("bad gzip")?;
            Ok(plain.into())
        }
        Some("zstd") => Ok(zstd::decode_all(body.as_ref()).context("bad zstd")?.into()),
        Some(other) => anyhow::bail!("unknown encoding {other}"),
    }
}
