use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::{Emitter, Processor};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{NumberDataPoint, metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use super::super::LogTemplates;
use super::super::metrics::{ERROR_SHARE, RECORD_COUNT, SEVERITY, TEMPLATE_COUNT};
use super::super::processor::{ID, TEXT};
use super::{line, lines, processor};
use crate::testing::{Value, logs, resource, text};

const SECOND: u64 = 1_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);
/// When the first record comes, in seconds since 1970.
const BEGIN: u64 = 1_700_000_000;

/// A processor with its surroundings: what it derives, and the time.
struct Subject {
    processor: LogTemplates,
    start: Instant,
    passed: Duration,
}

/// A point: metric, what tells it from others, start and time in seconds since `BEGIN`, value.
type Point = (String, String, u64, u64, f64);

impl Subject {
    fn new(config: &str) -> Self {
        Self { processor: processor(config), start: Instant::now(), passed: Duration::ZERO }
    }

    fn now(&self) -> Instant {
        self.start + self.passed
    }

    /// Takes in records now, and returns the metrics that come of it.
    fn take(&mut self, resource: Option<Resource>, records: Vec<LogRecord>) -> Vec<Batch> {
        let observed = BEGIN * SECOND + self.passed.as_nanos() as u64;
        let records =
            records.into_iter().map(|record| LogRecord { observed_time_unix_nano: observed, ..record });
        let mut out = Emitter::default();
        self.processor.process(logs(resource, records.collect()), self.now(), &mut out).expect("takes it");
        out.take().into_iter().filter(|batch| batch.signal() == Signal::Metrics).collect()
    }

    /// Lets time pass.
    fn after(&mut self, passed: Duration) -> Vec<Batch> {
        self.passed += passed;
        let mut out = Emitter::default();
        let due = self.processor.deadline().is_some_and(|due| due <= self.now());
        self.processor.tick(self.now(), &mut out);
        assert!(due || out.is_empty(), "nothing comes before its time");
        out.take().into_vec()
    }

    fn end(&mut self) -> Vec<Batch> {
        let mut out = Emitter::default();
        self.processor.drain(&mut out);
        out.take().into_vec()
    }
}

fn requests(batches: &[Batch]) -> Vec<ExportMetricsServiceRequest> {
    let decode = |batch: &Batch| {
        let request = ExportMetricsServiceRequest::decode(batch.segments().concat().as_slice());
        request.expect("decodes")
    };
    batches.iter().map(decode).collect()
}

fn value_of(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    if let Value::StringValue(text) = found.value.as_ref()?.value.as_ref()? {
        Some(text.clone())
    } else {
        None
    }
}

fn points(batches: &[Batch]) -> Vec<Point> {
    let mut points = Vec::new();
    let metrics = requests(batches).into_iter().flat_map(|request| request.resource_metrics);
    for metric in metrics.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics) {
        let data = match metric.data {
            Some(metric::Data::Gauge(gauge)) => gauge.data_points,
            Some(metric::Data::Sum(sum)) if sum.is_monotonic => sum.data_points,
            _ => panic!("{} is of another kind", metric.name),
        };
        points.extend(data.into_iter().map(|point| read(&metric.name, point)));
    }
    assert_eq!(points.len(), batches.iter().map(Batch::items).sum::<usize>());
    points
}

fn read(metric: &str, point: NumberDataPoint) -> Point {
    let seconds = |time: u64| (time / SECOND).saturating_sub(BEGIN);
    let value = match point.value.expect("has a value") {
        number_data_point::Value::AsInt(value) => value as f64,
        number_data_point::Value::AsDouble(value) => value,
    };
    let told = [TEXT, SEVERITY, ID].into_iter().find_map(|key| value_of(&point.attributes, key));
    let times = (seconds(point.start_time_unix_nano), seconds(point.time_unix_nano));
    (metric.to_owned(), told.unwrap_or_default(), times.0, times.1, value)
}

fn of<'a>(metric: &str, points: &'a [Point]) -> Vec<(&'a str, u64, u64, f64)> {
    let mut found: Vec<_> = points.iter().filter(|point| point.0 == metric).collect();
    found.sort_by(|one, other| one.1.cmp(&other.1));
    found.into_iter().map(|(_, told, start, time, value)| (told.as_str(), *start, *time, *value)).collect()
}

fn service() -> Option<Resource> {
    resource(&[text("service.name", "shop")])
}

#[test]
fn counts_records_of_each_template_and_severity_once_an_interval() {
    let mut subject = Subject::new("{}");
    let mut records = lines(&["took 5 ms", "took 17 ms", "ready"]);
    records.push(line("out of memory", 17));

    assert_eq!(subject.take(service(), records), []);
    assert_eq!(subject.after(Duration::from_secs(59)), []);
    let first = points(&subject.after(Duration::from_secs(1)));
    subject.take(service(), lines(&["took 8 ms"]));
    let second = points(&subject.after(MINUTE));

    assert_eq!(
        of(TEMPLATE_COUNT, &first),
        [("out of memory", 0, 60, 1.0), ("ready", 0, 60, 1.0), ("took <*> ms", 0, 60, 2.0)]
    );
    assert_eq!(of(RECORD_COUNT, &first), [("error", 0, 60, 1.0), ("info", 0, 60, 3.0)]);
    assert_eq!(of(ERROR_SHARE, &first), [("", 0, 60, 0.25)]);
    assert_eq!(
        of(TEMPLATE_COUNT, &second),
        [("out of memory", 0, 120, 1.0), ("ready", 0, 120, 1.0), ("took <*> ms", 0, 120, 3.0)]
    );
    assert_eq!(of(RECORD_COUNT, &second), [("error", 0, 120, 1.0), ("info", 0, 120, 4.0)]);
}

#[test]
fn deltas_follow_one_another_without_a_gap() {
    let mut subject = Subject::new(r#"{"aggregation_temporality": "AGGREGATION_TEMPORALITY_DELTA"}"#);
    subject.take(service(), lines(&["took 5 ms", "took 17 ms"]));
    let first = points(&subject.after(MINUTE));
    let second = points(&subject.after(MINUTE));
    subject.take(service(), lines(&["took 5 ms", "ready"]));
    let third = points(&subject.after(MINUTE));

    assert_eq!(of(TEMPLATE_COUNT, &first), [("took <*> ms", 0, 60, 2.0)]);
    assert_eq!(of(TEMPLATE_COUNT, &second), [("took <*> ms", 60, 120, 0.0)]);
    assert_eq!(of(TEMPLATE_COUNT, &third), [("ready", 120, 180, 1.0), ("took <*> ms", 120, 180, 1.0)]);
}

#[test]
fn one_error_at_night_is_no_wave_of_them() {
    let mut subject = Subject::new("{}");
    for _ in 0..100 {
        let mut records = lines(&["took 5 ms"; 99]);
        records.push(line("out of memory", 17));
        subject.take(service(), records);
    }
    let busy = points(&subject.after(MINUTE));
    subject.take(service(), vec![line("out of memory", 17)]);
    let quiet = points(&subject.after(MINUTE));
    let silent = points(&subject.after(MINUTE));

    assert!((of(ERROR_SHARE, &busy)[0].3 - 0.01).abs() < 1e-3);
    assert!((of(ERROR_SHARE, &quiet)[0].3 - 0.1).abs() < 2e-3);
    assert_eq!(of(ERROR_SHARE, &silent), [], "no records have no share");
}

#[test]
fn a_silence_is_told_for_as_long_as_the_template_spoke() {
    let mut subject = Subject::new(r#"{"aggregation_temporality": "delta"}"#);
    subject.take(service(), lines(&["once"]));
    let mut told: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for minute in 0..60 {
        if minute < 10 {
            subject.take(service(), lines(&["every minute"]));
        }
        for (text, _, _, value) in of(TEMPLATE_COUNT, &points(&subject.after(MINUTE))) {
            told.entry(text.to_owned()).or_default().push(value);
        }
    }

    let spoke = |records: usize, silent: usize| [vec![1.0; records], vec![0.0; silent]].concat();
    assert_eq!(told["once"], spoke(1, 5));
    assert_eq!(told["every minute"], spoke(10, 9));
}

#[test]
fn a_silence_is_told_until_it_expires() {
    let mut subject = Subject::new(r#"{"metrics_expiration": "3m"}"#);
    subject.take(service(), lines(&["once"]));

    let told: Vec<usize> =
        (0..6).map(|_| of(TEMPLATE_COUNT, &points(&subject.after(MINUTE))).len()).collect();

    assert_eq!(told, [1, 1, 1, 1, 0, 0]);
}

#[test]
fn what_the_end_of_the_process_cuts_off_is_told_before_it() {
    let mut subject = Subject::new("{}");
    subject.take(service(), lines(&["ready"]));
    subject.after(MINUTE);
    subject.after(Duration::from_secs(10));
    subject.take(service(), lines(&["took 5 ms"]));

    let end = points(&subject.end());

    assert_eq!(of(TEMPLATE_COUNT, &end), [("took <*> ms", 60, 70, 1.0)]);
}

#[test]
fn joined_templates_are_counted_on_without_counting_a_record_twice() {
    let mut subject = Subject::new("{}");
    let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"];
    let line_of = |name: &str| line(&format!("hello user {name} and welcome to the shop"), 9);
    subject.take(service(), vec![line_of(names[0]), line_of(names[0])]);
    let before = points(&subject.after(MINUTE));
    subject.take(service(), names.map(line_of).to_vec());
    let after = points(&subject.after(MINUTE));

    assert_eq!(of(TEMPLATE_COUNT, &before), [("hello user alice and welcome to the shop", 0, 60, 2.0)]);
    assert_eq!(of(TEMPLATE_COUNT, &after), [("hello user <*> and welcome to the shop", 60, 120, 7.0)]);
}

#[test]
fn metrics_carry_what_the_resources_of_a_service_have_in_common() {
    let of = |pod: &str, node: &str| {
        let name = text("service.name", "shop");
        resource(&[text("k8s.pod.name", pod), name, text("k8s.node.name", node), text("host.name", "h")])
    };
    let resource_of = |batches: &[Batch]| {
        let request = requests(batches).remove(0).resource_metrics.remove(0);
        request.resource.expect("has one").attributes
    };
    let (host, node, name) =
        (text("host.name", "h"), text("k8s.node.name", "n1"), text("service.name", "shop"));
    let mut subject = Subject::new("{}");
    subject.take(of("a", "n1"), lines(&["ready"]));
    subject.take(of("b", "n1"), lines(&["ready"]));
    let same = subject.after(MINUTE);
    subject.take(of("c", "n2"), lines(&["ready"]));
    let other = subject.after(MINUTE);

    assert_eq!(resource_of(&same), [host.clone(), node, name.clone()]);
    assert_eq!(resource_of(&other), [host, name]);
    // The series is another one now, and counts from its own beginning.
    assert_eq!(super::counting::of(TEMPLATE_COUNT, &points(&other)), [("ready", 60, 120, 1.0)]);
}

#[test]
fn services_with_the_same_name_in_two_namespaces_are_two() {
    let mut subject = Subject::new("{}");
    for namespace in ["eu", "us"] {
        let resource = resource(&[text("service.namespace", namespace), text("service.name", "shop")]);
        subject.take(resource, lines(&["ready"]));
    }

    let told = points(&subject.after(MINUTE));

    assert_eq!(of(TEMPLATE_COUNT, &told), [("ready", 0, 60, 1.0), ("ready", 0, 60, 1.0)]);
}

#[test]
fn long_texts_are_cut_and_can_be_left_out() {
    let long = "ä".repeat(300);
    let text_of = |config: &str| {
        let mut subject = Subject::new(config);
        subject.take(service(), lines(&[&long]));
        of(TEMPLATE_COUNT, &points(&subject.after(MINUTE)))[0].0.to_owned()
    };

    assert_eq!(text_of("{}"), "ä".repeat(256));
    assert_eq!(text_of(r#"{"add_text": false}"#).len(), 16, "the id");
}

#[test]
fn nothing_is_derived_when_told_so_or_when_nobody_has_told_the_time() {
    let mut off = Subject::new(r#"{"metrics_flush_interval": "0s"}"#);
    off.take(service(), lines(&["ready"]));
    assert_eq!(off.processor.deadline(), None);
    assert_eq!(off.end(), []);

    let mut timeless = Subject::new("{}");
    let mut out = Emitter::default();
    timeless
        .processor
        .process(logs(service(), lines(&["ready"])), timeless.now(), &mut out)
        .expect("takes it");
    assert_eq!(timeless.after(MINUTE), []);
}

#[test]
fn records_from_the_future_do_not_set_the_time() {
    let mut subject = Subject::new("{}");
    let future = LogRecord { time_unix_nano: (BEGIN + 1_000_000) * SECOND, ..line("ready", 9) };
    let mut told = Vec::new();
    for _ in 0..5 {
        subject.take(service(), lines(&["ready"]));
        subject.take(service(), lines(&["ready"]));
        let mut out = Emitter::default();
        let batch = logs(service(), vec![future.clone()]);
        subject.processor.process(batch, subject.now(), &mut out).expect("takes it");
        told.extend(points(&subject.after(MINUTE)));
    }

    let counts: Vec<_> =
        of(TEMPLATE_COUNT, &told).into_iter().map(|point| (point.1, point.2, point.3)).collect();
    assert_eq!(counts, [(0, 60, 3.0), (0, 120, 6.0), (0, 180, 9.0), (0, 240, 12.0), (0, 300, 15.0)]);
}

#[test]
fn a_time_that_goes_back_far_is_followed_and_sums_begin_anew() {
    let mut subject = Subject::new("{}");
    let at = |seconds: u64| LogRecord { time_unix_nano: (BEGIN + seconds) * SECOND, ..line("ready", 9) };
    let mut told = Vec::new();
    for (minute, ahead) in [1_000_000, 0, 0].into_iter().enumerate() {
        for _ in 0..15 {
            let mut out = Emitter::default();
            let batch = logs(service(), vec![at(ahead + 60 * minute as u64)]);
            subject.processor.process(batch, subject.now(), &mut out).expect("takes it");
        }
        told.extend(points(&subject.after(MINUTE)));
    }

    let counts: Vec<_> =
        of(TEMPLATE_COUNT, &told).into_iter().map(|point| (point.1, point.2, point.3)).collect();
    assert_eq!(counts, [(999_999, 1_000_060, 15.0), (60, 120, 15.0), (60, 180, 30.0)]);
}

#[test]
fn what_comes_back_after_a_silence_counts_from_the_interval_in_which_it_does() {
    let mut subject = Subject::new("{}");
    subject.take(service(), lines(&["once", "once"]));
    let told: Vec<Point> = (0..30).flat_map(|_| points(&subject.after(MINUTE))).collect();
    subject.take(service(), lines(&["once"]));
    let back = points(&subject.after(MINUTE));

    assert_eq!(of(TEMPLATE_COUNT, &told).last(), Some(&("once", 0, 360, 2.0)));
    assert_eq!(of(TEMPLATE_COUNT, &back), [("once", 1800, 1860, 1.0)]);
}

#[test]
fn many_templates_leave_in_requests_of_a_bearable_size() {
    let mut subject = Subject::new(r#"{"max_templates": 6000}"#);
    // Each has another shape.
    let records = (0..5000_u32).map(|number| {
        let words: Vec<String> =
            (0..13).map(|bit| if number >> bit & 1 == 1 { "on!" } else { "off;" }.to_owned()).collect();
        line(&format!("{} {}", words.join(" "), "x".repeat(400)), 9)
    });
    subject.take(service(), records.collect());

    let batches = subject.after(MINUTE);

    assert!(batches.len() > 1 && batches.iter().all(|batch| batch.bytes() < 2 << 20), "{}", batches.len());
    let counted: f64 = of(TEMPLATE_COUNT, &points(&batches)).iter().map(|point| point.3).sum();
    assert!(counted > 2048.0, "{counted}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With templates that join, and room for all of them.
    #[test]
    fn every_record_is_counted_once_and_no_sum_goes_back(
        intervals in vec(prop_oneof![2 => vec(("[a-d]", 0..12_u8), 0..20), 1 => Just(vec![])], 1..30),
        delta in any::<bool>(),
    ) {
        let temporality = if delta { "delta" } else { "cumulative" };
        let mut subject = Subject::new(&format!(r#"{{"aggregation_temporality": "{temporality}"}}"#));
        let mut last: BTreeMap<String, (u64, f64)> = BTreeMap::new();
        let mut ended: BTreeMap<String, u64> = BTreeMap::new();
        let (mut records, mut counted) = (0, 0.0);
        let mut count = |points: Vec<Point>| -> Result<(), TestCaseError> {
            for (told, start, time, value) in of(TEMPLATE_COUNT, &points) {
                prop_assert!(start < time);
                // A sum begins where it was told of last, or later.
                if let Some(ended) = ended.insert(told.to_owned(), time) {
                    prop_assert!(start >= ended || last.get(told).is_some_and(|(began, _)| !delta && start == *began));
                }
                let before = last.insert(told.to_owned(), (start, value));
                match before {
                    Some((began, before)) if !delta && start == began => {
                        prop_assert!(value >= before);
                        counted += value - before;
                    }
                    Some(_) | None => counted += value,
                }
            }
            Ok(())
        };
        for interval in intervals {
            let lines: Vec<_> =
                interval.iter().map(|(verb, name)| line(&format!("{verb} of user n{}x is done", char::from(b'a' + name)), 9)).collect();
            records += lines.len();
            if !lines.is_empty() {
                subject.take(service(), lines);
            }
            count(points(&subject.after(MINUTE)))?;
        }
        count(points(&subject.end()))?;
        prop_assert_eq!(counted, records as f64);
    }
}
