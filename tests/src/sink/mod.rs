//! An OTLP backend, gRPC and HTTP, that records what it gets and answers as told.
//!
//! Bodies are kept as they were encoded (after undoing compression) and decoded only when a test asks. Answers come
//! from a script: each [`Answer`] serves one request, in order of arrival; without one the request is accepted.

mod answer;
mod receipts;
mod reply;
mod server;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use answer::Answer;
pub use receipts::{Receipt, Receipts, Transport};

use crate::{Signal, ports};

/// How long tests wait for what must happen; long enough for a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running backend; it ends with this value.
#[derive(Debug)]
pub struct Sink {
    grpc: SocketAddr,
    http: SocketAddr,
    shared: Arc<server::Shared>,
    _servers: JoinSet<()>,
}

impl Sink {
    /// Starts a backend on two free loopback ports.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_at(ANY, ANY).await
    }

    /// Starts a backend that speaks TLS on both ports; see [`crate::tls::server`].
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start_tls(config: ServerConfig) -> anyhow::Result<Self> {
        Self::listen(ANY, ANY, Some(config)).await
    }

    /// Starts a backend on the addresses given, to come back where one has been before.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub async fn start_at(grpc: SocketAddr, http: SocketAddr) -> anyhow::Result<Self> {
        Self::listen(grpc, http, None).await
    }

    async fn listen(grpc: SocketAddr, http: SocketAddr, tls: Option<ServerConfig>) -> anyhow::Result<Self> {
        let (grpc, http) = (bind(grpc).await?, bind(http).await?);
        let (grpc_address, http_address) = (grpc.local_addr()?, http.local_addr()?);
        let shared = Arc::new(server::Shared::default());
        let mut servers = JoinSet::new();
        servers.spawn(server::serve(grpc, Transport::Grpc, tls.clone(), Arc::clone(&shared)));
        servers.spawn(server::serve(http, Transport::Http, tls, Arc::clone(&shared)));
        Ok(Self { grpc: grpc_address, http: http_address, shared, _servers: servers })
    }

    /// Where it takes gRPC: `127.0.0.1:port`.
    #[must_use]
    pub fn grpc_address(&self) -> SocketAddr {
        self.grpc
    }

    /// Where it takes HTTP: `127.0.0.1:port`.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// Where it takes HTTP, as exporters write it: `http://127.0.0.1:port`.
    #[must_use]
    pub fn http_endpoint(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Lets each of `answers` serve one of the next requests, after those already scripted.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.script(answers);
    }

    /// Lets `answer` serve every request for which nothing is scripted, until told otherwise.
    pub fn otherwise(&self, answer: Answer) {
        self.shared.otherwise(answer);
    }

    /// Everything that arrived so far, refused requests included.
    #[must_use]
    pub fn receipts(&self) -> Receipts {
        self.shared.receipts()
    }

    /// Connections opened so far, on both ports.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Waits until what arrived satisfies `enough`, and returns it.
    ///
    /// # Errors
    /// When that takes longer than [`PATIENCE`]; the error says what had arrived.
    pub async fn wait_until(&self, enough: impl Fn(&Receipts) -> bool) -> anyhow::Result<Receipts> {
        let mut changes = self.shared.changes();
        let satisfied = async {
            loop {
                let receipts = self.shared.receipts();
                if enough(&receipts) {
                    return Ok(receipts);
                }
                changes.changed().await?;
            }
        };
        tokio::time::timeout(PATIENCE, satisfied).await.unwrap_or_else(|_| {
            let summary = self.shared.receipts().summary();
            anyhow::bail!("waited {PATIENCE:?} in vain; so far: {summary}")
        })
    }

    /// Waits until `count` items of one signal were accepted, and returns all that arrived.
    ///
    /// # Errors
    /// As [`Sink::wait_until`].
    pub async fn wait_for_items(&self, signal: Signal, count: u64) -> anyhow::Result<Receipts> {
        self.wait_until(|receipts| receipts.items(signal) >= count).await
    }
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    if address.port() == 0 {
        let listener = ports::listen()?;
        listener.set_nonblocking(true)?;
        return Ok(TcpListener::from_std(listener)?);
    }
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}
