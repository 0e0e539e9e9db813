use std::time::{Duration, Instant};

use edgewatch_core::factory::ComponentConfig;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::super::config::Config;
use super::super::processor::{ID, TEXT};
use super::{body, dropped, line, lines, processor, run, string};
use crate::testing::{Value, logs, processed, records_of, resource, text};

#[test]
fn tells_each_record_its_template() {
    let mut processor = processor("{}");

    let after =
        records_of(&processed(&mut processor, logs(None, lines(&["took 5 ms", "took 17 ms", "ready"]))));

    let texts: Vec<_> = after.iter().map(|record| string(record, TEXT)).collect();
    assert_eq!(texts, [Some("took <*> ms"), Some("took <*> ms"), Some("ready")]);
    assert_eq!(string(&after[0], ID), string(&after[1], ID));
    assert_ne!(string(&after[0], ID), string(&after[2], ID));
    assert_eq!(string(&after[0], ID).map(str::len), Some(16));
}

#[test]
fn leaves_everything_else_of_a_record_as_it_was() {
    let record = LogRecord {
        time_unix_nano: 7,
        attributes: vec![text("a", "x")],
        dropped_attributes_count: 3,
        ..line("took 5 ms", 9)
    };
    let mut processor = processor(r#"{"add_text": false}"#);

    let after =
        records_of(&processed(&mut processor, logs(resource(&[text("k", "v")]), vec![record.clone()])));

    let mut expected = record;
    expected.attributes.push(text(ID, string(&after[0], ID).expect("has one")));
    assert_eq!(after, [expected]);
}

#[test]
fn passes_records_without_text_byte_for_byte() {
    let body = Some(AnyValue { value: Some(Value::IntValue(5)) });
    let records = vec![LogRecord { body, ..LogRecord::default() }, LogRecord::default()];
    let before = logs(None, records);
    let segments = before.segments().concat();
    let mut processor = processor(r#"{"sampling": {"keep_first": 0}}"#);

    assert_eq!(processed(&mut processor, before).segments().concat(), segments);
}

#[test]
fn learns_from_each_service_on_its_own() {
    let mut processor = processor("{}");
    let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"];
    let lines_of = |name: &str| lines(&[&format!("hello user {name} and welcome to the shop")]);
    let service = |name: &str| resource(&[text("service.name", name)]);
    for name in names {
        processed(&mut processor, logs(service("shop"), lines_of(name))).deliver();
    }

    let shop = records_of(&processed(&mut processor, logs(service("shop"), lines_of("zoe"))));
    let other = records_of(&processed(&mut processor, logs(service("other"), lines_of("zoe"))));

    assert_eq!(string(&shop[0], TEXT), Some("hello user <*> and welcome to the shop"));
    assert_eq!(string(&other[0], TEXT), Some("hello user zoe and welcome to the shop"));
}

#[test]
fn services_beyond_the_most_share_their_templates() {
    let mut processor = processor(r#"{"max_services": 1}"#);
    for name in 0..10 {
        let service = resource(&[text("service.name", &format!("s{name}"))]);
        processed(&mut processor, logs(service, lines(&["ready"]))).deliver();
    }

    assert_eq!(processor.mining.services.templates(), 2);
}

#[test]
fn thins_out_what_repeats_and_tells_how_many_are_gone() {
    let config = r#"{"sampling": {"keep_first": 2, "keep_one_in": 3, "interval": "1m"}}"#;
    let mut processor = processor(config);
    let start = Instant::now();
    let many: Vec<String> = (0..10).map(|n| format!("took {n} ms")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();

    let first = run(&mut processor, lines(&many), start);
    let second = run(&mut processor, lines(&["took 1 ms"]), start + Duration::from_secs(59));
    let later = run(&mut processor, lines(&["took 1 ms"]), start + Duration::from_secs(60));

    // Two first ones, then the third and the sixth of the others.
    let bodies: Vec<_> = first.iter().map(body).collect();
    assert_eq!(bodies, ["took 0 ms", "took 1 ms", "took 4 ms", "took 7 ms"]);
    assert_eq!(first.iter().map(dropped).collect::<Vec<_>>(), [None, None, Some(2), Some(2)]);
    assert_eq!(second.iter().map(dropped).collect::<Vec<_>>(), [Some(2)]);
    assert_eq!(later.iter().map(dropped).collect::<Vec<_>>(), [None]);
}

#[test]
fn keeps_what_is_severe_and_what_is_rare() {
    let mut processor = processor(r#"{"sampling": {"keep_first": 1, "keep_one_in": 0}}"#);
    let records = vec![
        line("took 5 ms", 9),
        line("took 6 ms", 9),
        line("took 7 ms", 17),
        line("never seen before", 9),
        line("took 8 ms", 12),
    ];

    let after = run(&mut processor, records, Instant::now());

    assert_eq!(after.iter().map(body).collect::<Vec<_>>(), ["took 5 ms", "took 7 ms", "never seen before"]);
}

#[test]
fn a_batch_of_which_nothing_stays_is_delivered() {
    let mut processor = processor(r#"{"sampling": {"keep_first": 0, "keep_one_in": 0}}"#);

    assert_eq!(run(&mut processor, lines(&["took 5 ms"]), Instant::now()), []);
}

#[test]
fn refuses_an_interval_of_nothing() {
    let config: Config = serde_json::from_str(r#"{"sampling": {"interval": "0s"}}"#).expect("parses");

    let message = config.validate().expect_err("broken").to_string();

    assert_eq!(message, "sampling.interval: must be above zero; leave sampling out to keep every record");
}
