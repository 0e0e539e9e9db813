use opentelemetry_proto::tonic::common::v1::KeyValue;

use super::*;
use crate::testing::{Value, pair, text};

fn record(trace_id: &str, attributes: &[KeyValue]) -> LogRecord {
    LogRecord { trace_id: id(trace_id), attributes: attributes.to_vec(), ..LogRecord::default() }
}

fn sampled(config: &str, record: LogRecord) -> Option<Vec<(String, String)>> {
    let (mut processor, _) = processor(config, Signal::Logs);
    let kept = kept_records(&mut processor, vec![record]);
    kept.into_iter().next().map(|record| {
        let texts = record.attributes.into_iter().filter_map(|pair| {
            if let Value::StringValue(text) = pair.value?.value? { Some((pair.key, text)) } else { None }
        });
        texts.collect()
    })
}

fn noted(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

#[test]
fn a_record_is_told_its_threshold_in_attributes() {
    let proportional = r#"{"mode": "proportional", "sampling_percentage": 50}"#;
    assert_eq!(sampled(proportional, record(HALF, &[])), noted(&[("sampling.threshold", "8")]));
    let explicit =
        [text("sampling.randomness", "c0000000000000"), text("sampling.threshold", "8"), text("a", "b")];
    assert_eq!(
        sampled(proportional, record("", &explicit)),
        noted(&[("sampling.randomness", "c0000000000000"), ("a", "b"), ("sampling.threshold", "c")])
    );
    assert_eq!(sampled(proportional, record("", &[])), None);
}

#[test]
fn the_hash_is_of_the_trace_id_or_of_an_attribute_as_asked_and_is_noted() {
    let of_trace = r#"{"sampling_percentage": 100, "from_attribute": "id"}"#;
    let randomness = |found: Option<Vec<(String, String)>>| {
        found
            .and_then(|pairs| pairs.into_iter().find(|(key, _)| key == "sampling.randomness"))
            .map(|(_, text)| text)
    };
    let of_bytes = |bytes: &[u8]| {
        let hash = u64::from(crate::sampling::fnv1a_32([&[0; 4], bytes]));
        let (bucket, rest) = (hash & 0x3fff, hash >> 18);
        format!("{:014x}", (0x3fff - bucket) << 42 | (rest ^ rest << 10) << 14 | bucket)
    };
    let with = |value: Value| record(HALF, &[pair("id", value)]);
    assert_eq!(randomness(sampled(of_trace, with(Value::IntValue(5)))), Some(of_bytes(&id(HALF))));
    assert_eq!(randomness(sampled(of_trace, record("", &[text("id", "x")]))), Some(of_bytes(b"x")));

    let of_record = r#"{"sampling_percentage": 100, "from_attribute": "id", "attribute_source": "record"}"#;
    assert_eq!(randomness(sampled(of_record, with(Value::IntValue(5)))), Some(of_bytes(b"5")));
    assert_eq!(randomness(sampled(of_record, with(Value::BytesValue(vec![1, 2])))), Some(of_bytes(&[1, 2])));
    assert_eq!(randomness(sampled(of_record, with(Value::BoolValue(true)))), Some(of_bytes(b"true")));
    assert_eq!(randomness(sampled(of_record, with(Value::DoubleValue(1.5)))), Some(of_bytes(b"1.5")));
    assert_eq!(sampled(of_record, with(Value::StringValue(String::new()))), None);
    assert_eq!(sampled(of_record, record(HALF, &[])), None);
}

#[test]
fn the_priority_of_a_record_is_a_percentage_of_its_own() {
    let config = r#"{"mode": "equalizing", "sampling_percentage": 1, "sampling_priority": "wanted"}"#;
    let with = |value| record(HALF, &[pair("wanted", value)]);
    assert!(sampled(config, with(Value::IntValue(50))).is_some());
    assert!(sampled(config, with(Value::DoubleValue(100.0))).is_some());
    assert!(sampled(config, with(Value::IntValue(49))).is_none());
    assert!(
        sampled(config, with(Value::IntValue(0))).is_none(),
        "zero asks for nothing, as in the Collector"
    );
    assert!(sampled(config, with(Value::StringValue("100".to_owned()))).is_none());
    let none = r#"{"sampling_percentage": 0, "sampling_priority": "wanted"}"#;
    assert!(sampled(none, with(Value::IntValue(1))).is_some());
}

#[test]
fn malformed_notes_are_an_error() {
    for attribute in [text("sampling.threshold", "x"), text("sampling.randomness", "12")] {
        let record = record(HALF, &[attribute]);
        let open = r#"{"mode": "equalizing", "sampling_percentage": 50, "fail_closed": false}"#;
        assert_eq!(sampled(r#"{"mode": "equalizing", "sampling_percentage": 100}"#, record.clone()), None);
        assert!(sampled(open, record).is_some());
    }
}
