//! The one connection to the destination.

use std::time::Duration;

use edgewatch_core::config::Duration as Setting;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::config::Keepalive;
use crate::otlp::connect::{CallError, ConnectError, Connector};
use crate::otlp::rope::RopeBody;

/// Answers are small; so is the memory that a destination may make us hold.
const WINDOW: u32 = 64 * 1024;

/// Most bytes of header fields in an answer.
const HEADER_LIMIT: u32 = 16 * 1024;

/// Servers of gRPC end connections that ask more often; gRPC's own clients have the same limit.
const SHORTEST_KEEPALIVE: Duration = Duration::from_secs(10);

/// First and longest pause between connections that fail, for `wait_for_ready`.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Sends requests over one connection, which is made when it is first needed and whenever it is gone.
pub(super) struct Channel {
    connector: Connector,
    builder: Builder<TokioExecutor>,
    wait_for_ready: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts the connections, so that only the one that failed is thrown away.
    generation: u64,
    sender: Option<SendRequest<RopeBody>>,
    /// Of the certificates that the connection was made with.
    certificates: u64,
    connections: JoinSet<()>,
}

/// A sender and the connection it belongs to.
struct Ready {
    sender: SendRequest<RopeBody>,
    generation: u64,
    fresh: bool,
}

impl Channel {
    pub(super) fn new(connector: Connector, keepalive: Option<&Keepalive>, wait_for_ready: bool) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(HEADER_LIMIT);
        if let Some(keepalive) = keepalive.filter(|keepalive| keepalive.time > Setting::ZERO) {
            builder
                .keep_alive_interval(keepalive.time.get().max(SHORTEST_KEEPALIVE))
                .keep_alive_timeout(keepalive.timeout.get())
                .keep_alive_while_idle(keepalive.permit_without_stream);
        }
        Self { connector, builder, wait_for_ready, state: Mutex::default() }
    }

    /// Sends the request that `make` makes. It is sent a second time, over a new connection where the first
    /// has ended, when the destination has done nothing with it: servers end connections that are idle or old
    /// at any time.
    pub(super) async fn call(
        &self,
        make: impl Fn() -> Request<RopeBody>,
    ) -> Result<Response<Incoming>, CallError> {
        let mut resent = false;
        loop {
            let Ready { mut sender, generation, fresh } = self.ready().await?;
            let error = match sender.try_send_request(make()).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let unsent = error.message().is_some();
            let error = error.into_error();
            let failure = failure(&error);
            if failure.ends_connection {
                self.discard(generation).await;
            }
            if resent || !(failure.unprocessed || (unsent && !fresh)) {
                return Err(CallError::Request(error));
            }
            resent = true;
        }
    }

    /// Ends the connection, once what is being sent has been answered.
    pub(super) async fn close(&self) {
        let mut state = self.state.lock().await;
        state.sender = None;
        while state.connections.join_next().await.is_some() {}
    }

    async fn ready(&self) -> Result<Ready, ConnectError> {
        let certificates = self.connector.generation().await;
        let mut state = self.state.lock().await;
        let generation = state.generation;
        // A connection with old certificates is left to the requests that are on it, and ends with them.
        let current = state.certificates >= certificates;
        if let Some(sender) = state.sender.as_ref().filter(|sender| current && !sender.is_closed()) {
            return Ok(Ready { sender: sender.clone(), generation, fresh: false });
        }
        // Forget those that have ended.
        while state.connections.try_join_next().is_some() {}
        let (sender, certificates) = self.connect(&mut state.connections).await?;
        state.generation += 1;
        state.certificates = certificates;
        state.sender = Some(sender.clone());
        Ok(Ready { sender, generation: state.generation, fresh: true })
    }

    /// A new connection, and the generation of its certificates.
    async fn connect(
        &self,
        connections: &mut JoinSet<()>,
    ) -> Result<(SendRequest<RopeBody>, u64), ConnectError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.connect_once(connections).await {
                Err(_) if self.wait_for_ready => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                result => return result,
            }
        }
    }

    async fn connect_once(
        &self,
        connections: &mut JoinSet<()>,
    ) -> Result<(SendRequest<RopeBody>, u64), ConnectError> {
        let connected = self.connector.connect().await?;
        let certificates = connected.generation;
        let (sender, connection) = self
            .builder
            .handshake(connected.io)
            .await
            .map_err(|source| ConnectError::Http { host: self.connector.target.authority(), source })?;
        // How it ended is told to the requests that were on it.
        connections.spawn(async { drop(connection.await) });
        Ok((sender, certificates))
    }

    async fn discard(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.sender = None;
        }
    }
}

/// What an error says about the connection and the request.
struct Failure {
    ends_connection: bool,
    /// The destination says that it did nothing with the request.
    unprocessed: bool,
}

fn failure(error: &hyper::Error) -> Failure {
    let http2 = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    let Some(http2) = http2 else {
        return Failure { ends_connection: true, unprocessed: false };
    };
    let refused = http2.reason() == Some(h2::Reason::REFUSED_STREAM);
    // Requests that a GOAWAY leaves unanswered are those that it declares unseen.
    let leaving = http2.is_go_away() && http2.is_remote() && http2.reason() == Some(h2::Reason::NO_ERROR);
    Failure { ends_connection: !http2.is_reset(), unprocessed: refused || leaving }
}
