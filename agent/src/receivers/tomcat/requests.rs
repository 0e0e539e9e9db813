//! Requests counted: how many, how long they took, how they ended.
//!
//! Two sources must not write the same series. What the MBeans of a Tomcat have carries `tomcat.request.processor.name`, which an
//! access log does not know; so where the configuration names pages of the manager application of a Tomcat, `tomcat.*` is left to them, whether they
//! answer or not, and only `http.server.request.duration` is written here ([`Counted::Durations`]).
//!
//! Series are told apart by method, status and scheme, never by path; methods are those of the conventions. Their number is bounded.

use edgewatch_proto::encode::{Attributes, HistogramPoint, Times};

use super::access::request::Request;
use super::encoding::Metrics;
use crate::measuring::metric::Writer;

/// Boundaries of the buckets that the semantic conventions advise, in seconds.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The same in nanoseconds.
const BOUNDS_NANOS: [u64; 14] = [
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    75_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    750_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    7_500_000_000,
    10_000_000_000,
];

/// Series of one Tomcat at most; what comes after is counted together, as `otel.metric.overflow`.
const MOST_SERIES: usize = 500;

/// The methods that the semantic conventions know.
const METHODS: [&str; 10] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];

/// What other methods are called.
pub(super) const OTHER_METHOD: &str = "_OTHER";

/// What a scheme is, as a number.
const SCHEMES: [&str; 2] = ["http", "https"];

/// What is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Counted {
    /// Everything that the log tells.
    All,
    /// Only what no other source has.
    Durations,
}

/// What tells series apart. The order of numbers is that of series.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    /// Place among the methods; their number: another one.
    method: u8,
    /// Zero: not known.
    status: u16,
    /// Place among the schemes; their number: not known.
    scheme: u8,
}

#[derive(Clone, Debug, Default)]
struct Series {
    /// All requests.
    requests: u64,
    /// Those of known duration, by bucket.
    buckets: [u64; BOUNDS.len() + 1],
    /// Nanoseconds.
    sum: u128,
    /// Nanoseconds.
    least: Option<u64>,
    most: u64,
}

/// The requests of one Tomcat, since it was first seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    series: Vec<(Key, Series)>,
    /// Place of the series of the request before.
    latest: usize,
    overflow: Series,
    errors: u64,
    bytes: u64,
    requests: u64,
    /// Lines that were none of the format.
    malformed: u64,
}

impl Requests {
    /// Counts a request; `scheme` is that of all of them, if it is known.
    #[inline]
    pub(super) fn add(&mut self, request: &Request<'_>, scheme: Option<&str>) {
        self.requests += 1;
        // As Tomcat counts errors.
        self.errors += u64::from(request.status.is_some_and(|status| status >= 400));
        self.bytes += request.bytes.unwrap_or(0);
        let key = Key {
            method: place(&METHODS, request.method),
            status: request.status.filter(|status| (100..1000).contains(status)).unwrap_or(0),
            scheme: place(&SCHEMES, request.scheme.or(scheme)),
        };
        self.series(key).add(request.duration);
    }

    /// Whether there were none.
    pub(super) const fn is_empty(&self) -> bool {
        self.requests == 0
    }

    /// Counts a line that could not be read.
    pub(super) fn add_malformed(&mut self) {
        self.malformed += 1;
    }

    /// How many lines could not be read.
    pub(super) const fn malformed(&self) -> u64 {
        self.malformed
    }

    fn series(&mut self, key: Key) -> &mut Series {
        let latest = self.latest;
        if self.series.get(latest).is_none_or(|(known, _)| *known != key) {
            match self.series.binary_search_by_key(&key, |(known, _)| *known) {
                Ok(at) => self.latest = at,
                Err(_) if self.series.len() >= MOST_SERIES => return &mut self.overflow,
                Err(at) => {
                    self.series.insert(at, (key, Series::default()));
                    self.latest = at;
                }
            }
        }
        match self.series.get_mut(self.latest) {
            Some((_, series)) => series,
            None => &mut self.overflow,
        }
    }

    /// Writes what was counted.
    pub(super) fn write(&self, out: &mut Writer<'_, '_>, times: Times, metrics: &Metrics, counted: Counted) {
        if self.requests == 0 {
            return;
        }
        if self.all().any(|(_, series)| series.least.is_some()) {
            self.write_durations(out, times, metrics);
        }
        if counted == Counted::All {
            self.write_counts(out, metrics);
        }
    }

    fn all(&self) -> impl Iterator<Item = (Option<Key>, &Series)> {
        let known = self.series.iter().map(|(key, series)| (Some(*key), series));
        let rest = (self.overflow.requests > 0).then_some((None, &self.overflow));
        known.chain(rest)
    }

    fn write_durations(&self, out: &mut Writer<'_, '_>, times: Times, metrics: &Metrics) {
        out.histogram(metrics.server_request_duration(), |points| {
            for (key, series) in self.all() {
                let Some(least) = series.least else { continue };
                let point = HistogramPoint {
                    count: series.buckets.iter().sum(),
                    sum: Some(seconds(series.sum)),
                    min: Some(seconds(least.into())),
                    max: Some(seconds(series.most.into())),
                    buckets: &series.buckets,
                    bounds: &BOUNDS,
                };
                points.point(times, &point, |attributes| describe(key, attributes));
            }
        });
    }

    fn write_counts(&self, out: &mut Writer<'_, '_>, metrics: &Metrics) {
        out.metric(metrics.request_count(), |points| {
            for (key, series) in self.all() {
                points.int_with(series.requests, |attributes| describe(key, attributes));
            }
        });
        out.metric(metrics.error_count(), |points| points.int(self.errors, &[]));
        out.metric(metrics.network_io(), |points| {
            points.int(self.bytes, &[("network.io.direction", "transmit")]);
        });
    }
}

impl Series {
    #[inline]
    fn add(&mut self, duration: Option<u64>) {
        self.requests += 1;
        let Some(nanos) = duration else { return };
        // A boundary belongs to the bucket below it.
        let bucket = BOUNDS_NANOS.iter().take_while(|bound| nanos > **bound).count();
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum += u128::from(nanos);
        self.least = Some(self.least.map_or(nanos, |least| least.min(nanos)));
        self.most = self.most.max(nanos);
    }
}

/// The method as the semantic conventions want it: one that they know, or `_OTHER`.
pub(super) fn known_method(method: &str) -> Option<&'static str> {
    METHODS.iter().find(|known| **known == method).copied()
}

fn place(known: &[&str], name: Option<&str>) -> u8 {
    let at = known.iter().position(|known| name == Some(*known));
    u8::try_from(at.unwrap_or(known.len())).unwrap_or(u8::MAX)
}

fn describe(key: Option<Key>, attributes: &mut Attributes<'_>) {
    let Some(key) = key else {
        attributes.bool("otel.metric.overflow", true);
        return;
    };
    let method = METHODS.get(usize::from(key.method)).copied().unwrap_or(OTHER_METHOD);
    attributes.string("http.request.method", method);
    if key.status != 0 {
        attributes.int("http.response.status_code", i64::from(key.status));
    }
    if key.status >= 500 {
        attributes.string("error.type", itoa::Buffer::new().format(key.status));
    }
    if let Some(scheme) = SCHEMES.get(usize::from(key.scheme)) {
        attributes.string("url.scheme", scheme);
    }
}

#[expect(clippy::cast_precision_loss, reason = "sums of durations are rounded to what a double can hold")]
fn seconds(nanos: u128) -> f64 {
    nanos as f64 / 1e9
}
