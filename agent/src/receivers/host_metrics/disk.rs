//! The scraper `disk`: what was read from and written to block devices.

use std::borrow::Cow;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::filter::{Devices, Filter, Selection as _};
use crate::measuring::metric::{enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::{Paths, Source};
use edgewatch_core::kernel::{lines, numbers, text, words};

/// The kernel counts in these, whatever the device's own sectors are; see
/// `Documentation/ABI/stable/sysfs-block`.
const SECTOR: u64 = 512;

metrics! {
    /// Metrics of the scraper `disk`.
    Metrics {
        io: "system.disk.io", "By", Counter, On, "Disk bytes transferred.";
        io_time: "system.disk.io_time", "s", Counter, On,
            "Time disk spent activated. On Windows, this is calculated as the inverse of disk idle time.";
        merged: "system.disk.merged", "{operations}", Counter, On,
            "The number of disk reads/writes merged into single physical disk access operations.";
        operation_time: "system.disk.operation_time", "s", Counter, On, "Time spent in disk operations.";
        operations: "system.disk.operations", "{operations}", Counter, On, "Disk operations count.";
        pending_operations: "system.disk.pending_operations", "{operations}", UpDownCounter, On,
            "The queue size of pending I/O operations.";
        weighted_io_time: "system.disk.weighted_io_time", "s", Counter, On,
            "Time disk spent activated multiplied by the queue length.";
    }
}

/// Settings of the scraper `disk`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Only these devices. Default: all.
    pub(super) include: Devices,
    /// Not these devices. Default: none.
    pub(super) exclude: Devices,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

impl Config {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.include.validate().map_err(|error| error.under("include")),
            self.exclude.validate().map_err(|error| error.under("exclude")),
        ])
    }
}

/// Reads `diskstats`.
pub(super) struct Disk {
    metrics: Metrics,
    filter: Filter,
    file: Source,
}

impl Disk {
    pub(super) fn new(config: Config, paths: &Paths) -> Result<Self, ConfigError> {
        Ok(Self {
            filter: Filter::new(&config.include, &config.exclude)?,
            metrics: config.metrics,
            file: Source::new(paths.proc.join("diskstats")),
        })
    }
}

/// One line of `diskstats`: a device and what it did since it appeared. Times are in milliseconds.
#[derive(Debug, PartialEq)]
pub(super) struct Counters<'a> {
    pub(super) device: Cow<'a, str>,
    pub(super) reads: [u64; 4],
    pub(super) writes: [u64; 4],
    pub(super) pending: u64,
    pub(super) busy: u64,
    pub(super) weighted: u64,
}

/// The devices of `diskstats` that `filter` admits and that were ever used. Lines that are shorter than those
/// of block devices (partitions before Linux 2.6.25) are left out.
pub(super) fn parse<'a>(file: &'a [u8], filter: &'a Filter) -> impl Iterator<Item = Counters<'a>> {
    lines(file).filter_map(|line| {
        let mut words = words(line);
        let device = words.nth(2)?;
        let counters: [u64; 11] = numbers(&mut words)?;
        if !filter.admits(device) || counters == [0; 11] {
            return None;
        }
        let [a, b, c, d, e, f, g, h, pending, busy, weighted] = counters;
        Some(Counters {
            device: text(device),
            reads: [a, b, c, d],
            writes: [e, f, g, h],
            pending,
            busy,
            weighted,
        })
    })
}

/// What a device did in each direction: operations, merged operations, sectors, milliseconds.
fn directions(counters: &Counters<'_>) -> [(&'static str, [u64; 4]); 2] {
    [("read", counters.reads), ("write", counters.writes)]
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1e3
}

impl Scraper for Disk {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let metrics = &self.metrics;
        let disks: Vec<Counters<'_>> = match self.file.read() {
            Ok(file) => parse(file, &self.filter).collect(),
            Err(error) => {
                let lost = enabled([
                    metrics.io(),
                    metrics.io_time(),
                    metrics.merged(),
                    metrics.operation_time(),
                    metrics.operations(),
                    metrics.pending_operations(),
                    metrics.weighted_io_time(),
                ]);
                return report.failed(lost, self.file.path().display(), error);
            }
        };
        write_host(request, "edgewatch/host_metrics/disk", round.window(), |out| {
            let per_direction = [
                (metrics.io(), (|[_, _, sectors, _]| sectors.saturating_mul(SECTOR)) as fn([u64; 4]) -> u64),
                (metrics.operations(), |[operations, _, _, _]| operations),
                (metrics.merged(), |[_, merged, _, _]| merged),
            ];
            for (metric, value) in per_direction {
                out.metric(metric, |points| {
                    for disk in &disks {
                        for (direction, counters) in directions(disk) {
                            let attributes = [("device", &*disk.device), ("direction", direction)];
                            points.int(value(counters), &attributes);
                        }
                    }
                });
            }
            out.metric(metrics.operation_time(), |points| {
                for disk in &disks {
                    for (direction, [_, _, _, milliseconds]) in directions(disk) {
                        let attributes = [("device", &*disk.device), ("direction", direction)];
                        points.double(seconds(milliseconds), &attributes);
                    }
                }
            });
            out.metric(metrics.io_time(), |points| {
                for disk in &disks {
                    points.double(seconds(disk.busy), &[("device", &disk.device)]);
                }
            });
            out.metric(metrics.weighted_io_time(), |points| {
                for disk in &disks {
                    points.double(seconds(disk.weighted), &[("device", &disk.device)]);
                }
            });
            out.metric(metrics.pending_operations(), |points| {
                for disk in &disks {
                    points.int(disk.pending, &[("device", &disk.device)]);
                }
            });
        });
    }
}
