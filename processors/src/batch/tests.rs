use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use proptest::prelude::*;
use prost::Message;

use super::Batcher;
use super::config::Config;
use super::processor::MAX_HELD_BYTES;

#[test]
fn holds_items_until_the_timeout_has_passed() {
    let (mut batcher, registry) = batcher(r#"{ "send_batch_size": 10, "timeout": "1s" }"#);
    let mut out = Emitter::default();
    let start = Instant::now();

    batcher.process(logs(0..3), start, &mut out).expect("taken");
    batcher.process(logs(3..5), start + Duration::from_millis(500), &mut out).expect("taken");
    assert_eq!(batcher.deadline(), Some(start + Duration::from_secs(1)));
    batcher.tick(start + Duration::from_millis(999), &mut out);
    assert!(out.is_empty());

    batcher.tick(start + Duration::from_secs(1), &mut out);
    assert_eq!(numbers(&mut out), [vec![0, 1, 2, 3, 4]]);
    assert_eq!(batcher.deadline(), None);
    assert_eq!(testing::reading(&registry, "otelcol_processor_batch_timeout_trigger_send", &[]), 1.0);
    assert_eq!(testing::reading(&registry, "otelcol_processor_batch_batch_send_size_sum", &[]), 5.0);
}

#[test]
fn joins_requests_without_copying_them() {
    let (mut batcher, registry) = batcher(r#"{ "send_batch_size": 5 }"#);
    let mut out = Emitter::default();
    let (first, second) = (logs(0..3), logs(3..6));
    let pointers = [first.segments()[0].as_ptr(), second.segments()[0].as_ptr()];

    batcher.process(first, Instant::now(), &mut out).expect("taken");
    batcher.process(second, Instant::now(), &mut out).expect("taken");

    let sent = out.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].segments().iter().map(|segment| segment.as_ptr()).collect::<Vec<_>>(), pointers);
    assert_eq!(testing::reading(&registry, "otelcol_processor_batch_batch_size_trigger_send", &[]), 1.0);
}

#[test]
fn sends_at_once_without_a_timeout_and_still_respects_the_maximum() {
    let (mut batcher, _) = batcher(r#"{ "timeout": "0s", "send_batch_size": 2, "send_batch_max_size": 4 }"#);
    let mut out = Emitter::default();

    batcher.process(logs(0..9), Instant::now(), &mut out).expect("taken");

    assert_eq!(numbers(&mut out), [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8]]);
    assert_eq!(batcher.deadline(), None);
}

#[test]
fn sends_at_once_with_a_batch_size_of_zero() {
    let (mut batcher, _) = batcher(r#"{ "send_batch_size": 0 }"#);
    let mut out = Emitter::default();

    batcher.process(logs(0..1), Instant::now(), &mut out).expect("taken");

    assert_eq!(numbers(&mut out), [vec![0]]);
}

#[test]
fn the_rest_of_a_cut_batch_waits_its_own_time() {
    let (mut batcher, _) = batcher(r#"{ "send_batch_size": 4, "send_batch_max_size": 4, "timeout": "1s" }"#);
    let mut out = Emitter::default();
    let start = Instant::now();
    let later = start + Duration::from_millis(600);

    batcher.process(logs(0..3), start, &mut out).expect("taken");
    batcher.process(logs(3..6), later, &mut out).expect("taken");

    assert_eq!(numbers(&mut out), [vec![0, 1, 2, 3]]);
    assert_eq!(batcher.deadline(), Some(later + Duration::from_secs(1)));
}

#[test]
fn does_not_let_huge_items_pile_up() {
    let (mut batcher, _) = batcher("{}");
    let mut out = Emitter::default();
    let huge = Bytes::from(vec![0; MAX_HELD_BYTES / 2]);

    batcher
        .process(Batch::new(Signal::Logs, huge.clone(), 1, Ack::none()), Instant::now(), &mut out)
        .expect("taken");
    assert!(out.is_empty());
    batcher.process(Batch::new(Signal::Logs, huge, 1, Ack::none()), Instant::now(), &mut out).expect("taken");

    assert_eq!(out.take().iter().map(Batch::items).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_source_is_answered_when_the_last_part_of_its_batch_is_delivered() {
    let (mut batcher, _) = batcher(r#"{ "send_batch_size": 2, "send_batch_max_size": 2 }"#);
    let mut out = Emitter::default();
    let (ack, mut receipt) = Ack::pair(None);

    batcher.process(with_ack(logs(0..3), ack), Instant::now(), &mut out).expect("taken");
    out.take().into_iter().for_each(Batch::deliver);
    assert!(!is_delivered(&mut receipt));

    batcher.drain(&mut out);
    out.take().into_iter().for_each(Batch::deliver);
    assert!(is_delivered(&mut receipt));
}

#[test]
fn refuses_a_maximum_below_the_size_and_metadata_keys_in_one_go() {
    let config: Config = serde_json::from_str(
        r#"{ "send_batch_max_size": 9, "send_batch_size": 10, "metadata_keys": ["tenant"] }"#,
    )
    .expect("parses");

    let error = config.validate().expect_err("two rules are broken").to_string();

    assert!(error.contains("send_batch_max_size: 9 is below send_batch_size (10)"), "{error}");
    assert!(error.contains("metadata_keys: this build does not batch by request metadata"), "{error}");
}

proptest! {
    #[test]
    fn no_item_is_lost_doubled_or_moved_and_every_source_is_answered(
        sizes in proptest::collection::vec((1_usize..40, 0_u64..150), 1..30),
        size in 0_usize..30,
        above in proptest::option::of(0_usize..20),
        timeout in 0_u64..200,
    ) {
        let max = above.map_or(0, |above| (size + above).max(1));
        let (mut batcher, _) = batcher(&format!(
            r#"{{ "send_batch_size": {size}, "send_batch_max_size": {max}, "timeout": "{timeout}ms" }}"#
        ));
        let mut now = Instant::now();
        let (mut next, mut sent, mut receipts) = (0, Vec::new(), Vec::new());
        let mut collect = |out: &mut Emitter| {
            for batch in out.take() {
                let numbers = decode(&batch);
                assert_eq!(numbers.len(), batch.items(), "the count of a batch is that of its items");
                assert!(max == 0 || numbers.len() <= max, "{} items exceed {max}", numbers.len());
                sent.extend(numbers);
                batch.deliver();
            }
        };

        for (items, pause) in sizes {
            let mut out = Emitter::default();
            let (ack, receipt) = Ack::pair(None);
            receipts.push(receipt);
            batcher.process(with_ack(logs(next..next + items), ack), now, &mut out).expect("taken");
            next += items;
            collect(&mut out);
            now += Duration::from_millis(pause);
            batcher.tick(now, &mut out);
            collect(&mut out);
            prop_assert!(batcher.deadline().is_none_or(|deadline| deadline > now));
        }
        let mut out = Emitter::default();
        batcher.drain(&mut out);
        collect(&mut out);

        prop_assert_eq!(sent, (0..next as u64).collect::<Vec<_>>());
        prop_assert!(receipts.iter_mut().all(is_delivered));
    }
}

fn batcher(config: &str) -> (Batcher, Registry) {
    let (context, registry) = testing::context("batch");
    let config: Config = serde_json::from_str(config).expect("parses");
    config.validate().expect("valid");
    (Batcher::build(config, &context).expect("builds"), registry)
}

/// Log records whose times are the numbers of `range`, three to a scope and two scopes to a resource.
fn logs(range: std::ops::Range<usize>) -> Batch {
    let items = range.len();
    let records: Vec<LogRecord> =
        range.map(|number| LogRecord { time_unix_nano: number as u64, ..LogRecord::default() }).collect();
    let scopes: Vec<ScopeLogs> = records
        .chunks(3)
        .map(|records| ScopeLogs { log_records: records.to_vec(), ..ScopeLogs::default() })
        .collect();
    let resource_logs = scopes
        .chunks(2)
        .map(|scopes| ResourceLogs { scope_logs: scopes.to_vec(), ..ResourceLogs::default() })
        .collect();
    let request = ExportLogsServiceRequest { resource_logs };
    Batch::new(Signal::Logs, Bytes::from(request.encode_to_vec()), items, Ack::none())
}

fn with_ack(batch: Batch, ack: Ack) -> Batch {
    let (signal, items) = (batch.signal(), batch.items());
    let (segments, _none) = batch.into_parts();
    Batch::of_segments(signal, segments, items, ack)
}

fn numbers(out: &mut Emitter) -> Vec<Vec<u64>> {
    out.take().iter().map(decode).collect()
}

/// The numbers in a batch, read from its joined segments as a destination would.
fn decode(batch: &Batch) -> Vec<u64> {
    let joined = batch.segments().concat();
    let request = ExportLogsServiceRequest::decode(joined.as_slice()).expect("a joined request is a request");
    let scopes = request.resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
    scopes.flat_map(|scope| scope.log_records).map(|record| record.time_unix_nano).collect()
}

fn is_delivered(receipt: &mut Receipt) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let future = std::pin::pin!(receipt.delivered());
    matches!(future.poll(&mut context), std::task::Poll::Ready(Ok(())))
}

/// Log records that share a resource of `size` bytes.
fn huge(items: u64, size: usize) -> ExportLogsServiceRequest {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
    let value = Some(AnyValue { value: Some(Value::StringValue("x".repeat(size))) });
    let attributes = vec![KeyValue { key: "huge".to_owned(), value, ..Default::default() }];
    let log_records =
        (1..=items).map(|time| LogRecord { time_unix_nano: time, ..Default::default() }).collect();
    let resource = opentelemetry_proto::tonic::resource::v1::Resource { attributes, ..Default::default() };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource),
            scope_logs: vec![ScopeLogs { log_records, ..Default::default() }],
            ..Default::default()
        }],
    }
}

#[test]
fn cutting_does_not_repeat_a_large_resource_without_end_and_what_it_repeats_is_on_the_account() {
    let (mut batcher, _) = batcher(r#"{ "timeout": "0s", "send_batch_size": 1, "send_batch_max_size": 1 }"#);
    let mut out = Emitter::default();
    let request = Bytes::from(huge(5_000, 200_000).encode_to_vec());
    let size = request.len();
    let budget = Budget::unlimited();
    let (ack, _receipt) = Ack::pair(budget.lease(size));

    batcher.process(Batch::new(Signal::Logs, request, 5_000, ack), Instant::now(), &mut out).expect("taken");

    let sent = out.take();
    let made: usize = sent.iter().map(Batch::bytes).sum();
    assert!(sent.len() > 2, "it is cut as long as it may be");
    assert!(made < 7 * size, "{made} bytes of {size}");
    assert_eq!(budget.used(), made);
    assert_eq!(sent.iter().map(Batch::items).sum::<usize>(), 5_000);
    sent.into_iter().for_each(Batch::deliver);
    assert_eq!(budget.used(), 0);
}
