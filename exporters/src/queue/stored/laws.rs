//! What holds for any settings, any data, any behaviour of the destination and any number of deaths.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{Delivery, QueueSettings, RetrySettings};
use edgewatch_core::factory::BuiltExporter;
use edgewatch_core::storage::Storage;
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use proptest::prelude::*;
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::FakeStorage;
use crate::queue::laws::{Shape, arrivals, batch_settings, deed, millis, request, sizer};
use crate::queue::start::{Around, start_seeded};
use crate::queue::tests::{Deed, Scripted, Shared};

/// One run of the process.
#[derive(Clone, Debug)]
struct Life {
    script: Vec<Deed>,
    latency: Duration,
    /// What is sent, and the pause before it.
    batches: Vec<(Shape, Duration)>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The pipelines let go, and the queue ends.
    Well,
    /// The pipelines let go, and there is only so much time.
    InTime(Duration),
    /// Without a word.
    Killed(Duration),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Well), millis(0..3000).prop_map(End::InTime), millis(0..9000).prop_map(End::Killed),]
}

prop_compose! {
    fn life()(
        script in prop::collection::vec(deed(), 0..12),
        latency in millis(0..300),
        batches in prop::collection::vec((prop::collection::vec(0_usize..12, 1..4), millis(0..400)), 1..10),
        end in end(),
    ) -> Life {
        Life { script, latency, batches, end }
    }
}

prop_compose! {
    fn queue_settings()(
        consumers in 1_usize..5,
        sizer in sizer(),
        size in prop::option::of(1_usize..60),
        batch in prop::option::of(batch_settings()),
    ) -> QueueSettings {
        QueueSettings {
            num_consumers: consumers.try_into().expect("not zero"),
            sizer,
            queue_size: size.and_then(|size| size.try_into().ok()),
            batch,
            storage: Some("disk".to_owned()),
            ..QueueSettings::default()
        }
    }
}

/// What was seen over all lives.
#[derive(Default)]
struct Seen {
    /// Items that the storage has accepted.
    accepted: BTreeSet<usize>,
    arrived: BTreeMap<usize, usize>,
    /// Items that the destination was offered when it refused something for good.
    refused: BTreeSet<usize>,
    failed: usize,
}

async fn live(
    storage: &Arc<dyn Storage>,
    queue: &QueueSettings,
    life: Life,
    first: &mut usize,
    seen: &mut Seen,
) {
    let exporter = Arc::new(Scripted::new(life.script, life.latency));
    let delivery = Delivery {
        timeout: Duration::from_secs(5).into(),
        retry: RetrySettings::default(),
        queue: queue.clone(),
    };
    let built = BuiltExporter { exporter: Box::new(Shared(Arc::clone(&exporter))), delivery };
    let (registry, stop) = (Registry::default(), CancellationToken::new());
    let telemetry = Telemetry::new(registry.clone());
    let around = Around { id: "law", telemetry: &telemetry, storage: Some(Arc::clone(storage)), stop: &stop };
    let (sinks, delivering) = start_seeded(built, &[Signal::Traces], &around, 3).expect("started");
    let sink = sinks.get(Signal::Traces).expect("started for traces");
    drop(sinks);
    let running = tokio::spawn(delivering.run());

    let mut sent: Vec<(Range<usize>, Receipt)> = Vec::new();
    for (shape, pause) in life.batches {
        tokio::time::sleep(pause).await;
        let (ack, receipt) = Ack::pair(None);
        let items: usize = shape.iter().sum();
        let encoded = Bytes::from(request(&shape, *first).encode_to_vec());
        sink.send(Batch::new(Signal::Traces, encoded, items, ack)).await;
        sent.push((*first..*first + items, receipt));
        *first += items;
    }
    match life.end {
        End::Well => {
            drop(sink);
            running.await.expect("ended well");
        }
        End::InTime(time) => {
            drop(sink);
            let stopper = tokio::spawn(async move {
                tokio::time::sleep(time).await;
                stop.cancel();
            });
            running.await.expect("ended well");
            stopper.abort();
        }
        End::Killed(after) => {
            tokio::time::sleep(after).await;
            running.abort();
            let _aborted = running.await;
        }
    }
    for (items, mut receipt) in sent {
        if receipt.accepted().await.is_ok() {
            seen.accepted.extend(items);
        }
    }
    for (item, times) in arrivals(&exporter.taken.lock().expect("lock")) {
        *seen.arrived.entry(item).or_default() += times;
    }
    seen.refused.extend(arrivals(&exporter.refused.lock().expect("lock")).into_keys());
    seen.failed += reading(&registry, "otelcol_exporter_send_failed_spans", &[]) as usize;
}

async fn tell(queue: QueueSettings, lives: Vec<Life>) -> Result<(), TestCaseError> {
    let storage = Arc::new(FakeStorage::default());
    let offered = Arc::clone(&storage) as Arc<dyn Storage>;
    let (mut first, mut seen) = (0, Seen::default());
    let in_parts = |life: &Life| life.script.iter().any(|deed| matches!(deed, Deed::FindTooLarge));
    let cut = queue.batch.as_ref().is_some_and(|batch| batch.max_size > 0) || lives.iter().any(in_parts);
    let killed = lives.iter().filter(|life| matches!(life.end, End::Killed(_))).count();
    let ends = lives.len();
    for life in lives {
        live(&offered, &queue, life, &mut first, &mut seen).await;
    }
    let last = Life { script: Vec::new(), latency: Duration::ZERO, batches: Vec::new(), end: End::Well };
    live(&offered, &queue, last, &mut first, &mut seen).await;

    use edgewatch_core::storage::StoredQueue;
    prop_assert_eq!(storage.get("law", Signal::Traces).usage().records, 0, "nothing is left");
    for item in &seen.accepted {
        let times = seen.arrived.get(item).copied().unwrap_or_default();
        prop_assert!(times > 0 || seen.refused.contains(item), "span {} was accepted and is lost", item);
        // What was sent in parts comes again whole when only some of them have arrived.
        let most = 1 + if cut { ends } else { killed };
        prop_assert!(times <= most, "span {} arrived {} times", item, times);
    }
    let missing = seen.accepted.iter().filter(|item| !seen.arrived.contains_key(item)).count();
    prop_assert!(seen.failed >= missing, "{missing} are missing, {} were counted", seen.failed);
    for item in seen.arrived.keys() {
        prop_assert!(seen.accepted.contains(item), "span {} arrived although its sender was refused", item);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_the_storage_has_accepted_arrives_however_often_the_process_dies(
        queue in queue_settings(),
        lives in prop::collection::vec(life(), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("runtime");
        runtime.block_on(tell(queue, lives))?;
    }
}
