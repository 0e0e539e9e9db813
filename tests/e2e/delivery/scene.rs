//! An agent with its queue on disk, which can be started again and again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::metrics_page::MetricsPage;
use edgewatch_tests::process;
use edgewatch_tests::sink::Sink;
use tempfile::TempDir;

/// Deliveries under way at a time.
pub(super) const CONSUMERS: usize = 4;

/// What stays when an agent ends.
pub(super) struct Scene {
    folder: Arc<TempDir>,
    /// Where the queues are.
    pub(super) storage: PathBuf,
    fsync: &'static str,
    more: Vec<String>,
}

impl Scene {
    /// Queues in the folder of the agent, with this policy of syncing.
    pub(super) fn new(fsync: &'static str) -> anyhow::Result<Self> {
        let folder = Arc::new(TempDir::with_prefix("edgewatch-")?);
        let storage = folder.path().join("queue");
        Ok(Self { folder, storage, fsync, more: Vec::new() })
    }

    /// Queues elsewhere.
    pub(super) fn stored_in(mut self, storage: &Path) -> Self {
        self.storage = storage.to_owned();
        self
    }

    /// Merges more configuration, in YAML, over what is there.
    pub(super) fn with(mut self, yaml: impl Into<String>) -> Self {
        self.more.push(yaml.into());
        self
    }

    /// Writes `yaml` to the last of the configuration files of agents that start from now on.
    pub(super) fn overlay(&self, yaml: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.overlay_path(), yaml)?)
    }

    fn overlay_path(&self) -> PathBuf {
        self.folder.path().join("overlay.yaml")
    }

    /// The same, and has `agent` read its configuration again; waits until that has ended with `outcome`.
    pub(super) async fn reload(&self, agent: &Forwarder, yaml: &str, outcome: &str) -> anyhow::Result<()> {
        let before = reloads(&agent.own_metrics().await?, outcome);
        self.overlay(yaml)?;
        process::signal(agent.agent.pid(), process::HUP)?;
        let page = agent.wait_for_own_metrics(|page| reloads(page, outcome) > before).await;
        page.map(drop).map_err(|error| error.context(agent.agent.stderr()))
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts an agent that sends to `sink` what it takes in and what its predecessors have left.
    pub(super) async fn start(&self, sink: &Sink) -> anyhow::Result<Forwarder> {
        self.start_towards(Forwarder::to(sink)?).await
    }

    /// The same with other ways in or out.
    pub(super) async fn start_towards(&self, builder: Builder) -> anyhow::Result<Forwarder> {
        let (storage, fsync) = (self.storage.display(), self.fsync);
        let mut builder = builder
            .in_folder(Arc::clone(&self.folder))
            .argument("--state-directory")
            .argument(&self.folder.path().join("state").display().to_string())
            .with(&format!(
                "{{extensions: {{file_storage: {{directory: '{storage}', create_directory: true, fsync: {fsync}}}}},
                service: {{extensions: [file_storage]}}}}"
            ))
            .with(&format!(
                "exporters: {{otlp_grpc: {{timeout: 2s, retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms}},
                sending_queue: {{storage: file_storage, num_consumers: {CONSUMERS}}}}}}}"
            ));
        for yaml in &self.more {
            builder = builder.with(yaml);
        }
        if !self.overlay_path().exists() {
            self.overlay("{}")?;
        }
        builder.argument("--config").argument(&self.overlay_path().display().to_string()).start().await
    }
}

fn reloads(page: &MetricsPage, outcome: &str) -> f64 {
    page.value("edgewatch_config_reloads", &[("outcome", outcome)]).unwrap_or_default()
}

/// Waits until nothing waits in the queues of `agent`.
pub(super) async fn drained(agent: &Forwarder) -> anyhow::Result<()> {
    agent.wait_for_own_metrics(|page| page.value("otelcol_exporter_queue_size", &[]) == Some(0.0)).await?;
    Ok(())
}
