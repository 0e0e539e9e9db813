//! An agent that scores what it passes on, and what was told of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::points::{Point, Record, points, records};
use edgewatch_tests::process;
use edgewatch_tests::sink::{Receipts, Sink};
use edgewatch_tests::{Signal, count};
use prost::Message;
use tempfile::TempDir;

use super::usual::{Faulty, World};

/// What stays when an agent ends: its folder, and the backend.
pub(super) struct Scene {
    folder: Arc<TempDir>,
    pub(super) sink: Sink,
    more: Vec<String>,
}

/// One agent, from its start to its end, and what it was sent.
pub(super) struct Life {
    pub(super) agent: Forwarder,
    client: GrpcClient,
    /// Requests of metrics.
    sent: Vec<Bytes>,
}

/// All that the backend has got.
pub(super) struct Told {
    pub(super) points: Vec<Point>,
    /// Starts and ends of anomalies, in the order of their times.
    pub(super) events: Vec<Record>,
    pub(super) receipts: Receipts,
}

impl Scene {
    /// Metrics are scored, and events go where logs go. Only what is very unlikely is an event: chance shall not tell stories.
    pub(super) async fn new() -> anyhow::Result<Self> {
        let (folder, sink) = (Arc::new(TempDir::with_prefix("edgewatch-")?), Sink::start().await?);
        let scene = Self { folder, sink, more: Vec::new() };
        scene.overlay("{}")?;
        Ok(scene
            .with("processors: {anomaly: {event_probability: 1e-6}}")
            .with("service: {pipelines: {metrics: {processors: [anomaly]}, logs: {receivers: [otlp, anomaly]}}}")
            .with("exporters: {otlp_grpc: {sending_queue: {queue_size: 100000}}}"))
    }

    /// Merges more configuration, in YAML, over what is there.
    pub(super) fn with(mut self, yaml: &str) -> Self {
        self.more.push(yaml.to_owned());
        self
    }

    pub(super) fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    /// Starts an agent that knows what its predecessors have learned.
    pub(super) async fn start(&self) -> anyhow::Result<Life> {
        let mut builder: Builder = Forwarder::to(&self.sink)?
            .in_folder(Arc::clone(&self.folder))
            .argument("--state-directory")
            .argument(&self.state().display().to_string());
        for yaml in &self.more {
            builder = builder.with(yaml);
        }
        let agent =
            builder.argument("--config").argument(&self.overlay_path().display().to_string()).start().await?;
        let client = agent.client().await?;
        Ok(Life { agent, client, sent: Vec::new() })
    }

    /// Writes `yaml` to the last of the configuration files, has the agent read it, and waits until that is done.
    pub(super) async fn reload(&self, life: &Life, yaml: &str) -> anyhow::Result<()> {
        const APPLIED: (&str, &[(&str, &str)]) = ("edgewatch_config_reloads", &[("outcome", "applied")]);
        let before = life.agent.own_metrics().await?.value(APPLIED.0, APPLIED.1).unwrap_or_default();
        self.overlay(yaml)?;
        process::signal(life.agent.agent.pid(), process::HUP)?;
        let applied = |page: &edgewatch_tests::metrics_page::MetricsPage| {
            page.value(APPLIED.0, APPLIED.1).is_some_and(|value| value > before)
        };
        life.agent.wait_for_own_metrics(applied).await?;
        Ok(())
    }

    fn overlay(&self, yaml: &str) -> anyhow::Result<()> {
        Ok(std::fs::write(self.overlay_path(), yaml)?)
    }

    fn overlay_path(&self) -> std::path::PathBuf {
        self.folder.path().join("overlay.yaml")
    }

    /// What the backend has got up to now; all of it, when the agent has ended.
    pub(super) fn told(&self) -> anyhow::Result<Told> {
        Told::of(self.sink.receipts())
    }
}

impl Life {
    /// Sends a request and waits for its acceptance.
    pub(super) async fn send(&mut self, signal: Signal, request: &impl Message) -> anyhow::Result<()> {
        let bytes = Bytes::from(request.encode_to_vec());
        let reply = self.client.export(signal, &bytes).await?;
        anyhow::ensure!(reply.code() == Some(0), "{reply:?}");
        if signal == Signal::Metrics {
            self.sent.push(bytes);
        }
        Ok(())
    }

    /// Lets so many beats pass in `world`.
    pub(super) async fn live(
        &mut self,
        world: &mut World,
        beats: u64,
        faults: &[Faulty],
    ) -> anyhow::Result<()> {
        for _ in 0..beats {
            self.send(Signal::Metrics, &world.next(faults)).await?;
        }
        Ok(())
    }

    /// Waits until the backend has got the last request of metrics.
    pub(super) async fn arrived(&self, scene: &Scene) -> anyhow::Result<()> {
        let last = self.sent.last();
        let is_there = |receipts: &Receipts| {
            receipts.accepted(Signal::Metrics).any(|receipt| Some(&receipt.body) == last)
        };
        scene.sink.wait_until(is_there).await?;
        Ok(())
    }

    /// Has the agent end by itself, with everything delivered. Returns the requests of metrics that it was sent.
    pub(super) async fn end(mut self) -> anyhow::Result<Vec<Bytes>> {
        let (status, _) = self.agent.agent.terminate().await?;
        anyhow::ensure!(status.success(), "{status}: {}", self.agent.agent.stderr());
        Ok(self.sent)
    }
}

impl Told {
    pub(super) fn of(receipts: Receipts) -> anyhow::Result<Self> {
        let points = points(&receipts)?;
        let mut events = records(&receipts)?;
        events.retain(|record| record.event.starts_with("edgewatch.anomaly."));
        events.sort_by_key(|event| event.at);
        Ok(Self { points, events, receipts })
    }

    /// The starts of anomalies.
    pub(super) fn starts(&self) -> impl Iterator<Item = &Record> {
        self.events.iter().filter(|event| event.event == "edgewatch.anomaly.start")
    }

    /// Service and metric of each start, and how many there were.
    pub(super) fn found(&self) -> BTreeMap<(&str, &str), usize> {
        let mut found = BTreeMap::new();
        for start in self.starts() {
            let service = start.resource.get("service.name").map_or("", String::as_str);
            let metric = start.attributes.get("edgewatch.metric.name").map_or("", String::as_str);
            *found.entry((service, metric)).or_default() += 1;
        }
        found
    }

    /// Asserts that each of `sent` in which there is a data point has arrived once as it was, and that what came beside is the agent's
    /// own.
    pub(super) fn assert_unchanged(&self, sent: &[Bytes]) -> anyhow::Result<()> {
        let mut missing = BTreeMap::<&Bytes, usize>::new();
        for request in sent {
            if count::items(Signal::Metrics, std::slice::from_ref(request))? > 0 {
                *missing.entry(request).or_default() += 1;
            }
        }
        let mut own = Vec::new();
        for receipt in self.receipts.accepted(Signal::Metrics) {
            match missing.get_mut(&receipt.body) {
                Some(count @ 1..) => *count -= 1,
                Some(0) | None => own.push(receipt.body.clone()),
            }
        }
        let missing: usize = missing.values().sum();
        assert_eq!(missing, 0, "requests did not arrive, or not as they were sent");
        for body in own {
            let request =
                opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest::decode(
                    body,
                )?;
            let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
            for scope in scopes {
                let name = scope.scope.as_ref().map_or("", |scope| scope.name.as_str());
                assert_eq!(name, "edgewatch.anomaly", "nobody has sent this");
            }
        }
        Ok(())
    }
}
