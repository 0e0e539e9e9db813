//! What connectors and processors derive is scored by `anomaly`: hours of ordinary spans and records, then something that people would
//! want to be told of.

use std::time::{Duration, Instant};

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::config::{Problems, ProcessEnvironment, load};
use edgewatch_core::factory::{BuildContext, Connector, Factory};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::testing::context;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;

use super::{CONNECTORS, PROCESSORS};
use crate::testing::{Value, logs, pair, resource, text, traces};

const SECOND: u64 = 1_000_000_000;
/// Midnight of a day, in nanoseconds since 1970.
const BEGIN: u64 = 1_700_006_400 * SECOND;
/// Telemetry comes so often, in seconds.
const ROUND: u64 = 15;
/// Of some 30000 numbers on an ordinary day one in 10000 may be told of.
const BY_CHANCE: usize = 6;
/// The detector knows little in the first day of a series.
const ORDINARY: u64 = 26 * 3600;

/// An emitter, the `anomaly` processor behind it, and the time.
struct Scene {
    emitter: Box<dyn Processor>,
    anomaly: Box<dyn Processor>,
    start: Instant,
    events: Vec<Event>,
    noise: Noise,
}

/// An anomaly that has begun.
#[derive(Clone, Debug)]
struct Event {
    /// In seconds since the beginning.
    at: u64,
    metric: String,
    attributes: Vec<KeyValue>,
}

impl Event {
    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|pair| pair.key == name);
        match found.and_then(|pair| pair.value.as_ref()?.value.as_ref()) {
            Some(Value::StringValue(text)) => text,
            _ => "",
        }
    }
}

impl Scene {
    fn new(emitter: Box<dyn Processor>) -> Self {
        let anomaly = built(PROCESSORS, "anomaly", "{}");
        Self { emitter, anomaly, start: Instant::now(), events: Vec::new(), noise: Noise(1) }
    }

    /// Hands in what comes in each round, and lets time pass, until so many seconds after the beginning.
    fn live(&mut self, seconds: std::ops::Range<u64>, mut round: impl FnMut(u64, &mut Noise) -> Vec<Batch>) {
        let mut out = Emitter::default();
        for second in seconds.step_by(ROUND as usize) {
            let now = self.start + Duration::from_secs(second);
            for batch in round(second, &mut self.noise) {
                self.emitter.process(batch, now, &mut out).expect("takes it");
            }
            if self.emitter.deadline().is_some_and(|due| due <= now) {
                self.emitter.tick(now, &mut out);
            }
            for batch in out.take().into_iter().filter(|batch| batch.signal() == Signal::Metrics) {
                self.score(batch, now);
            }
            if self.anomaly.deadline().is_some_and(|due| due <= now) {
                self.anomaly.tick(now, &mut out);
            }
            self.told(&mut out, second);
        }
    }

    fn score(&mut self, batch: Batch, now: Instant) {
        let mut out = Emitter::default();
        self.anomaly.process(batch, now, &mut out).expect("takes it");
        self.told(&mut out, now.duration_since(self.start).as_secs());
    }

    fn told(&mut self, out: &mut Emitter, at: u64) {
        for batch in out.take().into_iter().filter(|batch| batch.signal() == Signal::Logs) {
            let request = ExportLogsServiceRequest::decode(batch.segments().concat().as_slice());
            let groups =
                request.expect("decodes").resource_logs.into_iter().flat_map(|group| group.scope_logs);
            let records = groups.flat_map(|group| group.log_records);
            for record in records.filter(|record| record.event_name == "edgewatch.anomaly.start") {
                let mut event = Event { at, metric: String::new(), attributes: record.attributes };
                event.metric = event.attribute("edgewatch.metric.name").to_owned();
                self.events.push(event);
            }
        }
    }
}

/// Chance that is the same each time.
struct Noise(u64);

impl Noise {
    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How many come when so many are expected.
    fn count(&mut self, expected: f64) -> usize {
        let (limit, mut product, mut count) = ((-expected).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }

    /// About one, at times much more.
    fn spread(&mut self) -> f64 {
        let normal: f64 = (0..12).map(|_| self.share()).sum::<f64>() - 6.0;
        (0.4 * normal).exp()
    }
}

fn built<T>(factories: &[Factory<T>], name: &str, config: &str) -> T {
    let loaded = load(&[("test.yaml".to_owned(), config.to_owned())], &[], &ProcessEnvironment);
    let factory = factories.iter().find(|factory| factory.answers_to(name)).expect("is there");
    let mut problems = Problems::default();
    let prepared = factory.prepare(&loaded.root, name, &mut problems).expect("is valid");
    let context: BuildContext = context(name).0;
    prepared.build(&context).expect("builds")
}

fn span_metrics(config: &str) -> Scene {
    match built(CONNECTORS, "span_metrics", config) {
        Connector::Processor(connector) => Scene::new(connector),
        Connector::Router(_) => panic!("it does not choose"),
    }
}

/// An operation of a service.
#[derive(Clone, Copy)]
struct Operation {
    service: &'static str,
    name: &'static str,
    /// Calls per minute.
    calls: f64,
    milliseconds: f64,
    /// The share of calls that fail.
    faults: f64,
    /// The share of calls that ask for what is not there.
    errors: f64,
}

const OPERATIONS: [Operation; 4] = {
    const fn operation(
        service: &'static str,
        name: &'static str,
        calls: f64,
        milliseconds: f64,
        faults: f64,
    ) -> Operation {
        Operation { service, name, calls, milliseconds, faults, errors: 0.02 }
    }
    [
        operation("shop", "GET /cart", 60.0, 30.0, 0.002),
        operation("shop", "POST /order", 20.0, 120.0, 0.002),
        operation("shop", "GET /health", 6.0, 3.0, 0.0),
        operation("stock", "GET /items", 40.0, 15.0, 0.002),
    ]
};

/// The spans that end at about this second.
fn calls(operations: &[Operation], second: u64, noise: &mut Noise) -> Vec<Batch> {
    let mut batches = Vec::new();
    for service in ["shop", "stock"] {
        let mut spans = Vec::new();
        for operation in operations.iter().filter(|operation| operation.service == service) {
            for _ in 0..noise.count(operation.calls * ROUND as f64 / 60.0) {
                let end = BEGIN + second * SECOND - (noise.share() * (ROUND * SECOND) as f64) as u64;
                let milliseconds = operation.milliseconds * noise.spread();
                let chance = noise.share();
                let code = match () {
                    () if chance < operation.faults => 503,
                    () if chance < operation.faults + operation.errors => 404,
                    () => 200,
                };
                spans.push(Span {
                    trace_id: vec![1; 16],
                    span_id: vec![1; 8],
                    name: operation.name.to_owned(),
                    kind: 2,
                    start_time_unix_nano: end - (milliseconds * 1e6) as u64,
                    end_time_unix_nano: end,
                    attributes: vec![pair("http.response.status_code", Value::IntValue(code))],
                    status: Some(Status { code: if code >= 500 { 2 } else { 0 }, ..Status::default() }),
                    ..Span::default()
                });
            }
        }
        if !spans.is_empty() {
            let of = resource(&[text("host.name", "web"), text("service.name", service)]);
            batches.push(traces(of, spans));
        }
    }
    batches
}

fn with(change: impl Fn(&mut Operation)) -> [Operation; 4] {
    let mut operations = OPERATIONS;
    operations.iter_mut().for_each(change);
    operations
}

fn show(events: &[Event]) -> String {
    let line = |event: &Event| {
        let attributes = [
            "edgewatch.anomaly.aspect",
            "span.name",
            "status.code",
            "edgewatch.log.template.text",
            "edgewatch.log.severity",
        ];
        let attributes: Vec<&str> = attributes.iter().map(|name| event.attribute(name)).collect();
        format!("{}m {} {}\n", event.at as f64 / 60.0, event.metric, attributes.join(" "))
    };
    events.iter().map(line).collect()
}

const MINUTE: u64 = 60;

/// What people would want to be told of lasts so long, in seconds.
const ODD: u64 = 10 * MINUTE;

/// Ordinary calls for a day and more, then these for a while, then ordinary ones again. What was told since.
fn told_of(config: &str, odd: &[Operation]) -> Vec<Event> {
    let mut scene = span_metrics(config);
    scene.live(0..ORDINARY, |second, noise| calls(&OPERATIONS, second, noise));
    assert!(scene.events.len() <= BY_CHANCE, "{}", show(&scene.events));
    scene.events.clear();
    scene.live(ORDINARY..ORDINARY + ODD, |second, noise| calls(odd, second, noise));
    scene.live(ORDINARY + ODD..ORDINARY + 3 * ODD, |second, noise| calls(&OPERATIONS, second, noise));
    scene.events
}

/// That the first event came soon, and all are of series that are right.
fn check(told: &[Event], soon: impl Fn(&Event) -> bool, right: impl Fn(&Event) -> bool) {
    let first = told.iter().find(|event| soon(event));
    assert!(first.is_some_and(|event| event.at <= ORDINARY + 3 * MINUTE), "{}", show(told));
    assert!(told.iter().all(right), "{}", show(told));
}

#[test]
fn slow_calls_of_an_operation_are_an_anomaly_of_its_duration_and_of_nothing_else() {
    let slow = with(|operation| {
        operation.milliseconds *= if operation.name == "POST /order" { 10.0 } else { 1.0 };
    });
    for config in [
        "{}",
        "{aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA, histogram: {exponential: {}, unit: s}}",
    ] {
        let right = |event: &Event| {
            event.attribute("span.name") == "POST /order" && event.metric == "traces.span.metrics.duration"
        };
        check(&told_of(config, &slow), right, right);
    }
}

#[test]
fn failing_calls_of_an_operation_are_an_anomaly_of_its_faults_and_of_no_other_operation() {
    let failing = with(|operation| {
        operation.faults = if operation.name == "GET /items" { 0.5 } else { operation.faults };
    });
    check(
        &told_of("{}", &failing),
        |event| event.metric == "traces.span.metrics.faults",
        |event| event.attribute("span.name") == "GET /items",
    );
}

#[test]
fn when_an_operation_is_not_called_any_more_that_is_an_anomaly_of_its_calls() {
    let silent = with(|operation| {
        operation.calls *= if operation.name == "GET /cart" { 0.0 } else { 1.0 };
    });
    check(
        &told_of("{}", &silent),
        |event| event.metric == "traces.span.metrics.calls",
        |event| event.attribute("span.name") == "GET /cart",
    );
}

#[test]
fn when_no_spans_come_at_all_that_is_an_anomaly_of_calls() {
    let told = told_of("{}", &[]);
    let of = |service: &str| {
        let of =
            |event: &&Event| event.attribute("service.name") == service && event.at <= ORDINARY + 3 * MINUTE;
        told.iter().any(|event| of(&event) && event.metric == "traces.span.metrics.calls")
    };
    assert!(of("shop") && of("stock"), "{}", show(&told));
}

/// A line that a service writes.
#[derive(Clone, Copy)]
struct Line {
    words: &'static str,
    severity: i32,
    /// Records per minute.
    records: f64,
}

const LINES: [Line; 5] = {
    const fn line(words: &'static str, severity: i32, records: f64) -> Line {
        Line { words, severity, records }
    }
    [
        line("request {} served in {} ms", 9, 60.0),
        line("cache entry {} expired", 9, 30.0),
        line("heartbeat {} sent to the coordinator", 9, 12.0),
        line("retrying connection to the database, attempt {}", 13, 2.0),
        line("could not parse order {}", 17, 0.5),
    ]
};

fn records(lines: &[Line], second: u64, noise: &mut Noise) -> Vec<Batch> {
    let mut records = Vec::new();
    for line in lines {
        for _ in 0..noise.count(line.records * ROUND as f64 / 60.0) {
            let number = (noise.share() * 1e6) as u64;
            let body = line.words.replace("{}", &number.to_string());
            let body = text("", &body).value;
            records.push(LogRecord {
                observed_time_unix_nano: BEGIN + second * SECOND,
                severity_number: line.severity,
                body,
                ..LogRecord::default()
            });
        }
    }
    let of = resource(&[text("host.name", "web"), text("service.name", "shop")]);
    if records.is_empty() { Vec::new() } else { vec![logs(of, records)] }
}

#[test]
fn a_burst_and_a_silence_of_templates_are_anomalies_of_their_counts_and_of_nothing_else() {
    let mut scene = Scene::new(built(PROCESSORS, "log_templates", "{}"));
    scene.live(0..ORDINARY, |second, noise| records(&LINES, second, noise));
    assert!(scene.events.len() <= BY_CHANCE, "{}", show(&scene.events));
    scene.events.clear();
    let mut odd = LINES;
    odd[3].records *= 20.0;
    odd[2].records = 0.0;
    scene.live(ORDINARY..ORDINARY + 15 * MINUTE, |second, noise| records(&odd, second, noise));
    scene
        .live(ORDINARY + 15 * MINUTE..ORDINARY + 45 * MINUTE, |second, noise| records(&LINES, second, noise));

    let told = scene.events;
    let of = |beginning: &str, within: u64| {
        let mut counts = told.iter().filter(|event| event.metric == "edgewatch.log.template.count");
        counts.any(|event| {
            event.attribute("edgewatch.log.template.text").starts_with(beginning)
                && event.at <= ORDINARY + within * MINUTE
        })
    };
    assert!(of("retrying", 3), "{}", show(&told));
    assert!(of("heartbeat", 15), "{}", show(&told));
    for event in &told {
        let template = event.attribute("edgewatch.log.template.text");
        let right = template.starts_with("retrying")
            || template.starts_with("heartbeat")
            || event.attribute("edgewatch.log.severity") == "warn";
        assert!(right, "{}", show(&told));
    }
}
