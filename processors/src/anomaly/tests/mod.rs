mod allocations;
mod bounds;
mod laws;
mod learning;
mod odd;
mod rates;
mod rules;
mod sentences;
mod telling;
mod time;

use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::factory::{ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::telemetry::Registry;
use edgewatch_core::testing::{context, reading};
use edgewatch_proto::encode::{self, MetricScope, Times};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{NumberDataPoint, metric, number_data_point};
use prost::Message;

use super::AnomalyProcessor;
use super::config::Config;
use crate::testing::Value;

pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
/// The cadence of most tests: a sample every beat of the detector.
pub(super) const BEAT: u64 = 5 * MINUTE;
/// Midnight of a day.
pub(super) const DAWN: u64 = 1_700_006_400 * SECOND;
/// After so many beats a series is neither young nor new, and its tails are known.
pub(super) const GROWN: u64 = 400;

/// After so many beats a spike is history.
pub(super) const AFTERMATH: u64 = 30;

/// A processor under test, and what it has told so far.
pub(super) struct Subject {
    pub(super) processor: AnomalyProcessor,
    pub(super) registry: Registry,
    pub(super) told: Told,
    pub(super) now: Instant,
}

/// What a processor has told, whatever the batches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) scores: Vec<Point>,
    pub(super) rates: Vec<Point>,
    pub(super) events: Vec<Event>,
}

/// A data point with all that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) resource: Vec<KeyValue>,
    pub(super) scope: String,
    pub(super) time: u64,
    pub(super) value: f64,
    pub(super) attributes: Vec<KeyValue>,
}

/// A log record with all that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) resource: Vec<KeyValue>,
    pub(super) scope: String,
    pub(super) record: LogRecord,
}

impl Subject {
    pub(super) fn new(config: &str) -> Self {
        let config: Config = serde_json::from_str(config).expect("parses");
        config.validate().expect("valid");
        let (context, registry) = context("anomaly");
        let processor = AnomalyProcessor::build(config, &context).expect("builds");
        Self { processor, registry, told: Told::default(), now: Instant::now() }
    }

    /// Hands in a batch, and keeps what comes out beside it.
    pub(super) fn take(&mut self, batch: Batch) {
        let mut out = Emitter::default();
        let before = (batch.segments().to_vec(), batch.items());
        self.processor.process(batch, self.now, &mut out).expect("takes it");
        let mut emitted = out.take().into_iter();
        if before.1 > 0 {
            let passed = emitted.next().expect("the batch passes");
            assert_eq!((passed.segments().to_vec(), passed.items()), before);
            passed.deliver();
        }
        emitted.for_each(|batch| self.told.add(batch));
    }

    pub(super) fn tick(&mut self) {
        let mut out = Emitter::default();
        self.processor.tick(self.now, &mut out);
        out.take().into_iter().for_each(|batch| self.told.add(batch));
    }

    pub(super) fn reading(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        reading(&self.registry, &format!("edgewatch_processor_anomaly_{name}"), labels)
    }

    pub(super) fn event_names(&self) -> Vec<&str> {
        self.told.events.iter().map(|event| event.record.event_name.as_str()).collect()
    }

    /// All parts of what was learned.
    pub(super) fn saved(&mut self) -> Vec<Vec<u8>> {
        let learned = self.processor.learned().expect("learns");
        let (mut parts, mut position) = (Vec::new(), Some(0));
        while let Some(at) = position {
            let mut part = Vec::new();
            position = learned.save(at, &mut part);
            assert!(part.len() <= edgewatch_core::learned::PART, "{}", part.len());
            parts.push(part);
        }
        parts
    }

    pub(super) fn restore(&mut self, parts: &[Vec<u8>]) {
        let learned = self.processor.learned().expect("learns");
        parts.iter().for_each(|part| learned.restore(part).expect("is usable"));
    }
}

impl Told {
    pub(super) fn add(&mut self, batch: Batch) {
        let bytes = batch.segments().concat();
        match batch.signal() {
            Signal::Metrics => self.add_metrics(&bytes, batch.items()),
            Signal::Logs => self.add_logs(&bytes, batch.items()),
            Signal::Traces => panic!("no spans"),
        }
        batch.deliver();
    }

    fn add_metrics(&mut self, bytes: &[u8], items: usize) {
        let before = self.scores.len() + self.rates.len();
        let request = ExportMetricsServiceRequest::decode(bytes).expect("decodes");
        for group in request.resource_metrics {
            let resource = group.resource.unwrap_or_default().attributes;
            for group in group.scope_metrics {
                let scope = group.scope.unwrap_or_default().name;
                for metric in group.metrics {
                    let Some(metric::Data::Gauge(gauge)) = metric.data else { panic!("a gauge") };
                    let points = match metric.name.as_str() {
                        "edgewatch.anomaly.score" => &mut self.scores,
                        "edgewatch.anomaly.rate" => &mut self.rates,
                        other => panic!("{other}"),
                    };
                    points.extend(gauge.data_points.into_iter().map(|point| Point {
                        resource: resource.clone(),
                        scope: scope.clone(),
                        time: point.time_unix_nano,
                        value: double(&point),
                        attributes: point.attributes,
                    }));
                }
            }
        }
        assert_eq!(self.scores.len() + self.rates.len() - before, items);
    }

    fn add_logs(&mut self, bytes: &[u8], items: usize) {
        let before = self.events.len();
        for group in ExportLogsServiceRequest::decode(bytes).expect("decodes").resource_logs {
            let resource = group.resource.unwrap_or_default().attributes;
            for group in group.scope_logs {
                let scope = group.scope.unwrap_or_default().name;
                self.events.extend(group.log_records.into_iter().map(|record| Event {
                    resource: resource.clone(),
                    scope: scope.clone(),
                    record,
                }));
            }
        }
        assert_eq!(self.events.len() - before, items);
    }
}

fn double(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(number_data_point::Value::AsDouble(value)) => value,
        other => panic!("{other:?}"),
    }
}

/// The value of an attribute.
pub(super) fn attribute(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.clone()?.value
}

/// A batch of the metrics of one service on host `web`.
pub(super) fn batch(service: &str, fill: impl FnOnce(&mut MetricScope<'_>)) -> Batch {
    let mut request = Vec::new();
    let items = encode::metrics(&mut request, |request| {
        request.resource(
            "",
            |resource| {
                resource.string("host.name", "web");
                resource.string("service.name", service);
            },
            |resource| resource.scope("library", "1", fill),
        );
    });
    Batch::new(Signal::Metrics, Bytes::from(request), items, Ack::none())
}

/// A batch of one gauge named `load` with a point for each value.
pub(super) fn gauges(time: u64, values: impl IntoIterator<Item = (u64, f64)>) -> Batch {
    batch("shop", |scope| {
        scope.gauge("load", "1", "", |points| {
            for (series, value) in values {
                points.double(Times::at(time), value, |attributes| {
                    attributes.int("series", i64::try_from(series).expect("fits"));
                });
            }
        });
    })
}

/// Noise around a hundred, the same for the same series and beat.
pub(super) fn usual(series: u64, beat: u64) -> f64 {
    let mut noise = (series * 1_000_003 + beat).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    noise = (noise ^ (noise >> 31)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    100.0 + ((noise >> 40) % 1000) as f64 / 100.0
}

/// The time of a beat.
pub(super) const fn at(beat: u64) -> u64 {
    DAWN + beat * BEAT
}

/// Lets the usual happen to so many series during these beats.
pub(super) fn live(subject: &mut Subject, series: u64, beats: std::ops::Range<u64>) {
    for beat in beats {
        subject.take(gauges(at(beat), (0..series).map(|series| (series, usual(series, beat)))));
    }
}
