//! A Tomcat, an agent that watches it, and a sink.

use std::collections::BTreeMap;
use std::sync::Arc;

use edgewatch_tests::agent::unprivileged;
use edgewatch_tests::forwarder::{self, Forwarder};
use edgewatch_tests::points::{Attributes, Point, Record, points, records};
use edgewatch_tests::sink::{Receipts, Sink};
use edgewatch_tests::tomcat::{Base, Tally, Tomcat};
use tempfile::TempDir;

/// What stays when an agent ends.
pub(super) struct Scene {
    pub(super) tomcat: Tomcat,
    pub(super) sink: Sink,
    folder: Arc<TempDir>,
    more: String,
}

impl Scene {
    pub(super) async fn new(base: Base, more: &str) -> anyhow::Result<Self> {
        let (tomcat, sink) = (base.start().await?, Sink::start().await?);
        let folder = Arc::new(TempDir::with_prefix("edgewatch-")?);
        Ok(Self { tomcat, sink, folder, more: more.to_owned() })
    }

    /// Adds settings of the receiver.
    pub(super) fn ask(&mut self, more: &str) {
        self.more.push_str(more);
    }

    /// Starts an agent that goes on where its predecessor ended; the first one reads everything from the beginning.
    pub(super) async fn agent(&self) -> anyhow::Result<Forwarder> {
        self.agent_with("{}").await
    }

    /// The same with other settings, in YAML.
    pub(super) async fn agent_with(&self, settings: &str) -> anyhow::Result<Forwarder> {
        self.builder(&self.folder)?.with(settings).start().await
    }

    /// An agent that is not root, with just these capabilities.
    pub(super) async fn unprivileged_agent(&self, capabilities: &[&str]) -> anyhow::Result<Forwarder> {
        let (folder, program) = unprivileged(capabilities)?;
        self.builder(&folder)?.binary(program).start().await
    }

    fn builder(&self, folder: &Arc<TempDir>) -> anyhow::Result<forwarder::Builder> {
        let name = self.tomcat.base().file_name().unwrap_or_default().to_string_lossy();
        Ok(Forwarder::to(&self.sink)?
            .in_folder(Arc::clone(folder))
            .argument("--state-directory")
            .argument(&folder.path().join("state").display().to_string())
            .with(&format!(
                "{{receivers: {{tomcat: {{collection_interval: 500ms, initial_delay: 0s, discovery_interval: 500ms,
                include: ['{name}'], logs: {{start_at: beginning, poll_interval: 50ms}}, {}}}}},
                service: {{pipelines: {{metrics: {{receivers: [tomcat]}}, logs: {{receivers: [tomcat]}}}}}}}}",
                self.more
            )))
    }

    /// The latest point of every series of `metric`.
    pub(super) fn latest(&self, metric: &str) -> anyhow::Result<Vec<Point>> {
        latest(&self.sink.receipts(), metric)
    }

    /// Waits until the counts of requests that arrived add up to those of `tally`, or does not when that takes too long.
    pub(super) async fn wait_for_count(&self, tally: &Tally) -> anyhow::Result<()> {
        self.wait_for_more(tally.count()).await
    }

    /// The same for any number.
    pub(super) async fn wait_for_more(&self, requests: u64) -> anyhow::Result<()> {
        let enough = |receipts: &Receipts| {
            let all = latest(receipts, "tomcat.request.count").unwrap_or_default();
            all.iter().map(|point| point.value).sum::<f64>() >= requests as f64
        };
        self.sink.wait_until(enough).await.map(drop)
    }
}

/// The latest point of every series of `metric`.
pub(super) fn latest(receipts: &Receipts, metric: &str) -> anyhow::Result<Vec<Point>> {
    let mut series: BTreeMap<(Attributes, Attributes), Point> = BTreeMap::new();
    for point in points(receipts)?.into_iter().filter(|point| point.metric == metric) {
        series.insert((point.resource.clone(), point.attributes.clone()), point);
    }
    Ok(series.into_values().collect())
}

/// The records of access logs: those about a request.
pub(super) fn requests(receipts: &Receipts) -> anyhow::Result<Vec<Record>> {
    let mut all = records(receipts)?;
    all.retain(|record| record.attributes.contains_key("http.request.method"));
    Ok(all)
}

/// How often each of `texts` is there.
pub(super) fn times<T: Ord>(texts: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut times = BTreeMap::new();
    for text in texts {
        *times.entry(text).or_default() += 1;
    }
    times
}
