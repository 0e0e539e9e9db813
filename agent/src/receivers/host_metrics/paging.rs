//! The scraper `paging`: swap space, pages moved, page faults.

use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::metric::{enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::{Paths, Source};
use edgewatch_core::kernel::{lines, number, pairs, text, unescaped, words};

metrics! {
    /// Metrics of the scraper `paging`.
    Metrics {
        faults: "system.paging.faults", "{faults}", Counter, On, "The number of page faults.";
        operations: "system.paging.operations", "{operations}", Counter, On,
            "The number of paging operations.";
        usage: "system.paging.usage", "By", UpDownCounter, On,
            "Swap (unix) or pagefile (windows) usage.";
        utilization: "system.paging.utilization", "1", Gauge, Off,
            "Swap (unix) or pagefile (windows) utilization.";
    }
}

/// Settings of the scraper `paging`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

/// Reads `swaps` and `vmstat`.
pub(super) struct Paging {
    metrics: Metrics,
    swaps: Source,
    vmstat: Source,
    page_size: u64,
}

impl Paging {
    pub(super) fn new(config: Config, paths: &Paths) -> Self {
        Self {
            metrics: config.metrics,
            swaps: Source::new(paths.proc.join("swaps")),
            vmstat: Source::new(paths.proc.join("vmstat")),
            page_size: rustix::param::page_size() as u64,
        }
    }
}

/// A swap device or file. Sizes are in bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Swap {
    pub(super) device: String,
    pub(super) total: u64,
    pub(super) used: u64,
}

impl Swap {
    fn states(&self) -> [(&'static str, u64); 2] {
        [("used", self.used), ("free", self.total.saturating_sub(self.used))]
    }
}

/// The swap spaces in `swaps`.
pub(super) fn parse_swaps(file: &[u8]) -> impl Iterator<Item = Swap> {
    lines(file).skip(1).filter_map(|line| {
        let mut words = words(line);
        let device = text(&unescaped(words.next()?)).into_owned();
        let total = number(words.nth(1)?)?.saturating_mul(1024);
        let used = number(words.next()?)?.saturating_mul(1024);
        Some(Swap { device, total, used })
    })
}

/// What `vmstat` counts of paging since boot.
#[derive(Debug, Default, PartialEq)]
pub(super) struct VmStat {
    pub(super) faults: u64,
    pub(super) major_faults: u64,
    pub(super) swapped_in: u64,
    pub(super) swapped_out: u64,
    /// In KiB, unlike the others.
    pub(super) paged_in: u64,
    /// In KiB, unlike the others.
    pub(super) paged_out: u64,
}

/// Reads `vmstat`.
pub(super) fn parse_vmstat(file: &[u8]) -> VmStat {
    let mut stat = VmStat::default();
    for (key, value) in pairs(file) {
        match key {
            b"pgfault" => stat.faults = value,
            b"pgmajfault" => stat.major_faults = value,
            b"pswpin" => stat.swapped_in = value,
            b"pswpout" => stat.swapped_out = value,
            b"pgpgin" => stat.paged_in = value,
            b"pgpgout" => stat.paged_out = value,
            _ => {}
        }
    }
    stat
}

impl Scraper for Paging {
    fn name(&self) -> &'static str {
        "paging"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let metrics = &self.metrics;
        let swaps: Vec<Swap> = match self.swaps.read() {
            Ok(file) => parse_swaps(file).collect(),
            Err(error) => {
                let lost = enabled([metrics.usage(), metrics.utilization()]);
                report.failed(lost, self.swaps.path().display(), error);
                Vec::new()
            }
        };
        let vmstat = match self.vmstat.read() {
            Ok(file) => Some(parse_vmstat(file)),
            Err(error) => {
                let lost = enabled([metrics.faults(), metrics.operations()]);
                report.failed(lost, self.vmstat.path().display(), error);
                None
            }
        };
        let pages = |kibibytes: u64| kibibytes.saturating_mul(1024) / self.page_size.max(1);
        write_host(request, "edgewatch/host_metrics/paging", round.window(), |out| {
            if let Some(stat) = &vmstat {
                out.metric(metrics.faults(), |points| {
                    points.int(stat.major_faults, &[("type", "major")]);
                    points.int(stat.faults.saturating_sub(stat.major_faults), &[("type", "minor")]);
                });
                out.metric(metrics.operations(), |points| {
                    for (direction, kind, value) in [
                        ("page_in", "major", stat.swapped_in),
                        ("page_out", "major", stat.swapped_out),
                        ("page_in", "minor", pages(stat.paged_in)),
                        ("page_out", "minor", pages(stat.paged_out)),
                    ] {
                        points.int(value, &[("direction", direction), ("type", kind)]);
                    }
                });
            }
            out.metric(metrics.usage(), |points| {
                for swap in &swaps {
                    for (state, value) in swap.states() {
                        points.int(value, &[("device", &swap.device), ("state", state)]);
                    }
                }
            });
            out.metric(metrics.utilization(), |points| {
                for swap in swaps.iter().filter(|swap| swap.total > 0) {
                    for (state, value) in swap.states() {
                        let share = value as f64 / swap.total as f64;
                        points.double(share, &[("device", &swap.device), ("state", state)]);
                    }
                }
            });
        });
    }
}
