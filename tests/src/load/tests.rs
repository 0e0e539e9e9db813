use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::{Tally, Template, log_numbers, metric_numbers, trace_numbers};
use crate::Signal;

fn decoded_numbers(signal: Signal, bytes: &[u8]) -> Vec<u64> {
    match signal {
        Signal::Traces => trace_numbers(&ExportTraceServiceRequest::decode(bytes).unwrap()).collect(),
        Signal::Logs => log_numbers(&ExportLogsServiceRequest::decode(bytes).unwrap()).collect(),
        Signal::Metrics => metric_numbers(&ExportMetricsServiceRequest::decode(bytes).unwrap()).collect(),
    }
}

#[test]
fn every_item_of_a_request_has_its_own_number() {
    for signal in Signal::ALL {
        let template = Template::new(signal);
        assert_eq!(template.places().len(), 100, "{signal}");
        for first in [1, 101, 999_901, u64::from(u32::MAX)] {
            let expected: Vec<u64> = (first..first + 100).collect();
            assert_eq!(decoded_numbers(signal, &template.request(first)), expected, "{signal}");
        }
    }
}

#[test]
fn items_are_as_large_as_the_figures_say() {
    let sizes = Signal::ALL.map(|signal| Template::new(signal).size() / 100);

    let off = [460_usize, 240, 424].iter().zip(sizes).any(|(stated, size)| size.abs_diff(*stated) > 4);
    assert!(!off, "bytes per span, point and record: {sizes:?}");
}

#[test]
fn a_tally_finds_what_is_missing_and_what_came_twice() {
    let tally: Tally = [1, 2, 2, 5].into_iter().collect();

    assert_eq!(tally.missing(1..=5), [3, 4]);
    assert_eq!(tally.duplicated(), [2]);
    assert_eq!(tally.distinct(), 3);
}
