use opentelemetry_proto::tonic::{common, logs, metrics, resource, trace};
use proptest::prelude::*;
use prost::Message;

use super::schema::{self, Kind, Schema};
use super::*;
use crate::Signal;
use crate::testing::{Decoded, any_encoded, any_signal, damage};
use crate::wire::{put_bytes, put_varint_field};

/// The items that prost decodes; `None` if it refuses.
fn reference(signal: Signal, bytes: &[u8]) -> Option<usize> {
    Decoded::decode(signal, bytes).ok().map(|request| request.items())
}

fn scanned(signal: Signal, bytes: &[u8]) -> Option<usize> {
    scan(signal, bytes).ok().map(|found| found.items)
}

/// `payload` within fields `numbers`, the last being the innermost.
fn wrapped(numbers: &[u32], payload: &[u8]) -> Vec<u8> {
    numbers.iter().rev().fold(payload.to_vec(), |inner, &number| {
        let mut outer = Vec::new();
        put_bytes(&mut outer, number, &inner);
        outer
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn accepts_and_counts_what_prost_decodes((signal, bytes) in any_encoded()) {
        let expected = Decoded::decode(signal, &bytes).expect("well-formed request").items();
        prop_assert_eq!(scan(signal, &bytes), Ok(Scan { items: expected }));
    }

    #[test]
    fn agrees_with_prost_on_damaged_requests((signal, bytes) in any_encoded(), damages in damage()) {
        let mut bytes = bytes.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        prop_assert_eq!(scanned(signal, &bytes), reference(signal, &bytes), "{:?}", scan(signal, &bytes));
    }

    #[test]
    fn agrees_with_prost_on_every_prefix((signal, bytes) in any_encoded()) {
        for end in 0..bytes.len().min(150) {
            prop_assert_eq!(scanned(signal, &bytes[..end]), reference(signal, &bytes[..end]), "cut at {}", end);
        }
    }

    #[test]
    fn agrees_with_prost_on_noise(signal in any_signal(), bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let attribute = wrapped(&[1, 2, 2, 9], &bytes);
        let span = wrapped(&[1, 2, 2], &bytes);
        for bytes in [bytes, attribute, span] {
            prop_assert_eq!(scanned(signal, &bytes), reference(signal, &bytes));
        }
    }

    #[test]
    fn checks_texts_that_are_cut_at_any_byte(text in "\\PC{0,40}", cut in any::<proptest::sample::Index>(), flip: u8) {
        let mut text = text.into_bytes();
        text.push(b'.');
        let at = cut.index(text.len());
        text[at] ^= flip;
        for numbers in [&[1, 2, 2, 5][..], &[1, 2, 2, 9, 1], &[1, 2, 2, 9, 2, 1], &[1, 1, 1, 2, 5, 1, 1]] {
            for end in [at, text.len()] {
                let bytes = wrapped(numbers, &text[..end]);
                prop_assert_eq!(scanned(Signal::Traces, &bytes), reference(Signal::Traces, &bytes));
            }
        }
    }
}

#[test]
fn nests_exactly_as_deep_as_prost() {
    for levels in 40..60 {
        for innermost in
            [&[][..], &[0x08, 0x01], &[0x10, 0x01], &[0xa2, 0x06, 0x00], &[0xa3, 0x06, 0xa4, 0x06]]
        {
            for ring in [&[5, 1][..], &[6, 1, 2]] {
                let path: Vec<u32> =
                    [1, 2, 2, 5].iter().chain(ring.iter().cycle().take(levels * 2)).copied().collect();
                let bytes = wrapped(&path, innermost);
                let expected = reference(Signal::Logs, &bytes);
                assert_eq!(scanned(Signal::Logs, &bytes), expected, "{} levels, {innermost:?}", path.len());
            }
        }
    }
    let bomb = wrapped(&[5, 1].repeat(20_000), &[]);
    let record = wrapped(&[1, 2, 2, 5], &bomb);
    assert_eq!(scan(Signal::Logs, &record).map_err(|malformed| malformed.fault), Err(Fault::Depth));
}

#[test]
fn counts_the_points_of_the_last_kind_of_data() {
    let gauge = wrapped(&[5, 1], &[]);
    let sum = wrapped(&[7, 1], &[]);
    for (data, expected) in [
        ([&gauge, &gauge, &gauge], 3),
        ([&gauge, &gauge, &sum], 1),
        ([&gauge, &sum, &gauge], 1),
        ([&sum, &gauge, &gauge], 2),
    ] {
        let metric: Vec<u8> = data.iter().flat_map(|data| data.iter().copied()).collect();
        let twice = [wrapped(&[1, 2, 2], &metric), wrapped(&[1, 2, 2], &metric)].concat();
        assert_eq!(reference(Signal::Metrics, &twice), Some(2 * expected));
        assert_eq!(scanned(Signal::Metrics, &twice), Some(2 * expected));
    }
}

#[test]
fn says_what_is_wrong_and_where() {
    let broken_name = wrapped(&[1, 2, 2, 5], b"ab\xffcd");
    let wrong_kind = {
        let mut span = Vec::new();
        put_varint_field(&mut span, 5, 1);
        wrapped(&[1, 2, 2], &span)
    };

    assert_eq!(
        scan(Signal::Traces, &broken_name).map_err(|malformed| malformed.to_string()),
        Err("malformed request at byte 10: string is not UTF-8".to_owned())
    );
    assert_eq!(
        scan(Signal::Traces, &wrong_kind).map_err(|malformed| malformed.to_string()),
        Err("malformed request at byte 6: wrong wire type for field 5 of Span".to_owned())
    );
    assert_eq!(
        scan(Signal::Traces, &[0x0a, 0x05, 0x00]),
        Err(Malformed { offset: 2, fault: Fault::Overrun })
    );
}

/// Compares a table with what prost accepts in each field.
fn check<M: Message + Default>(schema: &Schema) {
    for number in 1..=20u8 {
        let tag = |wire_type: u8| {
            let mut tag = Vec::new();
            crate::wire::put_varint(&mut tag, u64::from(number) << 3 | u64::from(wire_type));
            tag
        };
        let accepts =
            |wire_type: u8, payload: &[u8]| M::decode([&tag(wire_type), payload].concat().as_slice()).is_ok();
        let found = [
            accepts(0, &[1]),
            accepts(1, &[0xff; 8]),
            accepts(5, &[0xff; 4]),
            accepts(2, &[0]),
            accepts(2, &[1, 0xff]),
            accepts(2, &[1, 0x01]),
        ];
        let expected = match schema.kind(u32::from(number)) {
            Kind::Unknown => [true; 6],
            Kind::Varint => [true, false, false, false, false, false],
            Kind::Fixed64 => [false, true, false, false, false, false],
            Kind::Fixed32 => [false, false, true, false, false, false],
            Kind::Text => [false, false, false, true, false, true],
            Kind::Bytes => [false, false, false, true, true, true],
            Kind::Varints => [true, false, false, true, false, true],
            Kind::Fixed64s => [false, true, false, true, false, false],
            Kind::Message(_) | Kind::KeyValue | Kind::Item(_) | Kind::Data(_) => {
                [false, false, false, true, false, false]
            }
        };
        assert_eq!(found, expected, "field {number} of {}", schema.name);
    }
}

fn child(schema: &Schema, number: u32) -> &'static Schema {
    match schema.kind(number) {
        Kind::Message(inner) | Kind::Item(inner) | Kind::Data(inner) => inner,
        Kind::KeyValue => &schema::KEY_VALUE,
        Kind::Unknown
        | Kind::Varint
        | Kind::Fixed64
        | Kind::Fixed32
        | Kind::Text
        | Kind::Bytes
        | Kind::Varints
        | Kind::Fixed64s => panic!("field {number} of {} is no message", schema.name),
    }
}

#[test]
fn tables_state_what_prost_knows() {
    let [traces, metrics_, logs_] = Signal::ALL.map(schema::request_schema);
    let at =
        |root: &'static Schema, path: &[u32]| path.iter().fold(root, |schema, &number| child(schema, number));

    check::<trace::v1::ResourceSpans>(at(traces, &[1]));
    check::<resource::v1::Resource>(at(traces, &[1, 1]));
    check::<common::v1::EntityRef>(at(traces, &[1, 1, 3]));
    check::<common::v1::KeyValue>(at(traces, &[1, 1, 1]));
    check::<common::v1::AnyValue>(at(traces, &[1, 1, 1, 2]));
    check::<common::v1::ArrayValue>(at(traces, &[1, 1, 1, 2, 5]));
    check::<common::v1::KeyValueList>(at(traces, &[1, 1, 1, 2, 6]));
    check::<trace::v1::ScopeSpans>(at(traces, &[1, 2]));
    check::<common::v1::InstrumentationScope>(at(traces, &[1, 2, 1]));
    check::<trace::v1::Span>(at(traces, &[1, 2, 2]));
    check::<trace::v1::span::Event>(at(traces, &[1, 2, 2, 11]));
    check::<trace::v1::span::Link>(at(traces, &[1, 2, 2, 13]));
    check::<trace::v1::Status>(at(traces, &[1, 2, 2, 15]));
    check::<logs::v1::ResourceLogs>(at(logs_, &[1]));
    check::<resource::v1::Resource>(at(logs_, &[1, 1]));
    check::<logs::v1::ScopeLogs>(at(logs_, &[1, 2]));
    check::<common::v1::InstrumentationScope>(at(logs_, &[1, 2, 1]));
    check::<logs::v1::LogRecord>(at(logs_, &[1, 2, 2]));
    check::<common::v1::AnyValue>(at(logs_, &[1, 2, 2, 5]));
    check::<metrics::v1::ResourceMetrics>(at(metrics_, &[1]));
    check::<resource::v1::Resource>(at(metrics_, &[1, 1]));
    check::<metrics::v1::ScopeMetrics>(at(metrics_, &[1, 2]));
    check::<common::v1::InstrumentationScope>(at(metrics_, &[1, 2, 1]));
    check::<metrics::v1::Metric>(at(metrics_, &[1, 2, 2]));
    check::<metrics::v1::Gauge>(at(metrics_, &[1, 2, 2, 5]));
    check::<metrics::v1::Sum>(at(metrics_, &[1, 2, 2, 7]));
    check::<metrics::v1::Histogram>(at(metrics_, &[1, 2, 2, 9]));
    check::<metrics::v1::ExponentialHistogram>(at(metrics_, &[1, 2, 2, 10]));
    check::<metrics::v1::Summary>(at(metrics_, &[1, 2, 2, 11]));
    check::<metrics::v1::NumberDataPoint>(at(metrics_, &[1, 2, 2, 5, 1]));
    check::<metrics::v1::NumberDataPoint>(at(metrics_, &[1, 2, 2, 7, 1]));
    check::<metrics::v1::HistogramDataPoint>(at(metrics_, &[1, 2, 2, 9, 1]));
    check::<metrics::v1::ExponentialHistogramDataPoint>(at(metrics_, &[1, 2, 2, 10, 1]));
    check::<metrics::v1::exponential_histogram_data_point::Buckets>(at(metrics_, &[1, 2, 2, 10, 1, 8]));
    check::<metrics::v1::exponential_histogram_data_point::Buckets>(at(metrics_, &[1, 2, 2, 10, 1, 9]));
    check::<metrics::v1::SummaryDataPoint>(at(metrics_, &[1, 2, 2, 11, 1]));
    check::<metrics::v1::summary_data_point::ValueAtQuantile>(at(metrics_, &[1, 2, 2, 11, 1, 6]));
    for exemplar in [[1, 2, 2, 5, 1, 5], [1, 2, 2, 9, 1, 8], [1, 2, 2, 10, 1, 11]] {
        check::<metrics::v1::Exemplar>(at(metrics_, &exemplar));
    }
}
