//! What the stories share: files, clients under load, requests with credentials.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use edgewatch_tests::client::{GrpcClient, post};
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Template};
use edgewatch_tests::sink::{Sink, Transport};
use edgewatch_tests::tls::Identity;
use edgewatch_tests::{Signal, framing};
use tempfile::TempDir;
use tokio::task::JoinSet;

pub(super) const BOTH: [Transport; 2] = [Transport::Grpc, Transport::Http];

/// Numbers far enough apart that no client reaches those of the next.
const NUMBERS_PER_CLIENT: u64 = 1_000_000;

/// The exporter for `transport`, and the endpoint of `sink` for it.
pub(super) fn exporter(sink: &Sink, transport: Transport, scheme: &str) -> (&'static str, String) {
    match transport {
        Transport::Grpc => ("otlp_grpc", format!("{scheme}://{}", sink.grpc_address())),
        Transport::Http => ("otlp_http", format!("{scheme}://{}", sink.http_address())),
    }
}

/// Every pipeline with `exporter` and no other.
pub(super) fn pipelines(exporter: &str) -> String {
    let pipelines = Signal::ALL.map(|signal| format!("{signal}: {{exporters: [{exporter}]}}")).join(", ");
    format!("service: {{pipelines: {{{pipelines}}}}}")
}

/// Files that the agent reads.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self(TempDir::with_prefix("edgewatch-security-")?))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces a file at once, as tools that renew credentials do.
    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let (new, path) = (self.path(&format!("{name}.new")), self.path(name));
        std::fs::write(&new, text)?;
        std::fs::rename(&new, &path)?;
        Ok(path)
    }

    /// Replaces `cert.pem` and `key.pem`, one after the other.
    pub(super) fn write_identity(&self, identity: &Identity) -> anyhow::Result<()> {
        self.write("cert.pem", &identity.certificate)?;
        self.write("key.pem", &identity.key)?;
        Ok(())
    }

    /// The keys of `tls` for these files.
    pub(super) fn tls(&self) -> String {
        let of = |name: &str| Path::display(&self.0.path().join(name)).to_string();
        format!("cert_file: {}, key_file: {}, reload_interval: 50ms", of("cert.pem"), of("key.pem"))
    }
}

/// Clients that send one request after the other.
pub(super) struct Load {
    clients: JoinSet<anyhow::Result<Vec<u64>>>,
    enough: Arc<AtomicBool>,
}

impl Load {
    /// Begins to send spans over each of `clients`.
    pub(super) fn begin(clients: impl IntoIterator<Item = GrpcClient>) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for (number, client) in (0..).zip(clients) {
            let enough = Arc::clone(&enough);
            tasks.spawn(async move {
                let template = Template::new(Signal::Traces);
                let mut acknowledged = Vec::new();
                let mut first = 1 + number * NUMBERS_PER_CLIENT;
                while !enough.load(Ordering::Relaxed) {
                    let reply = client.export(Signal::Traces, &template.request(first)).await?;
                    anyhow::ensure!(reply.code() == Some(0), "{reply:?}");
                    acknowledged.push(first);
                    first += ITEMS_PER_REQUEST;
                }
                Ok(acknowledged)
            });
        }
        Self { clients: tasks, enough }
    }

    /// Ends, and checks that everything that was acknowledged has reached `sink` once.
    pub(super) async fn end(mut self, sink: &Sink) -> anyhow::Result<()> {
        self.enough.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        while let Some(client) = self.clients.join_next().await {
            acknowledged.extend(client??);
        }
        let items = acknowledged.len() as u64 * ITEMS_PER_REQUEST;
        let tally = sink.wait_for_items(Signal::Traces, items).await?.tally(Signal::Traces)?;
        let numbers = acknowledged.iter().flat_map(|first| *first..*first + ITEMS_PER_REQUEST);
        assert_eq!((tally.missing(numbers), tally.duplicated()), (vec![], vec![]));
        Ok(())
    }
}

/// Sends one request with `authorization`; whether it is let in.
pub(super) async fn is_let_in(
    forwarder: &Forwarder,
    transport: Transport,
    authorization: Option<&str>,
) -> anyhow::Result<bool> {
    let request = Template::new(Signal::Logs).request(1);
    match transport {
        Transport::Grpc => {
            let mut head = GrpcClient::request(Signal::Logs.grpc_path())?;
            if let Some(value) = authorization {
                head.headers_mut().insert("authorization", value.parse()?);
            }
            let reply = forwarder.client().await?.call(head, vec![framing::frame(&request)?]).await?;
            match reply.code() {
                Some(0) => Ok(true),
                Some(16) => Ok(false),
                other => anyhow::bail!("{other:?}: {reply:?}"),
            }
        }
        Transport::Http => over_http(forwarder.http, authorization, request).await,
    }
}

async fn over_http(address: SocketAddr, authorization: Option<&str>, body: Bytes) -> anyhow::Result<bool> {
    let mut headers = vec![("content-type", "application/x-protobuf")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    let reply = post(address, Signal::Logs.http_path(), &headers, body).await?;
    match reply.status.as_u16() {
        200 => Ok(true),
        401 if reply.header("www-authenticate").is_some() => Ok(false),
        other => anyhow::bail!("{other}: {reply:?}"),
    }
}
