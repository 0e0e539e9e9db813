//! The queue in a storage that is on disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::Delivery;
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::BuiltExporter;
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use prost::Message;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::journal::{Journals, Options};
use crate::queue::laws::{arrivals, request};
use crate::queue::start::{Around, start_seeded};
use crate::queue::tests::{Deed, Scripted, Shared};

struct Agent {
    exporter: Arc<Scripted>,
    sink: Arc<dyn Sink>,
    registry: Registry,
    running: JoinHandle<()>,
    _storage: Arc<dyn Storage>,
}

fn start(directory: &Path, options: Options, queue: serde_json::Value, script: Vec<Deed>) -> Agent {
    let storage: Arc<dyn Storage> = Arc::new(Journals::open(directory, options).expect("free"));
    let mut settings = json!({"storage": "disk", "num_consumers": 4});
    settings.as_object_mut().expect("a map").extend(queue.as_object().expect("a map").clone());
    let exporter = Arc::new(Scripted::new(script, Duration::ZERO));
    let delivery = Delivery {
        timeout: Duration::from_secs(60).into(),
        retry: serde_json::from_value(json!({"initial_interval": "1ms", "max_interval": "5ms"}))
            .expect("settings"),
        queue: serde_json::from_value(settings).expect("settings"),
    };
    let built = BuiltExporter { exporter: Box::new(Shared(Arc::clone(&exporter))), delivery };
    let registry = Registry::default();
    let telemetry = Telemetry::new(registry.clone());
    let stop = CancellationToken::new();
    let around =
        Around { id: "disk/1", telemetry: &telemetry, storage: Some(Arc::clone(&storage)), stop: &stop };
    let (sinks, delivering) = start_seeded(built, &[Signal::Traces], &around, 1).expect("opens");
    let sink = sinks.get(Signal::Traces).expect("started for traces");
    let running = tokio::spawn(delivering.run());
    Agent { exporter, sink, registry, running, _storage: storage }
}

impl Agent {
    async fn send(&self, first: usize, spans: usize) -> Result<(), edgewatch_core::refusal::Refusal> {
        let (ack, mut receipt) = Ack::pair(None);
        let encoded = Bytes::from(request(&vec![spans], first).encode_to_vec());
        self.sink.send(Batch::new(Signal::Traces, encoded, spans, ack)).await;
        receipt.accepted().await
    }

    async fn wait_until(&self, what: impl Fn(&Self) -> bool) {
        let patience = Duration::from_secs(20);
        let reached = async {
            while !what(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(patience, reached).await.expect("it comes to that");
    }

    fn arrived(&self) -> BTreeMap<usize, usize> {
        arrivals(&self.exporter.taken.lock().expect("lock"))
    }

    fn size(&self) -> usize {
        reading(&self.registry, "otelcol_exporter_queue_size", &[]) as usize
    }

    /// Dies without a word; returns what had arrived.
    async fn kill(self) -> BTreeMap<usize, usize> {
        let arrived = self.arrived();
        self.running.abort();
        let _aborted = self.running.await;
        arrived
    }
}

#[tokio::test]
async fn everything_that_was_not_settled_arrives_after_the_next_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut arrived = BTreeMap::new();
    let mut sent = 0;
    for life in 0..4 {
        let batch =
            if life % 2 == 0 { json!({}) } else { json!({"batch": {"min_size": 25, "max_size": 40}}) };
        let mut script = vec![Deed::Take; 3 + life];
        script.extend([Deed::Hang; 4]);
        let agent = start(directory.path(), Options::default(), batch, script);
        for _ in 0..20 {
            agent.send(sent, 10).await.expect("accepted");
            sent += 10;
        }
        agent.wait_until(|agent| agent.exporter.attempts().len() >= 4).await;
        for (span, times) in agent.kill().await {
            *arrived.entry(span).or_insert(0_usize) += times;
        }
    }

    let agent = start(directory.path(), Options::default(), json!({}), Vec::new());
    agent.wait_until(|agent| agent.size() == 0).await;
    for (span, times) in agent.arrived() {
        *arrived.entry(span).or_insert(0) += times;
    }

    assert_eq!(arrived.keys().copied().collect::<Vec<_>>(), (0..sent).collect::<Vec<_>>(), "nothing is lost");
    assert!(arrived.values().all(|times| *times <= 2), "only what was under way comes twice");
}

#[tokio::test]
async fn a_storage_that_is_full_refuses_and_takes_again_when_something_was_delivered() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        max_bytes: Some(256 << 10),
        segment_bytes: 16 << 10,
        compress: false,
        reserve_bytes: 0,
        ..Options::default()
    };
    let agent = start(directory.path(), options, json!({}), vec![Deed::Hang; 4]);
    let mut accepted = 0;
    while agent.send(accepted, 200).await.is_ok() {
        accepted += 200;
        assert!(accepted < 1_000_000, "there is a limit");
    }
    agent.kill().await;

    let agent = start(directory.path(), options, json!({}), Vec::new());
    agent.wait_until(|agent| agent.size() == 0).await;
    assert_eq!(agent.arrived().len(), accepted);
    agent.wait_until(|agent| agent.sink.admit().is_ok()).await;
    agent.send(accepted, 200).await.expect("there is room again");
}

#[tokio::test]
async fn a_storage_that_is_full_drops_the_oldest_when_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        max_bytes: Some(256 << 10),
        segment_bytes: 16 << 10,
        compress: false,
        reserve_bytes: 0,
        ..Options::default()
    };
    let agent = start(
        directory.path(),
        options,
        json!({"overflow": "drop_oldest", "num_consumers": 1}),
        vec![Deed::Hang],
    );
    for number in 0..200 {
        // As senders do.
        while agent.send(number * 200, 200).await.is_err() {}
        if number == 0 {
            agent.wait_until(|agent| !agent.exporter.attempts().is_empty()).await;
        }
    }
    let dropped = reading(&agent.registry, "otelcol_exporter_enqueue_failed_spans", &[]) as usize;
    agent.kill().await;

    let agent = start(directory.path(), options, json!({}), Vec::new());
    agent.wait_until(|agent| agent.size() == 0).await;
    let arrived = agent.arrived();
    assert!(arrived.contains_key(&0), "what was under way is kept");
    assert!(arrived.contains_key(&(199 * 200)), "the newest is there");
    assert!(arrived.len() > 20 * 200, "no more than necessary is dropped: {} arrived", arrived.len());
    // A sender that had to come again is counted, too.
    assert!(arrived.len() + dropped >= 200 * 200, "every item arrives or is counted");
}
