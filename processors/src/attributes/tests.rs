use edgewatch_core::Signal;
use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, Sum, Summary, SummaryDataPoint,
};
use opentelemetry_proto::tonic::trace::v1::Span;

use super::AttributesProcessor;
use super::config::Config;
use crate::testing::{
    Value, logs, metrics, metrics_of, pair, processed, records_of, resource, spans_of, text, traces,
};

const MARK: &str = r#""actions": [{"key": "mark", "value": "x", "action": "insert"}]"#;

#[test]
fn acts_on_data_points_of_every_kind() {
    let mut processor = processor(&format!("{{{MARK}}}"), Signal::Metrics);
    let kinds = [
        Data::Gauge(Gauge { data_points: vec![NumberDataPoint::default()] }),
        Data::Sum(Sum { data_points: vec![NumberDataPoint::default()], ..Sum::default() }),
        Data::Histogram(Histogram {
            data_points: vec![HistogramDataPoint::default()],
            ..Histogram::default()
        }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![ExponentialHistogramDataPoint::default()],
            ..ExponentialHistogram::default()
        }),
        Data::Summary(Summary { data_points: vec![SummaryDataPoint::default()] }),
    ];
    let batch = kinds.map(|data| Metric { name: "m".to_owned(), data: Some(data), ..Metric::default() });

    let after = processed(&mut processor, metrics(None, batch.to_vec(), 5));

    let marked: Vec<bool> =
        metrics_of(&after).iter().map(|metric| has_mark(&point_attributes(metric))).collect();
    assert_eq!(marked, [true; 5]);
}

#[test]
fn includes_spans_by_service_name_kind_library_and_attributes() {
    let span = || Span {
        name: "GET /".to_owned(),
        kind: 2,
        attributes: vec![pair("code", Value::IntValue(200)), text("user", "root")],
        ..Span::default()
    };
    let marks = |include: &str| {
        let mut processor = processor(&format!(r#"{{"include": {{{include}}}, {MARK}}}"#), Signal::Traces);
        let batch = traces(resource(&[text("service.name", "shop")]), vec![span()]);
        has_mark(&spans_of(&processed(&mut processor, batch))[0].attributes)
    };
    let strict = |rest: &str| marks(&format!(r#""match_type": "strict", {rest}"#));
    let regexp = |rest: &str| marks(&format!(r#""match_type": "regexp", {rest}"#));

    assert!(strict(r#""services": ["other", "shop"]"#));
    assert!(!strict(r#""services": ["sho"]"#));
    assert!(regexp(r#""services": ["^sho"]"#));
    assert!(strict(r#""span_names": ["GET /"]"#));
    assert!(!regexp(r#""span_names": ["^POST"]"#));
    assert!(strict(r#""span_kinds": ["SPAN_KIND_SERVER"]"#));
    assert!(!strict(r#""span_kinds": ["SPAN_KIND_CLIENT"]"#));
    assert!(strict(r#""libraries": [{"name": "library"}]"#));
    assert!(strict(r#""libraries": [{"name": "library", "version": "1.2"}]"#));
    assert!(!strict(r#""libraries": [{"name": "library", "version": ""}]"#));
    assert!(strict(r#""attributes": [{"key": "code", "value": 200}, {"key": "user"}]"#));
    assert!(!strict(r#""attributes": [{"key": "code", "value": "200"}]"#), "another type");
    assert!(regexp(r#""attributes": [{"key": "code", "value": "^2..$"}]"#));
    assert!(!strict(r#""attributes": [{"key": "code", "value": 200}, {"key": "absent"}]"#));
    assert!(strict(r#""resources": [{"key": "service.name", "value": "shop"}]"#));
    assert!(!strict(r#""services": ["shop"], "span_names": ["other"]"#), "every property must hold");
}

#[test]
fn includes_log_records_by_body_severity_and_text() {
    let record = |number: i32| LogRecord {
        severity_number: number,
        severity_text: "Error".to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue("disk is full".to_owned())) }),
        ..LogRecord::default()
    };
    let marks = |include: &str, number: i32| {
        let mut processor = processor(&format!(r#"{{"include": {{{include}}}, {MARK}}}"#), Signal::Logs);
        has_mark(&records_of(&processed(&mut processor, logs(None, vec![record(number)])))[0].attributes)
    };
    let severity = r#""match_type": "strict", "log_severity_number": {"min": 13}"#;
    let undefined = r#""match_type": "strict", "log_severity_number": {"min": 13, "match_undefined": true}"#;

    assert!(marks(r#""match_type": "regexp", "log_bodies": ["full$"]"#, 0));
    assert!(!marks(r#""match_type": "strict", "log_bodies": ["full"]"#, 0));
    assert!(marks(r#""match_type": "strict", "log_severity_texts": ["Error"]"#, 0));
    assert_eq!([12, 13, 17, 0].map(|number| marks(severity, number)), [false, true, true, false]);
    assert_eq!([12, 13, 0].map(|number| marks(undefined, number)), [false, true, true]);
}

#[test]
fn excludes_from_what_is_included() {
    let mut processor = processor(
        &format!(
            r#"{{"include": {{"match_type": "regexp", "metric_names": ["^system\\."]}},
                "exclude": {{"match_type": "strict", "metric_names": ["system.cpu.time"]}}, {MARK}}}"#
        ),
        Signal::Metrics,
    );
    let gauge = |name: &str| Metric {
        name: name.to_owned(),
        data: Some(Data::Gauge(Gauge { data_points: vec![NumberDataPoint::default()] })),
        ..Metric::default()
    };
    let batch = ["system.cpu.time", "system.memory.usage", "process.cpu.time"].map(gauge);

    let after = processed(&mut processor, metrics(None, batch.to_vec(), 3));

    let marked: Vec<bool> =
        metrics_of(&after).iter().map(|metric| has_mark(&point_attributes(metric))).collect();
    assert_eq!(marked, [false, true, false]);
}

#[test]
fn matches_attributes_as_they_were_before_the_actions() {
    let config = r#"{"include": {"match_type": "strict", "attributes": [{"key": "a"}]},
        "actions": [{"key": "a", "action": "delete"}, {"key": "b", "action": "insert", "value": 1}]}"#;
    let mut processor = processor(config, Signal::Traces);
    let span = Span { attributes: vec![text("a", "x")], ..Span::default() };

    let after = processed(&mut processor, traces(None, vec![span]));

    assert_eq!(spans_of(&after)[0].attributes, [pair("b", Value::IntValue(1))]);
}

#[test]
fn refuses_properties_that_a_signal_does_not_have() {
    let build = |signal: Signal| {
        let config = config(&format!(
            r#"{{"exclude": {{"match_type": "strict", "services": ["x"], "log_bodies": ["y"]}}, {MARK}}}"#
        ));
        build(config, signal).expect_err("neither signal has both").to_string()
    };

    assert_eq!(
        build(Signal::Traces),
        "exclude.log_bodies: cannot be matched in a traces pipeline; use a processor of its own for that pipeline"
    );
    assert!(build(Signal::Metrics).contains("exclude.services: cannot be matched in a metrics pipeline"));
}

#[test]
fn reports_bad_expressions_kinds_and_empty_matches() {
    let broken =
        |rest: &str| config(&format!(r#"{{{rest}, {MARK}}}"#)).validate().expect_err("broken").to_string();

    assert!(
        broken(r#""include": {"match_type": "strict"}"#).starts_with("include: there is nothing to match")
    );
    assert_eq!(
        broken(r#""include": {"match_type": "regexp", "services": ["fine", "["]}"#),
        "include.services.1: not a regular expression: unclosed character class"
    );
    assert!(
        broken(r#""include": {"match_type": "strict", "span_kinds": ["server"]}"#).starts_with(
            "include.span_kinds.0: server is not a span kind; the kinds are SPAN_KIND_UNSPECIFIED"
        )
    );
    assert!(
        broken(r#""exclude": {"match_type": "regexp", "attributes": [{"key": "k", "value": 1}]}"#)
            .starts_with("exclude.attributes.0.value: match_type regexp needs a regular expression")
    );
}

fn config(text: &str) -> Config {
    serde_json::from_str(text).expect("parses")
}

fn build(config: Config, signal: Signal) -> Result<AttributesProcessor, ConfigError> {
    let (mut context, _) = context("attributes");
    context.signal = Some(signal);
    AttributesProcessor::build(config, &context)
}

fn processor(text: &str, signal: Signal) -> AttributesProcessor {
    let config = config(text);
    config.validate().expect("valid");
    build(config, signal).expect("builds")
}

fn has_mark(attributes: &[KeyValue]) -> bool {
    attributes.contains(&text("mark", "x"))
}

fn point_attributes(metric: &Metric) -> Vec<KeyValue> {
    match metric.data.as_ref().expect("data") {
        Data::Gauge(data) => data.data_points[0].attributes.clone(),
        Data::Sum(data) => data.data_points[0].attributes.clone(),
        Data::Histogram(data) => data.data_points[0].attributes.clone(),
        Data::ExponentialHistogram(data) => data.data_points[0].attributes.clone(),
        Data::Summary(data) => data.data_points[0].attributes.clone(),
    }
}
