//! What holds for any settings, any data and any behaviour of the destination.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{Delivery, Overflow, QueueBatchSettings, QueueSettings, RetrySettings, Sizer};
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::BuiltExporter;
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::start::{Around, start_seeded};
use super::tests::{Deed, Scripted, Shared};

/// Spans in the scopes of one resource.
pub(super) type Shape = Vec<usize>;

#[derive(Clone, Debug)]
struct Story {
    queue: QueueSettings,
    script: Vec<Deed>,
    latency: Duration,
    /// What is sent: the shape of each batch, whether its senders believe it accepted, and the pause before
    /// it.
    batches: Vec<(Shape, bool, Duration)>,
    stop_after: Option<Duration>,
}

pub(super) fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Take),
        2 => millis(0..9000).prop_map(Deed::FailFor),
        1 => Just(Deed::Reject),
        2 => Just(Deed::FindTooLarge),
        1 => Just(Deed::Hang),
    ]
}

pub(super) fn sizer() -> impl Strategy<Value = Sizer> {
    prop_oneof![Just(Sizer::Requests), Just(Sizer::Items), Just(Sizer::Bytes)]
}

fn overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![Just(Overflow::Refuse), Just(Overflow::Block), Just(Overflow::DropOldest)]
}

prop_compose! {
    pub(super) fn batch_settings()(
        min_size in 0_usize..40,
        extra in 0_usize..30,
        limited: bool,
        flush in 0_u64..500,
        bytes: bool,
    ) -> QueueBatchSettings {
        let (sizer, scale) = if bytes { (Sizer::Bytes, 20) } else { (Sizer::Items, 1) };
        QueueBatchSettings {
            flush_timeout: Duration::from_millis(flush).into(),
            min_size: min_size * scale,
            max_size: if limited { (min_size + extra).max(1) * scale } else { 0 },
            sizer,
        }
    }
}

prop_compose! {
    fn queue_settings()(
        consumers in 1_usize..5,
        sizer in sizer(),
        size in 1_usize..60,
        overflow in overflow(),
        wait_for_result: bool,
        batch in prop::option::of(batch_settings()),
    ) -> QueueSettings {
        let scale = if sizer == Sizer::Bytes { 20 } else { 1 };
        QueueSettings {
            num_consumers: consumers.try_into().expect("not zero"),
            sizer,
            queue_size: (size * scale).try_into().ok(),
            overflow: Some(overflow),
            wait_for_result,
            batch,
            ..QueueSettings::default()
        }
    }
}

prop_compose! {
    fn story()(
        queue in queue_settings(),
        script in prop::collection::vec(deed(), 0..20),
        latency in millis(0..300),
        batches in prop::collection::vec(
            (prop::collection::vec(0_usize..12, 1..4), any::<bool>(), millis(0..400)), 1..15),
        stop_after in prop::option::weighted(0.2, millis(0..8000)),
    ) -> Story {
        Story { queue, script, latency, batches, stop_after }
    }
}

/// A request whose spans are numbered from `first`.
pub(super) fn request(shape: &Shape, first: usize) -> ExportTraceServiceRequest {
    let mut number = first;
    let scope_spans = shape
        .iter()
        .map(|spans| {
            let spans = (0..*spans).map(|_| {
                number += 1;
                Span { name: (number - 1).to_string(), ..Span::default() }
            });
            ScopeSpans { spans: spans.collect(), ..ScopeSpans::default() }
        })
        .collect();
    let resource = Some(Resource { dropped_attributes_count: 7, ..Resource::default() });
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }],
    }
}

/// How often each span arrived.
pub(super) fn arrivals(requests: &[Bytes]) -> BTreeMap<usize, usize> {
    let mut arrivals = BTreeMap::new();
    for request in requests {
        let request = ExportTraceServiceRequest::decode(request.as_ref()).expect("a request");
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            *arrivals.entry(span.name.parse().expect("a number")).or_default() += 1;
        }
    }
    arrivals
}

/// Spans of one batch, and the receipt for it.
struct Sent {
    spans: std::ops::Range<usize>,
    receipt: Receipt,
}

async fn tell(story: Story) -> Result<(), TestCaseError> {
    let exporter = Arc::new(Scripted::new(story.script.clone(), story.latency));
    let delivery = Delivery {
        timeout: Duration::from_secs(5).into(),
        retry: RetrySettings::default(),
        queue: story.queue.clone(),
    };
    let built = BuiltExporter { exporter: Box::new(Shared(Arc::clone(&exporter))), delivery };
    let registry = Registry::default();
    let stop = CancellationToken::new();
    let telemetry = Telemetry::new(registry.clone());
    let around = Around { id: "law", telemetry: &telemetry, storage: None, stop: &stop };
    let (sinks, delivering) = start_seeded(built, &[Signal::Traces], &around, 3).expect("no storage");
    let sink = sinks.get(Signal::Traces).expect("started for traces");
    drop(sinks);
    let running = tokio::spawn(delivering.run());
    let stopper = story.stop_after.map(|after| {
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            stop.cancel();
        })
    });

    let (sent, largest) = send_all(&story, sink.as_ref(), &registry).await;
    let bound = bound(&story.queue, largest);
    let most = sent.iter().map(|(_, size)| *size).fold(0.0, f64::max);
    prop_assert!(most <= bound, "{most} in a queue that may hold {bound}");
    drop(sink);
    running.await.expect("ended well");
    drop(stopper);

    prop_assert_eq!(reading(&registry, "otelcol_exporter_queue_size", &[]), 0.0);
    let arrivals = arrivals(&exporter.taken.lock().expect("lock"));
    let mut items = 0;
    for (sent, _) in sent {
        items += sent.spans.len();
        check(sent, &arrivals).await?;
    }
    let sum = |name: &str| reading(&registry, name, &[]) as usize;
    prop_assert_eq!(
        sum("otelcol_exporter_sent_spans")
            + sum("otelcol_exporter_send_failed_spans")
            + sum("otelcol_exporter_enqueue_failed_spans"),
        items,
        "every item is counted once"
    );
    prop_assert!(exporter.most_under_way.load(Ordering::Relaxed) <= story.queue.num_consumers.get());
    Ok(())
}

/// Sends the batches of `story`; returns them with the size of the queue after each, and the largest of them.
async fn send_all(story: &Story, sink: &dyn Sink, registry: &Registry) -> (Vec<(Sent, f64)>, usize) {
    let mut first = 0;
    let mut largest = 0;
    let mut sent = Vec::new();
    for (shape, promised, pause) in &story.batches {
        tokio::time::sleep(*pause).await;
        let (mut ack, receipt) = Ack::pair(None);
        if *promised {
            ack.accepted();
        }
        let items: usize = shape.iter().sum();
        let encoded = Bytes::from(request(shape, first).encode_to_vec());
        largest = largest.max(match story.queue.sizer {
            Sizer::Requests => 1,
            Sizer::Items => items,
            Sizer::Bytes => encoded.len(),
        });
        sink.send(Batch::new(Signal::Traces, encoded, items, ack)).await;
        let size = reading(registry, "otelcol_exporter_queue_size", &[]);
        sent.push((Sent { spans: first..first + items, receipt }, size));
        first += items;
    }
    (sent, largest)
}

/// The capacity, the tenth above it, and one batch that was let in below that.
fn bound(queue: &QueueSettings, largest: usize) -> f64 {
    let capacity = queue.capacity().expect("a limit");
    (capacity + (capacity / 10).max(1) + largest) as f64
}

async fn check(mut sent: Sent, arrivals: &BTreeMap<usize, usize>) -> Result<(), TestCaseError> {
    let answer = tokio::time::timeout(Duration::from_secs(1), sent.receipt.delivered()).await;
    let answer = answer.expect("every ack is answered");
    for span in sent.spans {
        let times = arrivals.get(&span).copied().unwrap_or_default();
        prop_assert!(times <= 1, "span {span} arrived {times} times");
        if answer.is_ok() {
            prop_assert_eq!(times, 1, "span {} was confirmed and did not arrive", span);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_item_is_lost_or_doubled_and_every_ack_is_answered(story in story()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("runtime");
        runtime.block_on(tell(story))?;
    }
}
