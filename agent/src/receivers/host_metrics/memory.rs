//! The scraper `memory`: what the host's memory is used for.

use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::metric::{enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::pairs;
use edgewatch_core::kernel::{Paths, Source};

metrics! {
    /// Metrics of the scraper `memory`.
    Metrics {
        available: "system.linux.memory.available", "By", UpDownCounter, Off,
            "An estimate of how much memory is available for starting new applications, without swapping. This is a more accurate alternative than system.memory.usage with state=free. (Linux only)";
        dirty: "system.linux.memory.dirty", "By", UpDownCounter, Off,
            "The amount of dirty memory according to `/proc/meminfo`.";
        limit: "system.memory.limit", "By", UpDownCounter, Off, "Total bytes of memory available.";
        hugepages_limit: "system.memory.linux.hugepages.limit", "{page}", UpDownCounter, Off,
            "Total number of hugepages available.";
        hugepages_page_size: "system.memory.linux.hugepages.page_size", "By", UpDownCounter, Off,
            "System hugepage size in bytes.";
        hugepages_reserved: "system.memory.linux.hugepages.reserved", "{page}", UpDownCounter, Off,
            "Number of reserved hugepages.";
        hugepages_surplus: "system.memory.linux.hugepages.surplus", "{page}", UpDownCounter, Off,
            "Number of surplus hugepages.";
        hugepages_usage: "system.memory.linux.hugepages.usage", "{page}", UpDownCounter, Off,
            "Number of hugepages in use by state.";
        hugepages_utilization: "system.memory.linux.hugepages.utilization", "1", Gauge, Off,
            "Percentage of hugepages in use by state.";
        shared: "system.memory.linux.shared", "By", UpDownCounter, Off,
            "Shared memory usage, including tmpfs filesystems and System V/POSIX shared memory. Only supported on Linux.";
        page_size: "system.memory.page_size", "By", Gauge, Off,
            "A constant value for the system's configured page size.";
        usage: "system.memory.usage", "By", UpDownCounter, On, "Bytes of memory in use.";
        utilization: "system.memory.utilization", "1", Gauge, Off, "Percentage of memory bytes in use.";
    }
}

/// Settings of the scraper `memory`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

/// Reads `meminfo`.
pub(super) struct Memory {
    config: Config,
    file: Source,
}

impl Memory {
    pub(super) fn new(config: Config, paths: &Paths) -> Self {
        Self { config, file: Source::new(paths.proc.join("meminfo")) }
    }
}

/// What `meminfo` says: memory in bytes, huge pages in pages.
#[derive(Debug, Default, PartialEq)]
pub(super) struct MemInfo {
    pub(super) total: u64,
    free: u64,
    available: Option<u64>,
    buffers: u64,
    cached: u64,
    dirty: u64,
    shared: u64,
    slab_reclaimable: u64,
    slab_unreclaimable: u64,
    huge_total: u64,
    huge_free: u64,
    huge_reserved: u64,
    huge_surplus: u64,
    huge_size: u64,
}

/// Reads `meminfo`; `None` when it has no total.
pub(super) fn parse(text: &[u8]) -> Option<MemInfo> {
    let mut info = MemInfo::default();
    for (key, value) in pairs(text) {
        let bytes = value.saturating_mul(1024);
        match key {
            b"MemTotal" => info.total = bytes,
            b"MemFree" => info.free = bytes,
            b"MemAvailable" => info.available = Some(bytes),
            b"Buffers" => info.buffers = bytes,
            b"Cached" => info.cached = bytes,
            b"Dirty" => info.dirty = bytes,
            b"Shmem" => info.shared = bytes,
            b"SReclaimable" => info.slab_reclaimable = bytes,
            b"SUnreclaim" => info.slab_unreclaimable = bytes,
            b"HugePages_Total" => info.huge_total = value,
            b"HugePages_Free" => info.huge_free = value,
            b"HugePages_Rsvd" => info.huge_reserved = value,
            b"HugePages_Surp" => info.huge_surplus = value,
            b"Hugepagesize" => info.huge_size = bytes,
            _ => {}
        }
    }
    (info.total > 0).then_some(info)
}

impl MemInfo {
    /// The page cache with what the kernel can reclaim of its own objects, as `free` counts it.
    fn cached(&self) -> u64 {
        self.cached.saturating_add(self.slab_reclaimable)
    }

    /// What new programs can have. Kernels before 3.14 do not estimate it.
    fn available(&self) -> u64 {
        self.available
            .unwrap_or_else(|| self.free.saturating_add(self.buffers).saturating_add(self.cached()))
            .min(self.total)
    }

    fn states(&self) -> [(&'static str, u64); 6] {
        [
            ("used", self.total - self.available()),
            ("free", self.free),
            ("buffered", self.buffers),
            ("cached", self.cached()),
            ("slab_reclaimable", self.slab_reclaimable),
            ("slab_unreclaimable", self.slab_unreclaimable),
        ]
    }

    fn huge_states(&self) -> [(&'static str, u64); 2] {
        [("free", self.huge_free), ("used", self.huge_total.saturating_sub(self.huge_free))]
    }
}

impl Scraper for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        const HUGE_STATE: &str = "system.memory.linux.hugepages.state";
        let metrics = &self.config.metrics;
        let singles = |info: &MemInfo| {
            [
                (metrics.available(), info.available()),
                (metrics.dirty(), info.dirty),
                (metrics.limit(), info.total),
                (metrics.hugepages_limit(), info.huge_total),
                (metrics.hugepages_page_size(), info.huge_size),
                (metrics.hugepages_reserved(), info.huge_reserved),
                (metrics.hugepages_surplus(), info.huge_surplus),
                (metrics.shared(), info.shared),
                (metrics.page_size(), rustix::param::page_size() as u64),
            ]
        };
        let info = match self.file.read() {
            Ok(text) => parse(text).ok_or_else(|| std::io::Error::other("MemTotal is missing")),
            Err(error) => Err(error),
        };
        let info = match info {
            Ok(info) => info,
            Err(error) => {
                let lost = enabled(singles(&MemInfo::default()).map(|(metric, _)| metric))
                    + enabled([
                        metrics.usage(),
                        metrics.utilization(),
                        metrics.hugepages_usage(),
                        metrics.hugepages_utilization(),
                    ]);
                return report.failed(lost, self.file.path().display(), error);
            }
        };
        write_host(request, "edgewatch/host_metrics/memory", round.window(), |out| {
            for (metric, value) in singles(&info) {
                out.metric(metric, |points| points.int(value, &[]));
            }
            out.metric(metrics.hugepages_usage(), |points| {
                for (state, value) in info.huge_states() {
                    points.int(value, &[(HUGE_STATE, state)]);
                }
            });
            out.metric(metrics.hugepages_utilization(), |points| {
                for (state, value) in info.huge_states().into_iter().filter(|_| info.huge_total > 0) {
                    points.double(value as f64 / info.huge_total as f64, &[(HUGE_STATE, state)]);
                }
            });
            out.metric(metrics.usage(), |points| {
                for (state, value) in info.states() {
                    points.int(value, &[("state", state)]);
                }
            });
            out.metric(metrics.utilization(), |points| {
                for (state, value) in info.states() {
                    points.double(value as f64 / info.total as f64, &[("state", state)]);
                }
            });
        });
    }
}
