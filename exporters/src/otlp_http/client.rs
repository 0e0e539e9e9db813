//! Connections to one host, kept for later requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::config::Idle;
use crate::otlp::connect::{CallError, ConnectError, Connector, Route};
use crate::otlp::rope::RopeBody;

/// Longest head of an answer.
const HEAD_LIMIT: usize = 16 * 1024;

/// Time to answer a ping when the configuration does not say.
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// Sends requests to one host.
pub(crate) struct Client {
    connector: Connector,
    idle: Idle,
    http2: http2::Builder<TokioExecutor>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Shared by all requests, once the host has agreed to HTTP/2.
    shared: Option<Made<http2::SendRequest<RopeBody>>>,
    /// Of HTTP/1.1; the one used last comes last.
    idle: Vec<(Made<http1::SendRequest<RopeBody>>, Instant)>,
    connections: JoinSet<()>,
}

/// A connection, and the generation of the certificates that it was made with.
struct Made<S> {
    sender: S,
    generation: u64,
}

enum Sender {
    Http1(Made<http1::SendRequest<RopeBody>>),
    Http2(http2::SendRequest<RopeBody>),
}

/// A connection of HTTP/1.1 that is busy until its answer has been read.
pub(crate) struct Busy(Made<http1::SendRequest<RopeBody>>);

impl Client {
    pub(crate) fn new(
        connector: Connector,
        idle: Idle,
        ping_after: Duration,
        ping_timeout: Duration,
    ) -> Self {
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).max_header_list_size(16 * 1024);
        if !ping_after.is_zero() {
            let timeout = if ping_timeout.is_zero() { PING_TIMEOUT } else { ping_timeout };
            http2.keep_alive_interval(ping_after).keep_alive_timeout(timeout).keep_alive_while_idle(true);
        }
        Self { connector, idle, http2, state: Mutex::default() }
    }

    /// Sends the request that `make` makes for the given URL. It is sent a second time, over a new
    /// connection, when it had not yet been written to one that was kept: servers close idle connections at
    /// any time. A busy connection is to be given back by [`Client::keep`] when the answer has been read.
    pub(crate) async fn call(
        &self,
        uri: &Uri,
        make: impl Fn() -> Request<RopeBody>,
    ) -> Result<(Response<Incoming>, Option<Busy>), CallError> {
        if let Some(sender) = self.kept().await {
            match self.send(sender, uri, make()).await {
                Ok(answer) => return Ok(answer),
                Err(Failed { unsent: true, .. }) => {}
                Err(Failed { error, .. }) => return Err(CallError::Request(error)),
            }
        }
        let sender = self.connect().await?;
        self.send(sender, uri, make()).await.map_err(|failed| CallError::Request(failed.error))
    }

    /// The credentials for a proxy that reads requests.
    pub(crate) const fn proxy_authorization(&self) -> Option<&HeaderValue> {
        match &self.connector.route {
            Route::Forward(proxy) => proxy.authorization.as_ref(),
            Route::Direct | Route::Tunnel(_) => None,
        }
    }

    /// Takes back a connection whose answer has been read to its end.
    pub(crate) fn keep(&self, Busy(made): Busy) {
        let mut state = self.lock();
        if state.idle.len() < self.idle.most && !made.sender.is_closed() {
            state.idle.push((made, Instant::now()));
        }
    }

    /// Ends all connections, once what is being sent has been answered.
    pub(crate) async fn close(&self) {
        let mut connections = {
            let mut state = self.lock();
            state.shared = None;
            state.idle.clear();
            std::mem::take(&mut state.connections)
        };
        while connections.join_next().await.is_some() {}
    }

    /// A connection that is open already. Those with old certificates are left to the requests that are on them.
    async fn kept(&self) -> Option<Sender> {
        let generation = self.connector.generation().await;
        loop {
            let mut made = {
                let mut state = self.lock();
                if let Some(Made { sender, .. }) = state
                    .shared
                    .as_ref()
                    .filter(|made| made.generation >= generation && !made.sender.is_closed())
                {
                    return Some(Sender::Http2(sender.clone()));
                }
                let timeout = self.idle.timeout;
                state.idle.retain(|(made, since)| {
                    made.generation >= generation
                        && !made.sender.is_closed()
                        && timeout.is_none_or(|timeout| since.elapsed() < timeout)
                });
                state.idle.pop()?.0
            };
            // Its task may not have seen the end of the last answer yet, or the end of the connection.
            if made.sender.ready().await.is_ok() {
                return Some(Sender::Http1(made));
            }
        }
    }

    async fn connect(&self) -> Result<Sender, ConnectError> {
        let failed = |source| ConnectError::Http { host: self.connector.target.authority(), source };
        let connected = self.connector.connect().await?;
        let generation = connected.generation;
        if connected.http2 {
            let (sender, connection) = self.http2.handshake(connected.io).await.map_err(failed)?;
            let mut state = self.lock();
            state.spawn(async { drop(connection.await) });
            state.shared = Some(Made { sender: sender.clone(), generation });
            return Ok(Sender::Http2(sender));
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_LIMIT.max(64 * 1024));
        let (sender, connection) = builder.handshake(connected.io).await.map_err(failed)?;
        self.lock().spawn(async { drop(connection.await) });
        Ok(Sender::Http1(Made { sender, generation }))
    }

    async fn send(
        &self,
        sender: Sender,
        uri: &Uri,
        mut request: Request<RopeBody>,
    ) -> Result<(Response<Incoming>, Option<Busy>), Failed> {
        match sender {
            Sender::Http1(mut made) => {
                // A proxy that reads requests wants the whole URL, everybody else the path.
                *request.uri_mut() = match self.connector.route {
                    Route::Forward(_) => uri.clone(),
                    Route::Direct | Route::Tunnel(_) => path(uri),
                };
                match made.sender.try_send_request(request).await {
                    Ok(response) => Ok((response, Some(Busy(made)))),
                    Err(error) => {
                        Err(Failed { unsent: error.message().is_some(), error: error.into_error() })
                    }
                }
            }
            Sender::Http2(mut sender) => {
                *request.version_mut() = Version::HTTP_2;
                *request.uri_mut() = uri.clone();
                request.headers_mut().remove(http::header::HOST);
                match sender.try_send_request(request).await {
                    Ok(response) => Ok((response, None)),
                    Err(error) => {
                        Err(Failed { unsent: error.message().is_some(), error: error.into_error() })
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn spawn(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        // Forget those that have ended.
        while self.connections.try_join_next().is_some() {}
        self.connections.spawn(connection);
    }
}

struct Failed {
    error: hyper::Error,
    /// Whether nothing of the request was written.
    unsent: bool,
}

fn path(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned();
    Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
}
