use std::time::Instant;

use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::testing::{context, reading};
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::super::LogTemplates;
use super::super::config::Config;
use super::super::processor::{ID, PROBABILITY, SURPRISE, TEXT};
use super::{attribute, body, line, processor, run, string};
use crate::testing::{Value, logs, records_of};

fn usual(records: usize) -> Vec<LogRecord> {
    (0..records).map(|number| line(&format!("request {number} took {} ms", number % 300), 9)).collect()
}

fn probability(record: &LogRecord) -> Option<f64> {
    if let Value::DoubleValue(number) = attribute(record, PROBABILITY)? { Some(*number) } else { None }
}

#[test]
fn marks_a_record_of_a_new_template_and_leaves_the_usual_ones_small() {
    let (context, registry) = context("log_templates");
    let mut processor = LogTemplates::build(Config::default(), &context).expect("builds");
    let mut records = usual(5_000);
    records.push(line("disk sda1 failed, going down", 17));

    let after = run(&mut processor, records, Instant::now());

    let (odd, usual) = after.split_last().expect("are there");
    assert_eq!(string(odd, SURPRISE), Some("new"));
    assert!((1e-6..1e-3).contains(&probability(odd).expect("is odd")));
    assert!(usual.iter().all(|record| {
        record.attributes.iter().all(|attribute| [ID, TEXT].contains(&attribute.key.as_str()))
    }));
    assert_eq!(reading(&registry, "edgewatch_processor_log_templates_surprising_records", &[]), 1.0);
}

#[test]
fn marks_a_template_that_comes_again_after_long_as_rare() {
    let mut processor = processor("{}");
    let mut records = vec![line("reloading the configuration", 9)];
    records.extend(usual(20_000));
    records.push(line("reloading the configuration", 9));

    let after = run(&mut processor, records, Instant::now());

    assert_eq!(string(after.last().expect("is there"), SURPRISE), Some("rare"));
    assert_eq!(string(&after[0], SURPRISE), None, "at first everything is new");
}

#[test]
fn marks_nothing_when_told_so() {
    let mut processor = processor(r#"{"surprise_below": 0}"#);
    let mut records = usual(5_000);
    records.push(line("disk sda1 failed, going down", 17));

    let after = run(&mut processor, records, Instant::now());

    assert!(after.iter().all(|record| probability(record).is_none()));
}

#[test]
fn refuses_what_is_no_probability() {
    let config = Config { surprise_below: 2.0, ..Config::default() };

    let message = config.validate().expect_err("broken").to_string();

    assert_eq!(message, "surprise_below: 2 is no probability; write a number from 0 to 1");
}

#[test]
fn odd_records_stay_whatever_sampling_says() {
    let mut processor = processor(r#"{"sampling": {"keep_first": 0, "keep_one_in": 0}}"#);
    let mut records = usual(5_000);
    records.push(line("a word that nobody has said", 9));

    let after = run(&mut processor, records, Instant::now());

    assert_eq!(after.iter().map(body).collect::<Vec<_>>(), ["a word that nobody has said"]);
}

#[test]
fn is_the_same_however_records_are_cut_into_batches() {
    let mut records = usual(3_000);
    records.push(line("disk sda1 failed, going down", 17));
    records.extend(usual(2_000));
    let mut whole = processor(r#"{"sampling": {}}"#);
    let mut cut = processor(r#"{"sampling": {}}"#);
    let now = Instant::now();

    let at_once = run(&mut whole, records.clone(), now);
    let mut out = Emitter::default();
    for part in records.chunks(7) {
        cut.process(logs(None, part.to_vec()), now, &mut out).expect("takes it");
    }
    let in_parts: Vec<_> = out.take().iter().flat_map(records_of).collect();

    assert_eq!(in_parts, at_once);
}
