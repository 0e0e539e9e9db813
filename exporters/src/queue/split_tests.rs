//! Cutting what repeats itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::delivery::{Delivery, Sizer};
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_core::testing::reading;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio_util::sync::CancellationToken;

use super::deliver::Deliverer;
use super::split::cut;
use super::telemetry::DeliveryTelemetry;
use super::tests::{Deed, Scripted, Shared};

/// `spans` spans of a resource with `size` bytes, and the memory that they have leased.
fn huge(spans: usize, size: usize, budget: &Budget) -> (Batch, Receipt) {
    let value = Some(AnyValue { value: Some(Value::StringValue("x".repeat(size))) });
    let attributes = vec![KeyValue { key: "huge".to_owned(), value, ..Default::default() }];
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes, ..Default::default() }),
            scope_spans: vec![ScopeSpans {
                spans: vec![Span { name: "span".to_owned(), ..Default::default() }; spans],
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    let request = Bytes::from(request.encode_to_vec());
    let (ack, receipt) = Ack::pair(budget.lease(request.len()));
    (Batch::new(Signal::Traces, request, spans, ack), receipt)
}

#[test]
fn a_large_resource_is_not_repeated_without_end_and_what_is_repeated_is_on_the_account() {
    for (max, sizer) in [(1, Sizer::Items), (250_000, Sizer::Bytes)] {
        let budget = Budget::unlimited();
        let (batch, _receipt) = huge(20_000, 200_000, &budget);
        let size = batch.bytes();

        let (full, last) = cut(batch, max, sizer);

        let made = full.iter().map(Batch::bytes).sum::<usize>() + last.bytes();
        assert!(!full.is_empty(), "it is cut as long as it may be");
        assert!(made < 7 * size, "{made} bytes of {size}");
        assert_eq!(budget.used(), made.max(size));
        assert_eq!(full.iter().map(Batch::items).sum::<usize>() + last.items(), 20_000);
        full.into_iter().for_each(Batch::deliver);
        last.deliver();
        assert_eq!(budget.used(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_destination_finds_too_large_is_given_up_when_cutting_does_not_help() {
    let scripted = Arc::new(Scripted::new(vec![Deed::FindTooLarge; 100_000], Duration::ZERO));
    let registry = Registry::default();
    let deliverer = Deliverer::new(
        Arc::new(Shared(Arc::clone(&scripted))),
        "scripted",
        &Delivery::local(),
        DeliveryTelemetry::new(&Telemetry::new(registry.clone()), Signal::Traces),
        CancellationToken::new(),
        fastrand::Rng::with_seed(1),
    );
    let budget = Budget::unlimited();
    let (batch, mut receipt) = huge(10_000, 1_000_000, &budget);
    let size = batch.bytes();

    let delivering = deliverer.deliver(batch);
    let (refused, _fate) = tokio::join!(receipt.delivered(), delivering);

    assert_eq!(refused.expect_err("given up").kind, RefusalKind::Permanent);
    assert_eq!(reading(&registry, "otelcol_exporter_send_failed_spans", &[]), 10_000.0);
    assert!(scripted.attempts().len() < 20, "{} attempts for {size} bytes", scripted.attempts().len());
    assert_eq!(budget.used(), 0);
}
