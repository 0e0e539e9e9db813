mod bounds;
mod calibration;
mod counting;
mod learning;
mod marking;
mod surprise;

use std::time::Instant;

use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use super::LogTemplates;
use super::config::Config;
use super::processor::DROPPED;
use crate::testing::{Value, logs, records_of};

pub(super) fn processor(config: &str) -> LogTemplates {
    let config: Config = serde_json::from_str(config).expect("parses");
    config.validate().expect("valid");
    LogTemplates::build(config, &context("log_templates").0).expect("builds")
}

pub(super) fn run(processor: &mut LogTemplates, records: Vec<LogRecord>, now: Instant) -> Vec<LogRecord> {
    let mut out = Emitter::default();
    processor.process(logs(None, records), now, &mut out).expect("takes it");
    out.take().iter().flat_map(records_of).collect()
}

pub(super) fn line(text: &str, severity_number: i32) -> LogRecord {
    let body = Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
    LogRecord { body, severity_number, ..LogRecord::default() }
}

pub(super) fn lines(texts: &[&str]) -> Vec<LogRecord> {
    texts.iter().map(|text| line(text, 9)).collect()
}

pub(super) fn attribute<'a>(record: &'a LogRecord, key: &str) -> Option<&'a Value> {
    let found: Option<&KeyValue> = record.attributes.iter().find(|attribute| attribute.key == key);
    found?.value.as_ref()?.value.as_ref()
}

pub(super) fn string<'a>(record: &'a LogRecord, key: &str) -> Option<&'a str> {
    if let Value::StringValue(text) = attribute(record, key)? { Some(text) } else { None }
}

pub(super) fn dropped(record: &LogRecord) -> Option<i64> {
    if let Value::IntValue(number) = attribute(record, DROPPED)? { Some(*number) } else { None }
}

pub(super) fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        _ => "",
    }
}
