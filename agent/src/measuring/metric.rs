//! Tables of metrics, and how their values are written.

use edgewatch_proto::encode::{self, HistogramPoints, MetricScope, Points, Request, Temporality, Times};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The semantic conventions that the names and attributes belong to; the Collector states the same.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.9.0";

/// What is fixed about a metric.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: Kind,
}

/// How a metric's value moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A value at a moment.
    Gauge,
    /// A sum that only grows.
    Counter,
    /// A sum that goes up and down.
    UpDownCounter,
    /// Values by size.
    Histogram,
}

/// Defines a switch that stands on its default when nothing is written.
macro_rules! switch {
    ($(#[$doc:meta])* $name:ident, $default:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        #[schemars(inline)]
        pub(crate) struct $name {
            #[doc = concat!("Whether it is collected. Default: ", $default, ".")]
            pub(crate) enabled: bool,
        }

        impl $name {
            /// Where the switch stands when nothing is written, for documentation.
            pub(crate) const DEFAULT: bool = $default;
        }

        impl Default for $name {
            fn default() -> Self {
                Self { enabled: Self::DEFAULT }
            }
        }
    };
}

switch! {
    /// Something that is collected unless it is switched off.
    On, true
}
switch! {
    /// Something that is collected when it is switched on.
    Off, false
}

/// States the metrics of a scraper: one line each, with name, unit, kind, whether it is enabled by default,
/// and what it says. Makes the struct for the key `metrics`, with one key per metric, and a method per metric
/// that gives its description when it is enabled.
macro_rules! metrics {
    ($(#[$doc:meta])* $table:ident {
        $($field:ident: $name:literal, $unit:literal, $kind:ident, $default:ident, $description:literal;)+
    }) => {
        $(#[$doc])*
        #[allow(rustdoc::broken_intra_doc_links, reason = "the Collector's descriptions write intervals as [0,1]")]
        #[derive(
            Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema, PartialEq, serde::Serialize,
        )]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $table {
            $(
                #[doc = concat!($description, " (`", $unit, "`)")]
                #[serde(rename = $name)]
                pub(crate) $field:
                    $crate::measuring::metric::$default,
            )+
        }

        impl $table {
            /// Every metric of the table, and whether it is enabled by default.
            #[cfg(test)]
            pub(crate) const ALL: &'static [(
                $crate::measuring::metric::Metric,
                bool,
            )] = &[$((
                $crate::measuring::metric::Metric {
                    name: $name,
                    unit: $unit,
                    description: $description,
                    kind: $crate::measuring::metric::Kind::$kind,
                },
                $crate::measuring::metric::$default::DEFAULT,
            )),+];

            $(
                pub(crate) fn $field(&self) -> Option<&'static $crate::measuring::metric::Metric> {
                    const METRIC: $crate::measuring::metric::Metric =
                        $crate::measuring::metric::Metric {
                            name: $name,
                            unit: $unit,
                            description: $description,
                            kind: $crate::measuring::metric::Kind::$kind,
                        };
                    self.$field.enabled.then_some(&METRIC)
                }
            )+
        }
    };
}

pub(crate) use metrics;

/// How many of `metrics` are enabled.
pub(crate) fn enabled<const N: usize>(metrics: [Option<&'static Metric>; N]) -> usize {
    metrics.iter().flatten().count()
}

/// The times of the points of one resource, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    /// When counters began at zero.
    pub(crate) start: u64,
    /// Now.
    pub(crate) now: u64,
}

/// Writes the metrics that `scraper` has about the host as a whole.
pub(crate) fn write_host(
    request: &mut Request<'_, encode::Metrics>,
    scraper: &str,
    window: Window,
    fill: impl FnOnce(&mut Writer<'_, '_>),
) {
    write_resource(request, scraper, window, |_| {}, fill);
}

/// Writes the metrics that `scraper` has about the resource that `describe` describes.
pub(crate) fn write_resource(
    request: &mut Request<'_, encode::Metrics>,
    scraper: &str,
    window: Window,
    describe: impl FnOnce(&mut encode::Attributes<'_>),
    fill: impl FnOnce(&mut Writer<'_, '_>),
) {
    request.resource(SCHEMA_URL, describe, |resource| {
        resource.scope(scraper, env!("CARGO_PKG_VERSION"), |scope| fill(&mut Writer { scope, window }));
    });
}

/// Writes the metrics of one resource.
pub(crate) struct Writer<'s, 'b> {
    scope: &'s mut MetricScope<'b>,
    window: Window,
}

impl<'s, 'b> Writer<'s, 'b> {
    /// A writer into `scope`.
    pub(crate) fn new(scope: &'s mut MetricScope<'b>, window: Window) -> Self {
        Self { scope, window }
    }

    /// Writes the histogram `metric`, when it is enabled and `fill` adds points to it.
    pub(crate) fn histogram(
        &mut self,
        metric: Option<&'static Metric>,
        fill: impl FnOnce(&mut HistogramPoints<'_>),
    ) {
        let Some(Metric { name, unit, description, .. }) = metric else { return };
        self.scope.histogram(name, unit, description, Temporality::Cumulative, fill);
    }

    /// Writes `metric`, which is no histogram, when it is enabled and `fill` adds points to it.
    pub(crate) fn metric(&mut self, metric: Option<&'static Metric>, fill: impl FnOnce(&mut Series<'_, '_>)) {
        let Some(Metric { name, unit, description, kind }) = metric else { return };
        let since_start = Times::since(self.window.start, self.window.now);
        let write = |points: &mut Points<'_>, times| fill(&mut Series { points, times });
        match kind {
            Kind::Gauge => {
                self.scope.gauge(name, unit, description, |p| write(p, Times::at(self.window.now)));
            }
            Kind::Counter => {
                let cumulative = Temporality::Cumulative;
                self.scope.sum(name, unit, description, cumulative, true, |p| write(p, since_start));
            }
            Kind::UpDownCounter => {
                let cumulative = Temporality::Cumulative;
                self.scope.sum(name, unit, description, cumulative, false, |p| write(p, since_start));
            }
            Kind::Histogram => {}
        }
    }
}

/// The points of one metric.
pub(crate) struct Series<'p, 'b> {
    points: &'p mut Points<'b>,
    times: Times,
}

impl Series<'_, '_> {
    /// Adds a whole number.
    pub(crate) fn int(&mut self, value: u64, attributes: &[(&str, &str)]) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.points.int(self.times, value, |described| describe(described, attributes));
    }

    /// Adds a whole number that `describe` describes.
    pub(crate) fn int_with(&mut self, value: u64, describe: impl FnOnce(&mut encode::Attributes<'_>)) {
        self.points.int(self.times, i64::try_from(value).unwrap_or(i64::MAX), describe);
    }

    /// Adds a floating-point number.
    pub(crate) fn double(&mut self, value: f64, attributes: &[(&str, &str)]) {
        self.points.double(self.times, value, |described| describe(described, attributes));
    }
}

fn describe(described: &mut encode::Attributes<'_>, attributes: &[(&str, &str)]) {
    for (key, value) in attributes {
        described.string(key, value);
    }
}
