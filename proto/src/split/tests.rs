use std::num::NonZeroUsize;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::Signal;
use crate::scan::scan;
use crate::testing::{Decoded, any_encoded, damage};

/// Every item with all that describes it, encoded, in order.
pub(crate) fn flat(request: &Decoded) -> Vec<Vec<u8>> {
    let mut items = Vec::new();
    match request.clone() {
        Decoded::Traces(request) => {
            for mut resource in request.resource_spans {
                for mut scope in std::mem::take(&mut resource.scope_spans) {
                    for span in std::mem::take(&mut scope.spans) {
                        items.push(
                            [resource.encode_to_vec(), scope.encode_to_vec(), span.encode_to_vec()].concat(),
                        );
                    }
                }
            }
        }
        Decoded::Logs(request) => {
            for mut resource in request.resource_logs {
                for mut scope in std::mem::take(&mut resource.scope_logs) {
                    for record in std::mem::take(&mut scope.log_records) {
                        items.push(
                            [resource.encode_to_vec(), scope.encode_to_vec(), record.encode_to_vec()]
                                .concat(),
                        );
                    }
                }
            }
        }
        Decoded::Metrics(request) => {
            for mut resource in request.resource_metrics {
                for mut scope in std::mem::take(&mut resource.scope_metrics) {
                    for metric in std::mem::take(&mut scope.metrics) {
                        let (points, metric) = points(metric);
                        items.extend(points.into_iter().map(|point| {
                            [resource.encode_to_vec(), scope.encode_to_vec(), metric.encode_to_vec(), point]
                                .concat()
                        }));
                    }
                }
            }
        }
    }
    items
}

/// The points of a metric and the metric without them.
fn points(
    mut metric: opentelemetry_proto::tonic::metrics::v1::Metric,
) -> (Vec<Vec<u8>>, opentelemetry_proto::tonic::metrics::v1::Metric) {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    fn encoded<M: Message>(points: &mut Vec<M>) -> Vec<Vec<u8>> {
        std::mem::take(points).iter().map(Message::encode_to_vec).collect()
    }
    let points = match &mut metric.data {
        None => Vec::new(),
        Some(Data::Gauge(data)) => encoded(&mut data.data_points),
        Some(Data::Sum(data)) => encoded(&mut data.data_points),
        Some(Data::Histogram(data)) => encoded(&mut data.data_points),
        Some(Data::ExponentialHistogram(data)) => encoded(&mut data.data_points),
        Some(Data::Summary(data)) => encoded(&mut data.data_points),
    };
    (points, metric)
}

fn check(signal: Signal, request: &Bytes, pieces: &[Piece]) -> Result<(), TestCaseError> {
    let mut found = Vec::new();
    for piece in pieces {
        let decoded = Decoded::decode(signal, &piece.request).expect("well-formed piece");
        prop_assert_eq!(decoded.items(), piece.items);
        found.extend(flat(&decoded));
    }
    let expected = flat(&Decoded::decode(signal, request).expect("well-formed request"));
    prop_assert_eq!(found, expected);
    Ok(())
}

proptest! {
    #[test]
    fn pieces_hold_every_item_once_in_order_and_no_more_than_allowed((signal, request) in any_encoded(), max in 1usize..12) {
        let max = NonZeroUsize::new(max).expect("not zero");
        let pieces: Vec<_> = split(signal, &request, max).collect();

        prop_assert!(pieces.iter().all(|piece| piece.items <= max.get()));
        check(signal, &request, &pieces)?;
    }

    #[test]
    fn pieces_stay_within_bytes_unless_a_single_item_is_larger((signal, request) in any_encoded(), max in 0usize..2000) {
        let pieces: Vec<_> = split_bytes(signal, &request, max).collect();

        prop_assert!(pieces.iter().all(|piece| piece.request.len() <= max || piece.items <= 1));
        check(signal, &request, &pieces)?;
    }

    #[test]
    fn limits_may_change_from_piece_to_piece((signal, request) in any_encoded(), limits in proptest::collection::vec((1usize..9, 0usize..3000), 1..9)) {
        let mut pieces = Pieces::new(signal, &request);
        let mut found = Vec::new();
        for &(items, bytes) in limits.iter().cycle() {
            let limits = Limits { items: NonZeroUsize::new(items).expect("not zero"), bytes };
            let Some(piece) = pieces.next(limits) else { break };
            prop_assert!(piece.items <= items);
            found.push(piece);
        }
        check(signal, &request, &found)?;
    }

    #[test]
    fn a_request_that_fits_comes_back_as_the_same_bytes((signal, request) in any_encoded()) {
        let items = scan(signal, &request).expect("well-formed request").items;
        let max = NonZeroUsize::new(items.max(1)).expect("not zero");

        let pieces: Vec<_> = split(signal, &request, max).collect();

        if request.is_empty() {
            prop_assert!(pieces.is_empty());
        } else {
            prop_assert_eq!(pieces.len(), 1);
            prop_assert_eq!(pieces[0].request.as_ptr(), request.as_ptr());
            prop_assert_eq!(&pieces[0], &Piece { request, items });
        }
    }

    #[test]
    fn damage_ends_nowhere_but_at_the_end((signal, request) in any_encoded(), damages in damage(), max in 1usize..4, bytes in 0usize..300) {
        let mut request = request.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut request));
        let request = Bytes::from(request);

        let limits = Limits { items: NonZeroUsize::new(max).expect("not zero"), bytes };
        let mut pieces = Pieces::new(signal, &request);
        let mut count = 0;
        while pieces.next(limits).is_some() {
            count += 1;
            prop_assert!(count <= request.len());
        }
        if let Ok(found) = scan(signal, &request) {
            let items: usize = split(signal, &request, limits.items).map(|piece| piece.items).sum();
            prop_assert_eq!(items, found.items);
        }
    }
}

#[test]
fn a_large_resource_is_not_repeated_beyond_the_allowance() {
    use opentelemetry_proto::tonic::{
        collector::logs::v1 as collector, common::v1 as common, logs::v1 as logs,
    };
    let attribute = common::KeyValue {
        key: "huge".to_owned(),
        value: Some(common::AnyValue {
            value: Some(common::any_value::Value::StringValue("x".repeat(100_000))),
        }),
        ..Default::default()
    };
    let request = collector::ExportLogsServiceRequest {
        resource_logs: vec![logs::ResourceLogs {
            resource: Some(opentelemetry_proto::tonic::resource::v1::Resource {
                attributes: vec![attribute],
                ..Default::default()
            }),
            scope_logs: vec![logs::ScopeLogs {
                log_records: (1..=1000)
                    .map(|time| logs::LogRecord { time_unix_nano: time, ..Default::default() })
                    .collect(),
                ..Default::default()
            }],
            ..Default::default()
        }],
    };
    let request = Bytes::from(request.encode_to_vec());

    let mut pieces = Pieces::new(Signal::Logs, &request);
    let mut allowance = Allowance::of(request.len());
    let one = Limits::items(NonZeroUsize::MIN);
    let found: Vec<_> = std::iter::from_fn(|| pieces.next_within(one, &mut allowance)).collect();

    let written: usize = found.iter().map(|piece| piece.request.len()).sum();
    // The allowance, the piece that exceeds it, and the rest.
    assert!(written <= 6 * request.len() + 64 * 1024, "{written} bytes of {}", request.len());
    assert_eq!(found.iter().map(|piece| piece.items).sum::<usize>(), 1000);
    assert_eq!(found.first().map(|piece| piece.items), Some(1), "it is cut as long as it may be");
    check(Signal::Logs, &request, &found).expect("every item once, in order");
}
