//! The scraper `load`: how many threads run or wait to, averaged by the kernel.

use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::metric::{Series, enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::{Paths, Source};
use edgewatch_core::kernel::{decimal, words};

metrics! {
    /// Metrics of the scraper `load`.
    Metrics {
        one: "system.cpu.load_average.1m", "{thread}", Gauge, On, "Average CPU Load over 1 minute.";
        five: "system.cpu.load_average.5m", "{thread}", Gauge, On, "Average CPU Load over 5 minutes.";
        fifteen: "system.cpu.load_average.15m", "{thread}", Gauge, On, "Average CPU Load over 15 minutes.";
    }
}

/// Settings of the scraper `load`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Whether the averages are divided by the number of logical CPUs. Default: false.
    pub(super) cpu_average: bool,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

/// Reads `loadavg`.
pub(super) struct Load {
    config: Config,
    file: Source,
}

impl Load {
    pub(super) fn new(config: Config, paths: &Paths) -> Self {
        Self { config, file: Source::new(paths.proc.join("loadavg")) }
    }
}

/// The averages over 1, 5 and 15 minutes.
pub(super) fn parse(text: &[u8]) -> Option<[f64; 3]> {
    let mut words = words(text.strip_suffix(b"\n").unwrap_or(text));
    Some([decimal(words.next()?)?, decimal(words.next()?)?, decimal(words.next()?)?])
}

impl Scraper for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let metrics = &self.config.metrics;
        let all = [metrics.one(), metrics.five(), metrics.fifteen()];
        let averages = match self.file.read() {
            Ok(text) => parse(text),
            Err(error) => return report.failed(enabled(all), self.file.path().display(), error),
        };
        let Some(averages) = averages else {
            return report.failed(enabled(all), self.file.path().display(), "not as expected");
        };
        let divisor = if self.config.cpu_average {
            match round.stat.map(super::cpu::logical_count) {
                Ok(count @ 1..) => count as f64,
                Ok(0) => return report.failed(enabled(all), "stat", "names no CPU"),
                Err(error) => return report.failed(enabled(all), "stat", error),
            }
        } else {
            1.0
        };
        write_host(request, "edgewatch/host_metrics/load", round.window(), |out| {
            for (metric, average) in all.into_iter().zip(averages) {
                out.metric(metric, |points: &mut Series<'_, '_>| points.double(average / divisor, &[]));
            }
        });
    }
}
