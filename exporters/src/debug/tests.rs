use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::testing::context;
use edgewatch_proto::encode::{self, Severity, Temporality, Times};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use proptest::prelude::*;
use prost::Message;

use super::DebugExporter;
use super::config::Config;
use super::printer::{Printed, Printer, Surroundings};
use crate::calendar::DateTime;

const NOON: u64 = 1_699_963_200_000_000_000;

#[test]
fn tells_the_state_of_a_host_and_how_busy_it_was_since_the_last_batch() {
    let mut terminal = Terminal::new("{}");

    terminal.print(Signal::Metrics, &host_metrics(100.0, 900.0), 8);
    terminal.print(Signal::Metrics, &host_metrics(125.0, 975.0), 8);

    assert_eq!(
        terminal.text(),
        "12:00:00 metrics     8 data points from web-1: load 0.41, memory 3.0 of 16.0 GiB, disk /data 75 %\n\
         12:00:00 metrics     8 data points from web-1: cpu 25 %, load 0.41, memory 3.0 of 16.0 GiB, disk /data 75 %\n"
    );
}

#[test]
fn a_host_that_comes_in_several_resources_is_told_once() {
    let mut terminal = Terminal::new("{}");

    terminal.print(Signal::Metrics, &[host_metrics(1.0, 1.0), host_metrics(1.0, 1.0)].concat(), 16);

    let (_, told) =
        terminal.text().split_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a line");
    assert_eq!(told, "load 0.41, memory 6.0 of 32.0 GiB, disk /data 75 %\n");
}

#[test]
fn names_the_most_frequent_metrics_of_an_application() {
    let mut terminal = Terminal::new("{}");
    let mut request = Vec::new();
    let items = encode::metrics(&mut request, |request| {
        request.resource(
            "",
            |resource| resource.string("service.name", "shop"),
            |resource| {
                resource.scope("meter", "", |scope| {
                    for name in ["orders", "carts", "carts", "a", "b"] {
                        scope.gauge(name, "1", "", |points| points.int(at(), 1, |_| {}));
                    }
                });
            },
        );
    });

    terminal.print(Signal::Metrics, &request, items);

    assert_eq!(
        terminal.text(),
        "12:00:00 metrics     5 data points from shop: carts ×2, orders, a, +1 other\n"
    );
}

#[test]
fn tells_of_jvms_how_full_their_heaps_are_and_how_long_they_collected() {
    let mut terminal = Terminal::new("{}");
    let (mut request, mut both) = (Vec::new(), Vec::new());
    let one = encode::metrics(&mut request, |request| jvm(request, "shop", 2));
    // The second one does not tell what is used of its young generation.
    let two = encode::metrics(&mut both, |request| {
        jvm(request, "shop", 2);
        jvm(request, "till", 1);
    });

    terminal.print(Signal::Metrics, &request, one);
    terminal.print(Signal::Metrics, &both, two);

    assert_eq!(
        terminal.text(),
        "12:00:00 metrics     8 data points from shop: heap 12 of 32 MiB, 3 GCs 34 ms, 19 threads\n\
         12:00:00 metrics    15 data points from shop, till: shop heap 12 of 32 MiB, 3 GCs 34 ms, 19 threads; \
         till heap of 32 MiB, 3 GCs 34 ms, 19 threads\n"
    );
}

#[test]
fn tells_errors_and_the_slowest_of_spans() {
    let mut terminal = Terminal::new("{}");

    terminal.print(Signal::Traces, &spans(), 2);

    assert_eq!(
        terminal.text(),
        "12:00:00 traces      2 spans from an unnamed source: GET /, SELECT; 1 error, slowest 1.5 s\n"
    );
}

#[test]
fn tells_severities_and_the_worst_of_log_records() {
    let mut terminal = Terminal::new("{}");

    terminal.print(
        Signal::Logs,
        &log_records(&[(Severity::Info, "started"), (Severity::Error, "disk is full\nat")]),
        2,
    );

    assert_eq!(
        terminal.text(),
        "12:00:00 logs        2 log records from nginx: 1 error, 1 info: disk is full\n"
    );
}

#[test]
fn cuts_the_line_to_the_width_of_the_terminal() {
    let mut terminal = Terminal::new("{}");
    terminal.width(40);

    terminal.print(Signal::Logs, &log_records(&[(Severity::Info, "a long line that does not fit")]), 1);

    assert_eq!(terminal.text(), "12:00:00 logs        1 log record from …\n");
}

#[test]
fn prints_one_line_per_item_in_the_layout_of_the_collector() {
    let mut terminal = Terminal::new(r#"{"verbosity": "normal", "sampling_initial": 9}"#);
    let mut metrics = Vec::new();
    let points = encode::metrics(&mut metrics, |request| {
        request.resource(
            "",
            |_| {},
            |resource| {
                resource.scope("", "", |scope| {
                    scope.sum("requests", "1", "", Temporality::Cumulative, true, |points| {
                        points.int(at(), 5, |attributes| {
                            attributes.string("method", "GET");
                            attributes.int("code", 200);
                        });
                        points.double(at(), 0.5, |_| {});
                    });
                });
            },
        );
    });

    terminal.print(Signal::Traces, &spans(), 2);
    terminal.print(Signal::Logs, &log_records(&[(Severity::Info, "two\nlines \u{1b}[31m")]), 1);
    terminal.print(Signal::Metrics, &metrics, points);

    let text = terminal.text();
    let items: Vec<&str> = text.lines().filter(|line| !line.starts_with("12:00:00")).collect();
    let expected = [
        "GET / 0102030405060708090a0b0c0d0e0f10 1112131415161718 http.route=/",
        "SELECT  ",
        "two",
        r"lines \u{1b}[31m stream=stderr",
        "requests{method=GET,code=200} 5",
        "requests{} 0.5",
    ];
    assert_eq!(items, expected);
}

#[test]
fn prints_spans_in_full_in_the_layout_of_the_collector() {
    let mut terminal = Terminal::new(r#"{"verbosity": "detailed"}"#);

    terminal.print(Signal::Traces, &spans(), 2);

    let text = terminal.text();
    let (_, details) = text.split_once('\n').expect("a summary before the details");
    assert_eq!(details, include_str!("testdata/spans.txt"));
}

#[test]
fn prints_metrics_and_log_records_in_full_in_the_layout_of_the_collector() {
    let mut terminal = Terminal::new(r#"{"verbosity": "detailed"}"#);

    terminal.print(Signal::Metrics, &every_kind_of_metric(), 4);
    terminal.print(Signal::Logs, &log_records(&[(Severity::Warn, "careful")]), 1);

    assert_eq!(terminal.text(), include_str!("testdata/metrics_and_logs.txt"));
}

#[test]
fn prints_the_first_batches_of_a_second_and_then_some() {
    let mut terminal = Terminal::new(r#"{"sampling_initial": 2, "sampling_thereafter": 3}"#);
    let request = log_records(&[(Severity::Info, "x")]);

    for _ in 0..9 {
        terminal.print(Signal::Logs, &request, 1);
    }
    terminal.print(Signal::Traces, &spans(), 2);
    terminal.now += Duration::from_secs(1);
    terminal.print(Signal::Logs, &request, 1);

    let text = terminal.text();
    let lines: Vec<&str> = text.lines().map(|line| line.rsplit(": ").next().unwrap_or_default()).collect();
    let two = "x (2 batches before it not shown)";
    assert_eq!(lines[..4], ["x", "x", two, two]);
    assert!(lines[4].starts_with("GET /"), "spans are counted for themselves");
    assert_eq!(lines[5], "x (1 batch before it not shown)");
    assert_eq!(lines.len(), 6);
}

#[tokio::test]
async fn a_reader_who_goes_away_ends_the_printing_and_nothing_else() {
    let exporter = exporter(Box::new(Failing(io::ErrorKind::BrokenPipe)));
    let batch = || Batch::new(Signal::Traces, Bytes::from(spans()), 2, Ack::none());

    assert_eq!(exporter.export(&batch()).await.expect("delivered"), Delivered::default());
    assert_eq!(exporter.export(&batch()).await.expect("delivered"), Delivered::default());
}

#[tokio::test]
async fn a_full_disk_behind_standard_output_can_be_tried_again() {
    let exporter = exporter(Box::new(Failing(io::ErrorKind::StorageFull)));

    let error = exporter.export(&Batch::new(Signal::Traces, Bytes::from(spans()), 2, Ack::none())).await;

    assert!(matches!(error, Err(ExportError::Retryable { .. })));
}

#[test]
fn refuses_other_output_paths_than_standard_output() {
    let config = |text: &str| serde_json::from_str::<Config>(text).expect("parses");

    assert_eq!(config(r#"{"verbosity": "DETAILED", "output_paths": ["stdout"]}"#).validate(), Ok(()));
    let error = config(r#"{"output_paths": ["/tmp/x"]}"#).validate().expect_err("a file");
    assert!(error.to_string().starts_with("output_paths: this build prints to stdout only"));
}

proptest! {
    #[test]
    fn anything_can_be_printed_without_a_control_character(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        text in "\\PC*[\\x00-\\x1f\\x7f]{0,5}.*",
    ) {
        for verbosity in ["basic", "normal", "detailed"] {
            let mut terminal = Terminal::new(&format!(r#"{{"verbosity": "{verbosity}", "sampling_initial": 99}}"#));
            for signal in Signal::ALL {
                terminal.print(signal, &bytes, 1);
            }
            terminal.print(Signal::Logs, &log_records(&[(Severity::Info, &text)]), 1);
            prop_assert!(!terminal.text().contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}

/// A terminal that keeps what is printed on it. It is always noon.
struct Terminal {
    printer: Printer,
    text: Arc<Mutex<Vec<u8>>>,
    now: Instant,
    config: Config,
}

impl Terminal {
    fn new(config: &str) -> Self {
        let config: Config = serde_json::from_str(config).expect("parses");
        let text = Arc::default();
        Self { printer: printer(&config, &text, || None), text, now: Instant::now(), config }
    }

    fn width(&mut self, columns: usize) {
        assert_eq!(columns, 40, "the width comes from a plain function");
        self.printer = printer(&self.config, &self.text, || Some(40));
    }

    fn print(&mut self, signal: Signal, request: &[u8], items: usize) {
        let segments = [Bytes::copy_from_slice(request)];
        let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(NOON);
        let printed =
            self.printer.print(signal, &segments, items, (self.now, time)).expect("memory does not fail");
        assert_eq!(printed, Printed::Yes);
    }

    fn text(&self) -> String {
        String::from_utf8(self.text.lock().expect("not poisoned").clone()).expect("text")
    }
}

fn printer(config: &Config, text: &Arc<Mutex<Vec<u8>>>, width: fn() -> Option<usize>) -> Printer {
    Printer::new(
        config,
        Surroundings { out: Box::new(Memory(Arc::clone(text))), width, clock: DateTime::utc },
    )
}

struct Memory(Arc<Mutex<Vec<u8>>>);

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Failing(io::ErrorKind);

impl io::Write for Failing {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

fn exporter(out: Box<dyn io::Write + Send>) -> DebugExporter {
    let surroundings = Surroundings { out, width: || None, clock: DateTime::utc };
    DebugExporter::printing_to(surroundings, &Config::default(), &context("debug").0)
}

/// A JVM with two pools of its heap, of which `used` tell what is in use.
fn jvm(request: &mut encode::Request<'_, encode::Metrics>, name: &str, used: usize) {
    const MIB: i64 = 1 << 20;
    request.resource(
        "",
        |resource| resource.string("service.name", name),
        |resource| {
            resource.scope("", "", |scope| {
                let pools = [("heap", 4 * MIB), ("heap", 8 * MIB), ("non_heap", 50 * MIB)];
                scope.sum("jvm.memory.used", "By", "", Temporality::Cumulative, false, |points| {
                    for (kind, bytes) in pools.into_iter().skip(2 - used) {
                        points.int(at(), bytes, |attributes| attributes.string("jvm.memory.type", kind));
                    }
                });
                scope.sum("jvm.memory.committed", "By", "", Temporality::Cumulative, false, |points| {
                    for _ in 0..2 {
                        points.int(at(), 16 * MIB, |attributes| attributes.string("jvm.memory.type", "heap"));
                    }
                });
                scope.histogram("jvm.gc.duration", "s", "", Temporality::Cumulative, |points| {
                    let point = encode::HistogramPoint {
                        count: 3,
                        sum: Some(0.034),
                        min: None,
                        max: None,
                        bounds: &[1.0],
                        buckets: &[3, 0],
                    };
                    points.point(at(), &point, |_| {});
                });
                scope.sum("jvm.thread.count", "1", "", Temporality::Cumulative, false, |points| {
                    points.int(at(), 12, |_| {});
                    points.int(at(), 7, |_| {});
                });
            });
        },
    );
}

fn host_metrics(busy: f64, idle: f64) -> Vec<u8> {
    const GIB: i64 = 1 << 30;
    let mut request = Vec::new();
    encode::metrics(&mut request, |request| {
        request.resource(
            "",
            |resource| resource.string("host.name", "web-1"),
            |resource| {
                resource.scope("", "", |scope| {
                    scope.sum("system.cpu.time", "s", "", Temporality::Cumulative, true, |points| {
                        points.double(at(), busy, |attributes| attributes.string("state", "user"));
                        points.double(at(), idle, |attributes| attributes.string("state", "idle"));
                    });
                    scope.gauge("system.cpu.load_average.1m", "1", "", |points| {
                        points.double(at(), 0.41, |_| {})
                    });
                    scope.sum("system.memory.usage", "By", "", Temporality::Cumulative, false, |points| {
                        points.int(at(), 3 * GIB, |attributes| attributes.string("state", "used"));
                        points.int(at(), 13 * GIB, |attributes| attributes.string("state", "free"));
                        points.int(at(), GIB, |attributes| attributes.string("state", "slab_reclaimable"));
                    });
                    scope.sum(
                        "system.filesystem.usage",
                        "By",
                        "",
                        Temporality::Cumulative,
                        false,
                        |points| {
                            for (mount, state, bytes) in [
                                ("/", "used", 1),
                                ("/", "free", 3),
                                ("/data", "used", 3),
                                ("/data", "free", 1),
                                ("/data", "reserved", 4),
                            ] {
                                points.int(at(), bytes, |attributes| {
                                    attributes.string("mode", "rw");
                                    attributes.string("mountpoint", mount);
                                    attributes.string("state", state);
                                });
                            }
                        },
                    );
                });
            },
        );
    });
    request
}

fn log_records(records: &[(Severity, &str)]) -> Vec<u8> {
    let mut request = Vec::new();
    encode::logs(&mut request, |request| {
        request.resource(
            "",
            |resource| resource.string("service.name", "nginx"),
            |resource| {
                resource.scope("", "", |scope| {
                    for (severity, body) in records {
                        scope.record(|record| {
                            record.time(NOON);
                            record.severity(severity.number(), "");
                            record.body(body);
                            record.attributes().string("stream", "stderr");
                        });
                    }
                });
            },
        );
    });
    request
}

fn spans() -> Vec<u8> {
    let spans = vec![
        Span {
            trace_id: (1..=16).collect(),
            span_id: (17..=24).collect(),
            name: "GET /".to_owned(),
            kind: 2,
            start_time_unix_nano: NOON,
            end_time_unix_nano: NOON + 1_500_000_000,
            attributes: vec![text("http.route", "/")],
            events: vec![span::Event {
                name: "retry".to_owned(),
                time_unix_nano: NOON,
                ..span::Event::default()
            }],
            links: vec![span::Link { trace_id: vec![0xab; 16], ..span::Link::default() }],
            status: Some(Status { code: 2, message: "broken".to_owned() }),
            ..Span::default()
        },
        Span { name: "SELECT".to_owned(), dropped_attributes_count: 3, ..Span::default() },
    ];
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
    .encode_to_vec()
}

fn at() -> Times {
    Times::since(0, NOON)
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn every_kind_of_metric() -> Vec<u8> {
    let exemplar = Exemplar {
        filtered_attributes: vec![text("user", "root")],
        time_unix_nano: NOON,
        value: Some(exemplar::Value::AsInt(7)),
        ..Exemplar::default()
    };
    let number = NumberDataPoint {
        attributes: vec![text("state", "used")],
        time_unix_nano: NOON,
        value: Some(number_data_point::Value::AsDouble(1.25)),
        exemplars: vec![exemplar],
        ..NumberDataPoint::default()
    };
    let histogram = HistogramDataPoint {
        count: 3,
        sum: Some(4.5),
        max: Some(3.0),
        bucket_counts: vec![1, 2],
        explicit_bounds: vec![1.0],
        ..HistogramDataPoint::default()
    };
    let exponential = ExponentialHistogramDataPoint {
        count: 5,
        scale: 1,
        zero_count: 1,
        positive: Some(Buckets { offset: 1, bucket_counts: vec![1, 1] }),
        negative: Some(Buckets { offset: -1, bucket_counts: vec![1, 1] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let summary = SummaryDataPoint {
        count: 1,
        sum: 15.0,
        quantile_values: vec![ValueAtQuantile { quantile: 0.5, value: 15.0 }],
        ..SummaryDataPoint::default()
    };
    let kinds = [
        Data::Sum(Sum { data_points: vec![number], aggregation_temporality: 2, is_monotonic: true }),
        Data::Histogram(Histogram { data_points: vec![histogram], aggregation_temporality: 1 }),
        Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential],
            aggregation_temporality: 1,
        }),
        Data::Summary(Summary { data_points: vec![summary] }),
    ];
    let metrics = kinds.map(|data| Metric {
        name: "m".to_owned(),
        unit: "1".to_owned(),
        data: Some(data),
        ..Metric::default()
    });
    let scope_metrics = vec![ScopeMetrics { metrics: metrics.to_vec(), ..ScopeMetrics::default() }];
    let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
    ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
}
