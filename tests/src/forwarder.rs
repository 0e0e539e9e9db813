//! An agent between clients and a [`Sink`]: OTLP in on free ports, `otlp_grpc` out, and its page of own metrics.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::agent::{self, Agent};
use crate::client::GrpcClient;
use crate::metrics_page::MetricsPage;
use crate::ports;
use crate::sink::{PATIENCE, Sink};

/// A running agent and where it listens.
#[derive(Debug)]
pub struct Forwarder {
    /// The process.
    pub agent: Agent,
    /// Where it takes OTLP/gRPC.
    pub grpc: SocketAddr,
    /// Where it takes OTLP/HTTP.
    pub http: SocketAddr,
    /// Where it shows its own metrics.
    pub metrics: SocketAddr,
}

/// How a forwarder is configured and started.
#[derive(Debug)]
pub struct Builder {
    agent: agent::Builder,
    grpc: SocketAddr,
    http: SocketAddr,
    metrics: SocketAddr,
}

impl Forwarder {
    /// A forwarder that sends everything to `sink` as it comes: no processors, no compression.
    ///
    /// # Errors
    /// When the system has no free port.
    pub fn to(sink: &Sink) -> anyhow::Result<Builder> {
        Self::to_address(sink.grpc_address())
    }

    /// The same for an address where a backend may or may not listen.
    ///
    /// # Errors
    /// When the system has no free port.
    pub fn to_address(backend: SocketAddr) -> anyhow::Result<Builder> {
        let (grpc, http, metrics) = (ports::free()?, ports::free()?, ports::free()?);
        let config = serde_json::json!({
            "receivers": { "otlp": { "protocols": {
                "grpc": { "endpoint": grpc }, "http": { "endpoint": http },
            } } },
            "exporters": { "otlp_grpc": {
                "endpoint": backend, "tls": { "insecure": true }, "compression": "none",
            } },
            "service": {
                "telemetry": { "metrics": { "readers": [
                    { "pull": { "exporter": { "prometheus": { "host": "127.0.0.1", "port": metrics.port() } } } },
                ] } },
                "pipelines": {
                    "traces": { "receivers": ["otlp"], "exporters": ["otlp_grpc"] },
                    "metrics": { "receivers": ["otlp"], "exporters": ["otlp_grpc"] },
                    "logs": { "receivers": ["otlp"], "exporters": ["otlp_grpc"] },
                },
            },
        });
        // JSON is YAML.
        Ok(Builder { agent: Agent::with_config(config.to_string()), grpc, http, metrics })
    }

    /// A connection to its gRPC port.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn client(&self) -> anyhow::Result<GrpcClient> {
        GrpcClient::connect(self.grpc).await
    }

    /// Its own metrics at this moment.
    ///
    /// # Errors
    /// When the page cannot be fetched or read.
    pub async fn own_metrics(&self) -> anyhow::Result<MetricsPage> {
        MetricsPage::fetch(self.metrics).await
    }

    /// Fetches its own metrics until they satisfy `enough`.
    ///
    /// # Errors
    /// When that takes longer than [`PATIENCE`]; the error contains the last page.
    pub async fn wait_for_own_metrics(
        &self,
        enough: impl Fn(&MetricsPage) -> bool,
    ) -> anyhow::Result<MetricsPage> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let page = self.own_metrics().await?;
            if enough(&page) {
                return Ok(page);
            }
            anyhow::ensure!(tokio::time::Instant::now() < deadline, "waited in vain; the last page:\n{page}");
            // A page has no news to subscribe to.
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Between two looks at something that sends no news.
const POLL: std::time::Duration = std::time::Duration::from_millis(20);

impl Builder {
    /// Merges more configuration, in YAML, over what is there.
    #[must_use]
    pub fn with(mut self, yaml: &str) -> Self {
        self.agent = self.agent.argument("--config").argument(format!("yaml:{yaml}"));
        self
    }

    /// Adds a command-line argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.agent = self.agent.argument(argument);
        self
    }

    /// Uses an existing folder: one that holds further files, or that another agent has left.
    #[must_use]
    pub fn in_folder(mut self, folder: Arc<TempDir>) -> Self {
        self.agent = self.agent.in_folder(folder);
        self
    }

    /// Uses this binary instead of the one under test: a script that starts it, say.
    #[must_use]
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.agent = self.agent.binary(path);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.agent = self.agent.environment(name, value);
        self
    }

    /// Starts the agent and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the error contains what it wrote.
    pub async fn start(self) -> anyhow::Result<Forwarder> {
        let Self { agent, grpc, http, metrics } = self;
        Ok(Forwarder { agent: agent.start().await?, grpc, http, metrics })
    }

    /// Starts the agent and waits until it listens, for those that do not log when they are ready.
    ///
    /// # Errors
    /// When it does not listen in time; the error contains what it wrote.
    pub async fn start_when_listening(self) -> anyhow::Result<Forwarder> {
        let Self { agent, grpc, http, metrics } = self;
        let mut agent = agent.spawn()?;
        for address in [grpc, http] {
            agent.wait_for_listener(address).await?;
        }
        Ok(Forwarder { agent, grpc, http, metrics })
    }
}
