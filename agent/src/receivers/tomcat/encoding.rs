//! Writes readings as metrics: names, units and attributes of the OpenTelemetry rules for Tomcat's MBeans.

use edgewatch_proto::encode::{self, Attributes};

use super::reading::{Buffer, DataSource, Pool, Processor, Reading, Sessions};
use crate::measuring::metric::{Metric, Series, Window, Writer, metrics, write_resource};

metrics! {
    /// Metrics of the receiver `tomcat`.
    Metrics {
        server_request_duration: "http.server.request.duration", "s", Histogram, On, "Duration of HTTP server requests, from the access log, where its pattern has one.";
        request_count: "tomcat.request.count", "{request}", Counter, On, "The number of requests processed.";
        error_count: "tomcat.error.count", "{error}", Counter, On, "The number of errors.";
        request_duration_sum: "tomcat.request.duration.sum", "s", Counter, On, "Total time of processing all requests.";
        request_duration_max: "tomcat.request.duration.max", "s", Gauge, On, "The longest request processing time.";
        network_io: "tomcat.network.io", "By", Counter, On, "The number of bytes transmitted.";
        thread_count: "tomcat.thread.count", "{thread}", UpDownCounter, On, "Total thread count of the thread pool.";
        thread_busy_count: "tomcat.thread.busy.count", "{thread}", UpDownCounter, On, "Number of busy threads in the thread pool.";
        thread_limit: "tomcat.thread.limit", "{thread}", UpDownCounter, On, "Maximum possible number of threads in the thread pool.";
        session_active_count: "tomcat.session.active.count", "{session}", UpDownCounter, On, "The number of currently active sessions.";
        session_active_limit: "tomcat.session.active.limit", "{session}", UpDownCounter, On, "Maximum possible number of active sessions.";
        session_active_max: "tomcat.session.active.max", "{session}", Gauge, On, "The maximum number of concurrent active sessions observed.";
        session_created: "tomcat.session.created", "{session}", Counter, On, "The number of sessions created.";
        session_expired: "tomcat.session.expired", "{session}", Counter, On, "The number of expired sessions.";
        session_rejected: "tomcat.session.rejected", "{session}", Counter, On, "The number of rejected sessions.";
        session_duration_max: "tomcat.session.duration.max", "s", Gauge, On, "The maximum observed session lifetime.";
        session_duration_mean: "tomcat.session.duration.mean", "s", Gauge, On, "The average observed session lifetime.";
        session_processing_duration_sum: "tomcat.session.processing.duration.sum", "s", Counter, On, "The total time spent processing sessions.";
        connection_count: "tomcat.db.client.connection.count", "{connection}", UpDownCounter, On, "The number of active JDBC connections.";
        connection_limit: "tomcat.db.client.connection.limit", "{connection}", Gauge, On, "The configured maximum size of the JDBC connection pool.";
        connection_initial: "tomcat.db.client.connection.initial", "{connection}", Gauge, On, "The configured initial size of the JDBC connection pool.";
        buffer_count: "jvm.buffer.count", "{buffer}", UpDownCounter, On, "Number of buffers in the pool.";
        buffer_used: "jvm.buffer.memory.used", "By", UpDownCounter, On, "Measure of memory used by buffers.";
        buffer_limit: "jvm.buffer.memory.limit", "By", UpDownCounter, On, "Measure of total memory capacity of buffers.";
    }
}

/// The scope of the metrics.
const SCOPE: &str = "edgewatch/tomcat";

/// The one virtual host whose web applications need no attribute for it: the conventions know no other.
const USUAL_HOST: &str = "localhost";

/// Appends a resource with everything in `reading` that is switched on.
pub(super) fn write(
    request: &mut encode::Request<'_, encode::Metrics>,
    metrics: &Metrics,
    reading: &Reading,
    window: Window,
    describe: impl FnOnce(&mut Attributes<'_>),
) {
    write_resource(request, SCOPE, window, describe, |out| {
        requests(out, metrics, &reading.processors);
        threads(out, metrics, &reading.pools);
        sessions(out, metrics, &reading.sessions);
        data_sources(out, metrics, &reading.data_sources);
        buffers(out, metrics, &reading.buffers);
    });
}

type Of<T> = fn(&T) -> Option<u64>;

/// Writes `metric` for each of `items` that has it.
fn each<T>(
    out: &mut Writer<'_, '_>,
    metric: Option<&'static Metric>,
    items: &[T],
    value: Of<T>,
    point: impl Fn(&mut Series<'_, '_>, &T, u64),
) {
    if items.iter().any(|item| value(item).is_some()) {
        out.metric(metric, |series| {
            for item in items {
                if let Some(value) = value(item) {
                    point(series, item, value);
                }
            }
        });
    }
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn requests(out: &mut Writer<'_, '_>, metrics: &Metrics, all: &[Processor]) {
    const NAME: &str = "tomcat.request.processor.name";
    let whole =
        |series: &mut Series<'_, '_>, item: &Processor, value| series.int(value, &[(NAME, &item.name)]);
    let time = |series: &mut Series<'_, '_>, item: &Processor, value| {
        series.double(seconds(value), &[(NAME, &item.name)]);
    };
    each(out, metrics.request_count(), all, |it| it.requests, whole);
    each(out, metrics.error_count(), all, |it| it.errors, whole);
    each(out, metrics.request_duration_sum(), all, |it| it.time, time);
    each(out, metrics.request_duration_max(), all, |it| it.longest, time);
    if all.iter().any(|it| it.sent.is_some() || it.received.is_some()) {
        out.metric(metrics.network_io(), |series| {
            for it in all {
                for (direction, bytes) in [("transmit", it.sent), ("receive", it.received)] {
                    let Some(bytes) = bytes else { continue };
                    series.int(bytes, &[(NAME, &it.name), ("network.io.direction", direction)]);
                }
            }
        });
    }
}

fn threads(out: &mut Writer<'_, '_>, metrics: &Metrics, all: &[Pool]) {
    let point = |series: &mut Series<'_, '_>, it: &Pool, value| {
        series.int(value, &[("tomcat.thread.pool.name", &it.name)]);
    };
    each(out, metrics.thread_count(), all, |it| it.threads, point);
    each(out, metrics.thread_busy_count(), all, |it| it.busy, point);
    each(out, metrics.thread_limit(), all, |it| it.limit, point);
}

fn sessions(out: &mut Writer<'_, '_>, metrics: &Metrics, all: &[Sessions]) {
    const CONTEXT: &str = "tomcat.context";
    fn attributes(it: &Sessions) -> [(&str, &str); 2] {
        [(CONTEXT, &it.context), ("tomcat.host", &it.host)]
    }
    fn needed<'p, 'a>(all: &'p [(&'a str, &'a str); 2], it: &Sessions) -> &'p [(&'a str, &'a str)] {
        let many = !it.host.is_empty() && it.host != USUAL_HOST;
        if many { all } else { all.get(..1).unwrap_or_default() }
    }
    let whole =
        |series: &mut Series<'_, '_>, it: &Sessions, value| series.int(value, needed(&attributes(it), it));
    let double = |series: &mut Series<'_, '_>, it: &Sessions, value: u64| {
        series.double(value as f64, needed(&attributes(it), it));
    };
    let time = |series: &mut Series<'_, '_>, it: &Sessions, value| {
        series.double(seconds(value), needed(&attributes(it), it));
    };
    each(out, metrics.session_active_count(), all, |it| it.active, whole);
    each(out, metrics.session_active_limit(), all, |it| it.limit, whole);
    each(out, metrics.session_active_max(), all, |it| it.most, whole);
    each(out, metrics.session_created(), all, |it| it.created, whole);
    each(out, metrics.session_expired(), all, |it| it.expired, whole);
    each(out, metrics.session_rejected(), all, |it| it.rejected, whole);
    each(out, metrics.session_duration_max(), all, |it| it.longest, double);
    each(out, metrics.session_duration_mean(), all, |it| it.mean, double);
    each(out, metrics.session_processing_duration_sum(), all, |it| it.time, time);
}

fn data_sources(out: &mut Writer<'_, '_>, metrics: &Metrics, all: &[DataSource]) {
    const NAME: &str = "db.client.connection.pool.name";
    fn attributes(it: &DataSource) -> [(&str, &str); 3] {
        [("db.client.connection.state", "used"), (NAME, &it.name), ("tomcat.context", &it.context)]
    }
    // Two web applications may have pools of the same name.
    let point = |series: &mut Series<'_, '_>, it: &DataSource, value, first| {
        let last = if it.context.is_empty() { 2 } else { 3 };
        series.int(value, attributes(it).get(first..last).unwrap_or_default());
    };
    let plain = |series: &mut Series<'_, '_>, it: &DataSource, value| point(series, it, value, 1);
    each(out, metrics.connection_count(), all, |it| it.used, |series, it, value| point(series, it, value, 0));
    each(out, metrics.connection_limit(), all, |it| it.limit, plain);
    each(out, metrics.connection_initial(), all, |it| it.initial, plain);
}

fn buffers(out: &mut Writer<'_, '_>, metrics: &Metrics, all: &[Buffer]) {
    let point = |series: &mut Series<'_, '_>, it: &Buffer, value| {
        series.int(value, &[("jvm.buffer.pool.name", &it.name)]);
    };
    each(out, metrics.buffer_count(), all, |it| it.count, point);
    each(out, metrics.buffer_used(), all, |it| it.used, point);
    each(out, metrics.buffer_limit(), all, |it| it.capacity, point);
}
