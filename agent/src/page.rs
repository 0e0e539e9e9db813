//! A page that the agent serves about itself: small answers to GET, on HTTP/1.1, for probes and scrapers.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::listeners::{Listeners, Listening};
use edgewatch_core::probe::{Probe, ProbeContext};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Clients that are served at the same time; more wait.
const CONNECTIONS: usize = 32;
/// A client that has not sent a request by then is cut off.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after the system refused to accept a connection, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// `host:port` with brackets where an address needs them; without a host, every address.
pub(crate) fn address(host: &str, port: u16) -> String {
    match host {
        "" => format!("0.0.0.0:{port}"),
        host if host.contains(':') => format!("[{host}]:{port}"),
        host => format!("{host}:{port}"),
    }
}

/// Whether a page could be served on `address` with `port`, which stands at `key` and is wanted by `owner`.
pub(crate) fn probe(
    key: &'static str,
    address: &str,
    port: u16,
    owner: String,
    context: &ProbeContext,
) -> Probe {
    let (address, ports) = (address.to_owned(), context.ports.clone());
    Probe::new(key, format!("listening on {address}"), async move {
        match TcpListener::bind(&address).await {
            Ok(listener) => {
                ports.hold(port, owner, listener);
                Ok(())
            }
            Err(error) => Err(ports.trouble(key, &address, port, &error)),
        }
    })
}

/// What is shown: status, media type and text.
pub struct Shown {
    /// HTTP status.
    pub status: StatusCode,
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub text: String,
}

/// Makes the page when somebody asks.
type Show = dyn Fn() -> Shown + Send + Sync;

/// One page at one address. Listens once made, answers when run.
pub struct Page {
    listener: Listening<TcpListener>,
    path: String,
    show: Arc<Show>,
}

impl Page {
    /// Listens on `address`, such as `localhost:8888`, for requests to `path`.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub async fn bind(
        listeners: &Listeners,
        address: &str,
        path: &str,
        show: impl Fn() -> Shown + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
        let mut listener = None;
        // A host without IPv6, or without IPv4, still has the other.
        for address in tokio::net::lookup_host(address).await? {
            match listeners.tcp(address) {
                Ok(found) => {
                    listener = Some(found);
                    break;
                }
                Err(error) => failure = error,
            }
        }
        let listener = listener.ok_or(failure)?;
        Ok(Self { listener, path: path.to_owned(), show: Arc::new(show) })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` fires.
    pub async fn run(self, stop: CancellationToken) {
        let path: Arc<str> = self.path.into();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(serve(stream, Arc::clone(&path), Arc::clone(&self.show)));
                    }
                    Err(error) => {
                        warn!(page = &*path, %error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
        connections.shutdown().await;
    }
}

async fn serve(stream: TcpStream, path: Arc<str>, show: Arc<Show>) {
    let answer = service_fn(move |request| {
        let response = respond(&request, &path, &*show);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIMEOUT).max_buf_size(16 * 1024);
    // A client that goes away in the middle is not worth a word.
    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
}

fn respond(request: &Request<Incoming>, path: &str, show: &Show) -> Response<Full<Bytes>> {
    let plain = |status, text| Shown { status, content_type: "text/plain; charset=utf-8", text };
    let shown = if request.uri().path() != path {
        plain(StatusCode::NOT_FOUND, format!("the page is at {path}\n"))
    } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
        plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n".to_owned())
    } else {
        show()
    };
    let mut response = Response::new(Full::from(shown.text));
    *response.status_mut() = shown.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(shown.content_type));
    if shown.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// A client for the tests of pages.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use http_body_util::{BodyExt, Empty};

    /// Status and text of the page at `path`.
    pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
        let stream = TcpStream::connect(address).await.expect("listening");
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("http");
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "localhost").body(Empty::<Bytes>::new());
        let response = sender.send_request(request.expect("valid")).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }
}
