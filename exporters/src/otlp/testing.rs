//! A destination in the test's hands: a real server on a port of this machine.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::{Batch, Segments};
use futures_util::stream;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;

use super::connect::Io;

pub(crate) type Body = BoxBody<Bytes, BrokenOff>;
type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;
type Handler = Arc<dyn Fn(Received) -> Answering + Send + Sync>;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) uri: http::Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Lets a response break off.
#[derive(Debug, thiserror::Error)]
#[error("broken off by the test")]
pub(crate) struct BrokenOff;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    hang_up: Arc<Notify>,
    received: mpsc::UnboundedReceiver<Received>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves `answer` to every request.
    pub(crate) async fn start<F, A>(protocol: Protocol, tls: Option<TlsAcceptor>, answer: F) -> Self
    where
        F: Fn(Received) -> A + Send + Sync + 'static,
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (sender, received) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let hang_up = Arc::new(Notify::new());
        let hung_up = Arc::clone(&hang_up);
        let handler: Handler = Arc::new(move |received| Box::pin(answer(received)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                counter.fetch_add(1, Ordering::Relaxed);
                let (handler, sender, tls) = (Arc::clone(&handler), sender.clone(), tls.clone());
                let hung_up = Arc::clone(&hung_up);
                tokio::spawn(async move {
                    let io: Box<dyn Io> = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => return,
                        },
                        None => Box::new(stream),
                    };
                    tokio::select! {
                        () = serve(protocol, io, handler, sender) => {}
                        () = hung_up.notified() => {}
                    }
                });
            }
        });
        Self { address, connections, hang_up, received, task }
    }

    /// Connections made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Drops all connections without a word.
    pub(crate) fn hang_up(&self) {
        self.hang_up.notify_waiters();
    }

    pub(crate) fn received(&mut self) -> Received {
        self.try_received().expect("a request")
    }

    pub(crate) fn try_received(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    protocol: Protocol,
    io: Box<dyn Io>,
    handler: Handler,
    sender: mpsc::UnboundedSender<Received>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (handler, sender) = (Arc::clone(&handler), sender.clone());
        async move {
            let (head, body) = request.into_parts();
            let Ok(body) = body.collect().await else {
                return Ok::<_, Infallible>(answer(500, &[], "", None));
            };
            let received = Received { uri: head.uri, headers: head.headers, body: body.to_bytes() };
            drop(sender.send(received.clone()));
            Ok(handler(received).await)
        }
    });
    let io = TokioIo::new(io);
    match protocol {
        Protocol::Http1 => {
            drop(hyper::server::conn::http1::Builder::new().serve_connection(io, service).await)
        }
        Protocol::Http2 => {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            drop(builder.serve_connection(io, service).await);
        }
    }
}

/// A response with `body`, and `trailers` behind it.
pub(crate) fn answer(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
    trailers: Option<&[(&str, &str)]>,
) -> Response<Body> {
    let mut frames = vec![Ok(Frame::data(body.into()))];
    frames.extend(trailers.map(|trailers| Ok(Frame::trailers(header_map(trailers)))));
    respond(status, headers, frames)
}

/// A response that breaks off behind `body`.
pub(crate) fn broken(status: u16, headers: &[(&str, &str)], body: &'static str) -> Response<Body> {
    respond(status, headers, vec![Ok(Frame::data(Bytes::from(body))), Err(BrokenOff)])
}

fn respond(
    status: u16,
    headers: &[(&str, &str)],
    frames: Vec<Result<Frame<Bytes>, BrokenOff>>,
) -> Response<Body> {
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(stream::iter(frames))));
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    *response.headers_mut() = header_map(headers);
    response
}

fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    let name = |name: &str| http::HeaderName::try_from(name).expect("a name");
    headers.iter().map(|(key, value)| (name(key), value.parse().expect("a value"))).collect()
}

/// A batch of `segments` encoded requests with `spans` spans each.
pub(crate) fn batch(segments: usize, spans: usize) -> Batch {
    batch_for(segments, spans, Ack::none())
}

pub(crate) fn batch_for(segments: usize, spans: usize, ack: Ack) -> Batch {
    let requests: Segments =
        (0..segments).map(|segment| Bytes::from(request(segment, spans).encode_to_vec())).collect();
    Batch::of_segments(Signal::Traces, requests, segments * spans, ack)
}

fn request(segment: usize, spans: usize) -> ExportTraceServiceRequest {
    let span =
        |number| Span { name: format!("span {segment}.{number} {}", "x".repeat(200)), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: (0..spans).map(span).collect(), ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

/// A proxy that answers `CONNECT` with `status` and then passes bytes on. Returns its address and the heads
/// that it saw.
pub(crate) async fn proxy(status: &'static str) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (sender, heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.expect("accepted");
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.expect("a head"));
                }
                let head = String::from_utf8(head).expect("text");
                drop(sender.send(head));
                client.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.expect("written");
                if let Some(port) = status.strip_prefix("200 to ") {
                    let mut server =
                        TcpStream::connect(format!("127.0.0.1:{port}")).await.expect("connected");
                    drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                }
            });
        }
    });
    (address, heads)
}
