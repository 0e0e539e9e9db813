//! Log lines become templates, templates become counts, and counts are scored.

use std::time::SystemTime;

use edgewatch_tests::Signal;
use edgewatch_tests::points::{Record, points_of, records};
use edgewatch_tests::sink::Receipts;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use super::scene::{Life, Scene};
use super::usual::{FAULT, LEARNED, at, moment, noise, text};

const COUNT: &str = "edgewatch.log.template.count";
const TEMPLATE: &str = "edgewatch.log.template.text";
/// The clock of counts is the median of fifteen batches: so many beats behind.
const BEHIND: u64 = 8;
const TIMEOUT: &str = "upstream timed out after <*> ms, attempt <*>";

#[tokio::test]
async fn a_burst_of_one_template_is_an_event_and_a_new_template_of_an_error_is_marked() -> anyhow::Result<()>
{
    let scene = templates().await?;
    let (mut life, mut shop) = (scene.start().await?, Shop::default());
    for _ in 0..LEARNED {
        shop.beat(&mut life, &scene, 1.0, &[]).await?;
    }
    shop.beat(&mut life, &scene, 1.0, &["the ledger is corrupt near page 4711"]).await?;
    let calm = shop.beats;

    for _ in 0..FAULT {
        shop.beat(&mut life, &scene, 50.0, &[]).await?;
    }
    life.end().await?;

    let told = scene.told()?;
    let burst: Vec<_> = told
        .starts()
        .filter(|start| start.attributes.get(TEMPLATE).is_some_and(|it| it == TIMEOUT))
        .collect();
    let [.., last] = &burst[..] else { panic!("{:#?}", told.events) };
    assert_eq!(last.resource["service.name"], "shop");
    assert_eq!(last.attributes["edgewatch.metric.name"], COUNT);
    assert!(last.body.starts_with(&format!("{COUNT}{{")), "{}", last.body);
    assert!(last.body.contains("} rate: "), "{}", last.body);
    let since = moment(at(calm - BEHIND));
    assert!(last.at >= since, "{last:#?}");
    // When the machine is busy, a beat may be told in two halves, of which the second is empty: that is no burst.
    let number = |start: &Record, key: &str| start.attributes[key].parse::<f64>().expect("a number");
    let others: Vec<_> = told
        .starts()
        .filter(|start| start.at >= since && start.attributes.get(TEMPLATE).is_some_and(|it| it != TIMEOUT))
        .filter(|start| {
            number(start, "edgewatch.anomaly.value") > number(start, "edgewatch.anomaly.expected.high")
        })
        .collect();
    assert!(others.is_empty(), "{others:#?}");

    let all: Vec<Record> =
        records(&told.receipts)?.into_iter().filter(|record| record.event.is_empty()).collect();
    assert_eq!(all.len(), shop.lines, "each line arrives");
    let marked: Vec<_> = all.iter().filter(|record| is_new(record)).collect();
    let [record] = &marked[..] else { panic!("{marked:#?}") };
    assert_eq!(record.body, "the ledger is corrupt near page 4711");
    assert_eq!(record.severity, 17);
    let probability: f64 = record.attributes["edgewatch.log.template.probability"].parse()?;
    assert!(probability > 0.0 && probability <= 0.001, "{probability}");
    assert!(all.iter().all(|record| record.attributes.contains_key("edgewatch.log.template.id")));
    Ok(())
}

#[tokio::test]
async fn templates_are_known_after_a_restart_and_the_burst_is_found_at_once() -> anyhow::Result<()> {
    let scene = templates().await?;
    let (mut life, mut shop) = (scene.start().await?, Shop::default());
    for _ in 0..LEARNED {
        shop.beat(&mut life, &scene, 1.0, &[]).await?;
    }
    life.end().await?;

    let mut life = scene.start().await?;
    let calm = shop.beats;
    for _ in 0..3 {
        shop.beat(&mut life, &scene, 1.0, &[]).await?;
    }
    for _ in 0..FAULT {
        shop.beat(&mut life, &scene, 50.0, &[]).await?;
    }
    life.end().await?;

    let told = scene.told()?;
    let is_burst = |start: &&Record| {
        start.attributes.get(TEMPLATE).is_some_and(|it| it == TIMEOUT)
            && start.at >= moment(at(calm - BEHIND))
    };
    assert!(told.starts().any(|start| is_burst(&start)), "{:#?}", told.events);
    let marked = records(&told.receipts)?.into_iter().filter(is_new);
    assert_eq!(marked.collect::<Vec<_>>(), [], "nothing is new");
    Ok(())
}

/// Of all records some are marked as rare: one in a thousand, by how that is measured.
fn is_new(record: &Record) -> bool {
    record.attributes.get("edgewatch.log.template.surprise").is_some_and(|surprise| surprise == "new")
}

/// Counts of templates are scored as metrics are.
async fn templates() -> anyhow::Result<Scene> {
    Ok(Scene::new().await?.with("processors: {log_templates: {metrics_flush_interval: 20ms}}").with(
        "service: {pipelines: {
                logs: {receivers: [otlp], processors: [log_templates]},
                metrics: {receivers: [log_templates], processors: [anomaly]},
                logs/events: {receivers: [anomaly], exporters: [otlp_grpc]}}}",
    ))
}

/// A service that writes a log.
#[derive(Default)]
struct Shop {
    beats: u64,
    lines: usize,
}

impl Shop {
    /// One beat of lines, of which one template comes `factor` times as often as usual. Waits until the counts of the beats
    /// before were told: so no burst is told as one with what is usual.
    async fn beat(
        &mut self,
        life: &mut Life,
        scene: &Scene,
        factor: f64,
        errors: &[&str],
    ) -> anyhow::Result<()> {
        let time = at(self.beats);
        let mut records = Vec::new();
        let mut write = |severity: i32, line: String| {
            records.push(LogRecord {
                time_unix_nano: time,
                observed_time_unix_nano: time,
                severity_number: severity,
                body: Some(AnyValue { value: Some(Value::StringValue(line)) }),
                ..LogRecord::default()
            });
        };
        let often = |series: u64, usual: f64| (usual * (1.0 + 0.4 * noise(series, time))).round() as u64;
        for number in 0..often(1, 20.0) {
            write(9, format!("order {} was placed by customer {}", self.beats * 100 + number, number * 7));
        }
        for number in 0..(often(2, 10.0) as f64 * factor) as u64 {
            write(13, format!("upstream timed out after {} ms, attempt {}", 1000 + number, number % 3));
        }
        for number in 0..often(3, 8.0) {
            write(9, format!("connection from 10.0.0.{number} closed"));
        }
        errors.iter().for_each(|error| write(17, (*error).to_owned()));
        self.lines += records.len();
        life.send(Signal::Logs, &request(records)).await?;
        let told = moment(at(self.beats.saturating_sub(BEHIND)));
        self.beats += 1;
        scene.sink.wait_until(|receipts| counted(receipts, told)).await?;
        Ok(())
    }
}

/// Whether the backend has counts from `time` on.
fn counted(receipts: &Receipts, time: SystemTime) -> bool {
    let of_metrics: Vec<_> = receipts.accepted(Signal::Metrics).collect();
    // Requests overtake each other, but not by far.
    of_metrics.iter().rev().take(10).any(|receipt| {
        let request = ExportMetricsServiceRequest::decode(receipt.body.clone()).unwrap_or_default();
        points_of(request).iter().any(|point| point.metric == COUNT && point.at >= time)
    })
}

fn request(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let attributes = vec![text("host.name", "web-1"), text("service.name", "shop")];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }],
    }
}
