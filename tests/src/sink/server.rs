//! The two listeners and what happens to one request.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message as _;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::answer::{Answer, Reply};
use super::receipts::{self, Receipt, Receipts, Transport};
use crate::status::{Code, Status};
use crate::{Signal, framing};

type Body = UnsyncBoxBody<Bytes, Infallible>;

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
pub(super) async fn serve(listener: TcpListener, transport: Transport, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                shared.state().connections += 1;
                shared.changed.send_replace(());
                connections.spawn(connection(stream, transport, Arc::clone(&shared)));
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, transport: Transport, shared: Arc<Shared>) {
    // Dropping the stream resets the connection only where asked for; see `Reply::Disconnect`.
    let _ = stream.set_nodelay(true);
    let cut = Arc::new(Notify::new());
    let linger = SockRef::from(&stream).try_clone_socket();
    let io = TokioIo::new(stream);
    let service = service_fn(|request| handle(request, transport, Arc::clone(&shared), Arc::clone(&cut)));
    let until_cut = async {
        cut.notified().await;
        if let Some(socket) = &linger {
            let _ = socket.set_linger(Some(Duration::ZERO));
        }
    };
    match transport {
        Transport::Grpc => {
            let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            server.timer(TokioTimer::new()).initial_stream_window_size(WINDOW);
            server.initial_connection_window_size(WINDOW);
            future::select(std::pin::pin!(until_cut), server.serve_connection(io, service)).await;
        }
        Transport::Http => {
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new());
            future::select(std::pin::pin!(until_cut), server.serve_connection(io, service)).await;
        }
    }
}

/// A second handle to the socket, to set an option after the first one has been given away.
trait TryCloneSocket {
    fn try_clone_socket(&self) -> Option<socket2::Socket>;
}

impl TryCloneSocket for SockRef<'_> {
    fn try_clone_socket(&self) -> Option<socket2::Socket> {
        self.try_clone().ok()
    }
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
        return Ok(not_found(transport));
    };
    let Ok(body) = body.collect().await else { return Err(Reset) };
    let wire_body = body.to_bytes();
    let answer = shared.next_answer();
    let receipt = read(signal, transport, parts.headers, wire_body, answer.keeps);
    let (receipt, answer) = match receipt {
        Ok(receipt) => (receipt, answer),
        Err(error) => return Ok(refusal(transport, false, &Status::new(Code::InvalidArgument, &format!("{error:#}"), None))),
    };
    let json = receipt.is_json();
    shared.record(receipt);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.reply {
        Reply::Accept => Ok(success(transport, json, signal, None)),
        Reply::PartialSuccess { rejected, message } => Ok(success(transport, json, signal, Some((rejected, message)))),
        Reply::Status(status) => Ok(refusal(transport, json, &status)),
        Reply::Http { status, headers, body } => Ok(plain(status, &headers, body)),
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

fn success(transport: Transport, json: bool, signal: Signal, partial: Option<(i64, String)>) -> Response<Body> {
    if json {
        let body = partial.map_or_else(
            || "{}".to_owned(),
            |(rejected, message)| {
                let key = match signal {
                    Signal::Traces => "rejectedSpans",
                    Signal::Metrics => "rejectedDataPoints",
                    Signal::Logs => "rejectedLogRecords",
                };
                let facts = serde_json::json!({ key: rejected.to_string(), "errorMessage": message });
                serde_json::json!({ "partialSuccess": facts }).to_string()
            },
        );
        return response(200, &[("content-type", "application/json")], full(body.into()));
    }
    let message = match signal {
        Signal::Traces => {
            let partial_success = partial.map(|(rejected_spans, error_message)| ExportTracePartialSuccess { rejected_spans, error_message });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        }
        Signal::Metrics => {
            let partial_success = partial.map(|(rejected_data_points, error_message)| ExportMetricsPartialSuccess { rejected_data_points, error_message });
            ExportMetricsServiceResponse { partial_success }.encode_to_vec()
        }
        Signal::Logs => {
            let partial_success = partial.map(|(rejected_log_records, error_message)| ExportLogsPartialSuccess { rejected_log_records, error_message });
            ExportLogsServiceResponse { partial_success }.encode_to_vec()
        }
    };
    match transport {
        Transport::Http => response(200, &[("content-type", "application/x-protobuf")], full(message.into())),
        Transport::Grpc => {
            let trailers = HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-status"),
                HeaderValue::from_static("0"),
            )]);
            let framed = framing::frame(&message).unwrap_or_default();
            let body = Full::new(framed).with_trailers(future::ready(Some(Ok(trailers))));
            response(200, &[("content-type", "application/grpc")], body.boxed_unsync())
        }
    }
}

fn refusal(transport: Transport, json: bool, status: &Status) -> Response<Body> {
    match transport {
        Transport::Grpc => {
            let code = status.code.to_string();
            let details = base64(&status.encode_to_vec());
            let message: String = status.message.bytes().flat_map(percent).collect();
            let headers = [
                ("content-type", "application/grpc"),
                ("grpc-status", &code),
                ("grpc-message", &message),
                ("grpc-status-details-bin", &details),
            ];
            response(200, &headers, Empty::new().boxed_unsync())
        }
        Transport::Http => {
            let http_status = match status.code {
                3 | 9 | 11 => 400,
                7 => 403,
                8 => 429,
                12 => 404,
                16 => 401,
                1 | 4 | 10 | 14 | 15 => 503,
                _ => 500,
            };
            let (content_type, body) = if json {
                let body = serde_json::json!({ "code": status.code, "message": status.message });
                ("application/json", body.to_string().into())
            } else {
                ("application/x-protobuf", status.encode_to_vec().into())
            };
            let delay = status.retry_delay().map(|delay| delay.as_secs().to_string());
            let mut headers = vec![("content-type", content_type)];
            headers.extend(delay.as_deref().map(|seconds| ("retry-after", seconds)));
            response(http_status, &headers, full(body))
        }
    }
}

fn not_found(transport: Transport) -> Response<Body> {
    match transport {
        Transport::Grpc => refusal(transport, false, &Status::new(Code::Unimplemented, "unknown method", None)),
        Transport::Http => plain(404, &[], "404 page not found"),
    }
}

fn plain(status: u16, headers: &[(&'static str, String)], body: &'static str) -> Response<Body> {
    let mut all = vec![("content-type", "text/plain")];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    response(status, &all, full(body.into()))
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}

fn response(status: u16, headers: &[(&'static str, &str)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// Percent-encoding as `grpc-message` wants it.
fn percent(byte: u8) -> Vec<char> {
    if (0x20..0x7f).contains(&byte) && byte != b'%' {
        vec![char::from(byte)]
    } else {
        format!("%{byte:02X}").chars().collect()
    }
}

/// Base64 without padding, as `-bin` metadata wants it.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let sextet = usize::try_from(number >> (18 - 6 * place) & 63).unwrap_or(0);
            text.extend(ALPHABET.get(sextet).map(|byte| char::from(*byte)));
        }
    }
    text
}
#[cfg(any())]
use Frame as _;
