//! Series as OTLP metrics.

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Emitter;
use edgewatch_proto::encode::{self, Exemplar, MetricScope, Number, Temporality, Times};

use super::config::Config;
use super::families::{Families, Family, Measure};
use super::series::{Record, Resource, Table};
use crate::aggregation::{KeyReader, Scheme, Shape, Unit, Window};

const SCOPE: &str = "edgewatch/span_metrics";
/// About how many bytes a request may have.
const ENOUGH: usize = 1 << 20;
/// About how many bytes of the series of a family are written at once, before the request is looked at again.
const AT_ONCE: usize = 128 << 10;
/// What a point takes beside its identity and its buckets, about.
const POINT: usize = 200;

/// Requests that are being written.
#[derive(Debug)]
pub(super) struct Writing {
    calls: String,
    duration: String,
    errors: String,
    faults: String,
    events: String,
    unit: Unit,
    temporality: Temporality,
    buf: Vec<u8>,
    points: usize,
    done: Vec<(Bytes, usize)>,
}

/// What is written at once: series of one family, from a place on, and so many.
struct Part<'a> {
    writing: &'a Names<'a>,
    families: &'a Families,
    family: &'a Family,
    table: &'a Table,
    from: usize,
    length: usize,
}

/// The parts of [`Writing`] that do not change.
struct Names<'a> {
    calls: &'a str,
    duration: &'a str,
    errors: &'a str,
    faults: &'a str,
    events: &'a str,
    unit: Unit,
    temporality: Temporality,
    window: Window,
    scheme: Option<&'a Scheme>,
}

impl Writing {
    pub(super) fn new(config: &Config) -> Self {
        let name = |name: &str| match config.namespace.as_str() {
            "" => name.to_owned(),
            namespace => format!("{namespace}.{name}"),
        };
        Self {
            calls: name("calls"),
            duration: name("duration"),
            errors: name("errors"),
            faults: name("faults"),
            events: name("events"),
            unit: config.histogram.unit,
            temporality: config.aggregation_temporality.encoded(),
            buf: Vec::new(),
            points: 0,
            done: Vec::new(),
        }
    }

    /// Writes the series of a resource.
    pub(super) fn resource(
        &mut self,
        (key, resource): (&[u8], &Resource),
        families: &Families,
        scheme: Option<&Scheme>,
        window: Window,
    ) {
        let mut from = vec![0; families.list.len()];
        loop {
            let names = Names {
                calls: &self.calls,
                duration: &self.duration,
                errors: &self.errors,
                faults: &self.faults,
                events: &self.events,
                unit: self.unit,
                temporality: self.temporality,
                window,
                scheme,
            };
            let tables = families.list.iter().zip(&resource.tables).zip(&from);
            let parts: Vec<Part<'_>> = tables
                .map(|((family, table), &from)| Part {
                    writing: &names,
                    families,
                    family,
                    table,
                    from,
                    length: length(table, from, scheme),
                })
                .collect();
            self.points += encode::metrics(&mut self.buf, |request| {
                let describe = |to: &mut encode::Attributes<'_>| {
                    let mut attributes = KeyReader::new(resource.attributes(key));
                    while let (Some(name), Some(value)) = (attributes.value(), attributes.value()) {
                        to.value(std::str::from_utf8(name).unwrap_or_default(), |to| to.encoded(value));
                    }
                };
                request.resource("", describe, |to| {
                    to.scope(SCOPE, env!("CARGO_PKG_VERSION"), |to| {
                        parts.iter().for_each(|part| part.write(to))
                    });
                });
            });
            let mut ended = true;
            for (from, part) in from.iter_mut().zip(&parts) {
                *from = part.from + part.length;
                ended &= *from >= part.table.records.len();
            }
            if self.buf.len() >= ENOUGH {
                self.finish();
            }
            if ended {
                return;
            }
        }
    }

    fn finish(&mut self) {
        if self.points > 0 {
            let request = Bytes::from(std::mem::take(&mut self.buf));
            self.done.push((request, std::mem::take(&mut self.points)));
        }
    }

    /// Hands over all that was written.
    pub(super) fn emit(&mut self, out: &mut Emitter) {
        self.finish();
        for (request, points) in self.done.drain(..) {
            out.emit(Batch::new(Signal::Metrics, request, points, Ack::none()));
        }
    }
}

/// How many series from a place on are enough to be written at once.
fn length(table: &Table, from: usize, scheme: Option<&Scheme>) -> usize {
    let mut bytes = 0;
    let point = POINT + scheme.map_or(0, Scheme::bytes);
    let few = |(key, _record): &(&[u8], &Record)| {
        let enough = bytes >= AT_ONCE;
        bytes += key.len() + point;
        !enough
    };
    table.records.iter_from(from).take_while(few).count()
}

impl<'a> Part<'a> {
    fn write(&self, to: &mut MetricScope<'_>) {
        let Names { calls, errors, faults, events, .. } = *self.writing;
        match self.family.measure {
            Measure::Operations => {
                self.counter(to, calls, "Spans.", 0);
                self.histogram(to);
            }
            Measure::Calls => self.counter(to, calls, "Spans.", 0),
            Measure::Durations => self.histogram(to),
            Measure::Outcomes => {
                self.counter(to, errors, "Spans that failed through the fault of the caller (4xx).", 0);
                self.counter(to, faults, "Spans that failed through the fault of the one called (5xx).", 1);
            }
            Measure::Events => self.counter(to, events, "Events of spans.", 0),
        }
    }

    /// Identities and numbers; the identity of the one for what is too much is `None`.
    fn rows(&self) -> impl Iterator<Item = (Option<&'a [u8]>, &'a Record)> + Clone {
        let overflow = self.table.overflow.as_deref().filter(|_| self.from == 0);
        let records = self.table.records.iter_from(self.from).take(self.length);
        let rows = records.map(|(key, record)| (Some(key), record));
        let all = self.writing.temporality == Temporality::Cumulative;
        rows.chain(overflow.map(|record| (None, record))).filter(move |(_, record)| all || record.touched)
    }

    fn counter(&self, to: &mut MetricScope<'_>, name: &str, description: &str, number: usize) {
        to.sum(name, "", description, self.writing.temporality, true, |to| {
            for (key, record) in self.rows() {
                let count = record.counts.get(number).copied().unwrap_or_default();
                let count = Number::Int(i64::try_from(count).unwrap_or(i64::MAX));
                let exemplars = self.exemplars(record, number);
                to.number_with(self.times(record), count, exemplars, |to| self.describe(key, to));
            }
        });
    }

    fn histogram(&self, to: &mut MetricScope<'_>) {
        let Names { duration, unit, temporality, scheme: Some(scheme), .. } = *self.writing else { return };
        let description = "Duration of spans.";
        let rows = || {
            let rows = self.rows();
            rows.filter_map(|(key, record)| Some((key, record, record.durations.as_ref()?)))
        };
        match scheme.shape {
            Shape::Explicit(_) => to.histogram(duration, unit.name(), description, temporality, |to| {
                for (key, record, durations) in rows() {
                    let Some(point) = durations.explicit(scheme) else { continue };
                    let exemplars = self.exemplars(record, 0);
                    to.point_with(self.times(record), &point, exemplars, |to| self.describe(key, to));
                }
            }),
            Shape::Exponential { .. } => {
                to.exponential_histogram(duration, unit.name(), description, temporality, |to| {
                    for (key, record, durations) in rows() {
                        let Some(point) = durations.exponential(scheme) else { continue };
                        let exemplars = self.exemplars(record, 0);
                        to.point(self.times(record), &point, exemplars, |to| self.describe(key, to));
                    }
                });
            }
        }
    }

    fn describe(&self, key: Option<&[u8]>, to: &mut encode::Attributes<'_>) {
        match key {
            Some(key) => self.families.describe(self.family, key, to),
            None => self.families.describe_overflow(to),
        }
    }

    fn times(&self, record: &Record) -> Times {
        let window = self.writing.window;
        Times::since(window.start_of(record.start), window.time)
    }

    fn exemplars(&self, record: &'a Record, number: usize) -> impl Iterator<Item = Exemplar> + use<'a> {
        let unit = self.writing.unit;
        record.exemplars.get(number).into_iter().flat_map(|shown| shown.samples()).map(move |sample| {
            Exemplar {
                time: sample.time,
                value: unit.of_nanoseconds(sample.nanoseconds),
                trace_id: sample.trace_id,
                span_id: sample.span_id,
            }
        })
    }
}
