//! The scraper `system`: how long the host has been up.

use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::metric::{enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::{Paths, Source};
use edgewatch_core::kernel::{decimal, words};

metrics! {
    /// Metrics of the scraper `system`.
    Metrics {
        uptime: "system.uptime", "s", Gauge, On, "The time the system has been running";
    }
}

/// Settings of the scraper `system`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

/// Reads `uptime`.
pub(super) struct System {
    metrics: Metrics,
    file: Source,
}

impl System {
    pub(super) fn new(config: Config, paths: &Paths) -> Self {
        Self { metrics: config.metrics, file: Source::new(paths.proc.join("uptime")) }
    }
}

/// The seconds since boot.
pub(super) fn parse(file: &[u8]) -> Option<f64> {
    decimal(words(file.strip_suffix(b"\n").unwrap_or(file)).next()?)
}

impl Scraper for System {
    fn name(&self) -> &'static str {
        "system"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let uptime = self.metrics.uptime();
        let seconds = match self.file.read() {
            Ok(file) => parse(file).ok_or_else(|| std::io::Error::other("not a number of seconds")),
            Err(error) => Err(error),
        };
        match seconds {
            Ok(seconds) => write_host(request, "edgewatch/host_metrics/system", round.window(), |out| {
                out.metric(uptime, |points| points.double(seconds, &[]));
            }),
            Err(error) => report.failed(enabled([uptime]), self.file.path().display(), error),
        }
    }
}
