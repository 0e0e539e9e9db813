//! Series as OTLP metrics.

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Emitter;
use edgewatch_proto::encode::{self, Attributes, Exemplar, MetricScope, Number, Temporality, Times};

use super::config::Config;
use super::edges::{Connection, Edge, Edges, Pair, Single};
use super::table::{Row, Table};
use crate::aggregation::{Durations, KeyReader, Reservoir, Scheme, Shape, Unit, Window};

const SCOPE: &str = "edgewatch/service_graph";
const INSTANCE_ID: &str = "collector.instance.id";
const OVERFLOW: &str = "otel.metric.overflow";
/// About how many bytes a request may have.
const ENOUGH: usize = 1 << 20;
/// How many series are written at once, before the request is looked at again.
const AT_ONCE: usize = 128;

/// Requests that are being written.
#[derive(Debug)]
pub(super) struct Writing {
    names: Names,
    instance: String,
    buf: Vec<u8>,
    points: usize,
    done: Vec<(Bytes, usize)>,
}

/// Names of attributes.
#[derive(Debug)]
struct Names {
    /// Of dimensions, first those of clients, then those of servers.
    dimensions: Vec<String>,
    virtual_node: bool,
}

/// Series of a table that are written at once. The identity of the one for what is too much is `None`.
type Rows<'a, T> = [(Option<&'a [u8]>, &'a Row<T>)];

impl Writing {
    pub(super) fn new(config: &Config, instance: String) -> Self {
        let named = |side: &str| -> Vec<String> {
            config.dimensions.iter().map(|name| format!("{side}_{name}")).collect()
        };
        let dimensions = [named("client"), named("server")].concat();
        let names = Names { dimensions, virtual_node: config.virtual_node_extra_label };
        Self { names, instance, buf: Vec::new(), points: 0, done: Vec::new() }
    }

    /// Writes all series.
    pub(super) fn all(&mut self, edges: &Edges, window: Window) {
        self.table(&edges.edges, |rows, names, to| names.edges(rows, &edges.scheme, window, to));
        self.table(&edges.pairs, |rows, names, to| names.pairs(rows, &edges.calls, window, to));
        self.table(&edges.singles, |rows, names, to| names.singles(rows, window, to));
    }

    fn table<T>(&mut self, table: &Table<T>, write: impl Fn(&Rows<'_, T>, &Names, &mut MetricScope<'_>)) {
        let rows = table.rows.iter_from(0).map(|(key, row)| (Some(key), row));
        let rows: Vec<_> = rows.chain(table.overflow.as_deref().map(|row| (None, row))).collect();
        for rows in rows.chunks(AT_ONCE) {
            self.points += encode::metrics(&mut self.buf, |request| {
                let describe = |to: &mut Attributes<'_>| to.string(INSTANCE_ID, &self.instance);
                request.resource("", describe, |to| {
                    to.scope(SCOPE, env!("CARGO_PKG_VERSION"), |to| write(rows, &self.names, to));
                });
            });
            if self.buf.len() >= ENOUGH {
                self.finish();
            }
        }
    }

    fn finish(&mut self) {
        let request = std::mem::take(&mut self.buf);
        if self.points > 0 {
            self.done.push((Bytes::from(request), std::mem::take(&mut self.points)));
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

impl Names {
    fn edges(&self, rows: &Rows<'_, Edge>, scheme: &Scheme, window: Window, to: &mut MetricScope<'_>) {
        let counter = |to: &mut MetricScope<'_>, name, description, failed: bool| {
            to.sum(name, "", description, Temporality::Cumulative, true, |to| {
                for (key, row) in rows.iter().filter(|(key, _)| !failed || key.is_some_and(has_failed)) {
                    // The server's span shows more; where there is none, the client's.
                    let [client, server] = &row.value.exemplars;
                    let shown = if server.is_empty() { client } else { server };
                    let shown = exemplars(shown, scheme.unit);
                    let count = count(row.value.count);
                    to.number_with(times(row, window), count, shown, |to| self.describe_edge(*key, to));
                }
            });
        };
        counter(to, "traces_service_graph_request_total", "Calls between two services.", false);
        counter(
            to,
            "traces_service_graph_request_failed_total",
            "Calls between two services that failed.",
            true,
        );
        let sides = [
            ("traces_service_graph_request_client", "Duration of calls as the client sees it.", 0),
            ("traces_service_graph_request_server", "Duration of calls as the server sees it.", 1),
        ];
        for (name, description, side) in sides {
            let shown = rows.iter().filter_map(|(key, row)| {
                let durations = row.value.durations.get(side).filter(|durations| !durations.is_empty())?;
                Some((*key, times(row, window), durations, row.value.exemplars.get(side)?))
            });
            histogram(to, (name, description), scheme, shown, |key, to| self.describe_edge(key, to));
        }
    }

    fn pairs(&self, rows: &Rows<'_, Pair>, scheme: &Scheme, window: Window, to: &mut MetricScope<'_>) {
        let name = "traces_service_graph_calls_per_request";
        let description = "Calls from one service to another in one trace.";
        let shown = rows.iter().filter(|(_, row)| !row.value.calls.is_empty());
        let shown =
            shown.map(|(key, row)| (*key, times(row, window), &row.value.calls, &row.value.exemplars));
        histogram(to, (name, description), scheme, shown, |key, to| {
            if let Some(key) = key {
                describe_ends(&mut KeyReader::new(key), to);
            }
        });
    }

    fn singles(&self, rows: &Rows<'_, Single>, window: Window, to: &mut MetricScope<'_>) {
        let mut counter = |name, description, number: fn(&Single) -> u64| {
            to.sum(name, "", description, Temporality::Cumulative, true, |to| {
                for (key, row) in rows.iter().filter(|(_, row)| number(&row.value) > 0) {
                    to.number(times(row, window), count(number(&row.value)), |to| match key {
                        Some(key) => describe_ends(&mut KeyReader::new(key), to),
                        None => to.bool(OVERFLOW, true),
                    });
                }
            });
        };
        counter(
            "traces_service_graph_unpaired_spans_total",
            "Spans of calls whose other side did not come.",
            |single| single.unpaired,
        );
        counter(
            "traces_service_graph_dropped_spans_total",
            "Spans of calls dropped because too many wait for their other side.",
            |single| single.dropped,
        );
    }

    fn describe_edge(&self, key: Option<&[u8]>, to: &mut Attributes<'_>) {
        let Some(key) = key else {
            to.bool(OVERFLOW, true);
            return;
        };
        let mut key = KeyReader::new(key);
        describe_ends(&mut key, to);
        to.bool("failed", key.byte() == 1);
        let told = key.byte();
        if self.virtual_node {
            to.string("virtual_node", ["", "client", "server"].get(usize::from(told)).unwrap_or(&""));
        }
        for name in &self.dimensions {
            if let Some(value) = key.value() {
                to.value(name, |to| to.encoded(value));
            }
        }
    }
}

/// What the keys of all tables begin with.
fn describe_ends(key: &mut KeyReader<'_>, to: &mut Attributes<'_>) {
    for name in ["client", "server"] {
        if let Some(service) = key.value() {
            to.string(name, std::str::from_utf8(service).unwrap_or_default());
        }
    }
    to.string("connection_type", Connection::name(key.byte()));
}

/// Whether the key of an edge is that of calls that failed.
fn has_failed(key: &[u8]) -> bool {
    let mut key = KeyReader::new(key);
    let _ends = (key.value(), key.value(), key.byte());
    key.byte() == 1
}

fn histogram<'a>(
    to: &mut MetricScope<'_>,
    (name, description): (&str, &str),
    scheme: &Scheme,
    rows: impl Iterator<Item = (Option<&'a [u8]>, Times, &'a Durations, &'a Reservoir)>,
    describe: impl Fn(Option<&[u8]>, &mut Attributes<'_>),
) {
    let unit = scheme.unit;
    match scheme.shape {
        Shape::Explicit(_) => {
            to.histogram(name, unit.name(), description, Temporality::Cumulative, |to| {
                for (key, times, durations, shown) in rows {
                    let Some(point) = durations.explicit(scheme) else { continue };
                    to.point_with(times, &point, exemplars(shown, unit), |to| describe(key, to));
                }
            });
        }
        Shape::Exponential { .. } => {
            to.exponential_histogram(name, unit.name(), description, Temporality::Cumulative, |to| {
                for (key, times, durations, shown) in rows {
                    let Some(point) = durations.exponential(scheme) else { continue };
                    to.point(times, &point, exemplars(shown, unit), |to| describe(key, to));
                }
            });
        }
    }
}

fn times<T>(row: &Row<T>, window: Window) -> Times {
    let start = if row.start == 0 { window.start } else { row.start };
    // The data may have taken the time back.
    Times::since(start.min(window.time.saturating_sub(1)), window.time)
}

fn count(count: u64) -> Number {
    Number::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

fn exemplars(shown: &Reservoir, unit: Unit) -> impl Iterator<Item = Exemplar> {
    shown.samples().map(move |sample| Exemplar {
        time: sample.time,
        value: unit.of_nanoseconds(sample.nanoseconds),
        trace_id: sample.trace_id,
        span_id: sample.span_id,
    })
}
