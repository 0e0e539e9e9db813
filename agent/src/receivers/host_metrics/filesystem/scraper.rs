//! Asks the mounted file systems, and writes.

use std::path::PathBuf;

use edgewatch_core::config::ConfigError;
use edgewatch_proto::encode;

use super::config::{Config, Filters, Metrics};
use super::mounts::{Mount, Mounts, local_path};
use super::probe::{Prober, Usage};
use crate::measuring::metric::{enabled, write_host};
use crate::measuring::report::Report;
use crate::receivers::host_metrics::scraping::{Round, Scraper};
use edgewatch_core::kernel::Paths;

/// Reads the table of mounts and asks each.
pub(in crate::receivers::host_metrics) struct FileSystem {
    metrics: Metrics,
    filters: Filters,
    mounts: Mounts,
    root: PathBuf,
    prober: Prober,
}

impl FileSystem {
    pub(in crate::receivers::host_metrics) fn new(
        config: Config,
        paths: &Paths,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            filters: config.filters()?,
            mounts: Mounts::new(paths, config.include_virtual_filesystems),
            metrics: config.metrics,
            root: paths.root.clone(),
            prober: Prober::new(),
        })
    }

    /// The same scraper with another way to ask.
    #[cfg(test)]
    pub(super) fn asking(mut self, prober: Prober) -> Self {
        self.prober = prober;
        self
    }
}

impl Filters {
    fn admit(&self, mount: &Mount) -> bool {
        self.devices.admits(mount.device.as_bytes())
            && self.types.admits(mount.fs_type.as_bytes())
            && self.mount_points.admits(mount.mount_point.as_bytes())
    }
}

impl Usage {
    fn used(&self) -> u64 {
        self.blocks.saturating_sub(self.free_blocks).saturating_mul(self.block)
    }

    fn available(&self) -> u64 {
        self.available_blocks.saturating_mul(self.block)
    }

    /// Bytes by state: what is neither used nor to be had is kept for the administrator.
    fn states(&self) -> [(&'static str, u64); 3] {
        let total = self.blocks.saturating_mul(self.block);
        let reserved = total.saturating_sub(self.used()).saturating_sub(self.available());
        [("used", self.used()), ("free", self.available()), ("reserved", reserved)]
    }

    fn inode_states(&self) -> [(&'static str, u64); 2] {
        [("used", self.inodes.saturating_sub(self.free_inodes)), ("free", self.free_inodes)]
    }

    /// The share that `df` shows: of what users can have. `None` when that is nothing.
    fn utilization(&self) -> Option<f64> {
        let usable = self.used().saturating_add(self.available());
        (usable > 0).then(|| self.used() as f64 / usable as f64)
    }
}

fn attributes<'a>(mount: &'a Mount, state: &'a str) -> [(&'static str, &'a str); 5] {
    let [device, mode, mount_point, fs_type] = place(mount);
    [device, mode, mount_point, fs_type, ("state", state)]
}

fn place(mount: &Mount) -> [(&'static str, &str); 4] {
    [
        ("device", &*mount.device),
        ("mode", mount.mode),
        ("mountpoint", &mount.mount_point),
        ("type", &mount.fs_type),
    ]
}

impl Scraper for FileSystem {
    fn name(&self) -> &'static str {
        "filesystem"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let Self { metrics, filters, mounts, root, prober } = self;
        let wanted = metrics.wanted();
        let mounts = match mounts.read() {
            Ok(mounts) => mounts,
            Err(error) => return report.failed(enabled(wanted), "the table of mounts", error),
        };
        prober.begin(|path| mounts.iter().any(|mount| local_path(root, &mount.mount_point) == path));
        let mut usages: Vec<(&Mount, Usage)> = Vec::with_capacity(mounts.len());
        for mount in mounts.iter().filter(|mount| filters.admit(mount)) {
            let path = local_path(root, &mount.mount_point);
            match prober.ask(&path) {
                Ok(usage) => usages.push((mount, usage)),
                Err(error) => report.failed(enabled(wanted), path.display(), error),
            }
        }
        let [inodes_usage, usage_metric, utilization] = wanted;
        write_host(request, "edgewatch/host_metrics/filesystem", round.window(), |out| {
            out.metric(inodes_usage, |points| {
                for (mount, usage) in &usages {
                    for (state, value) in usage.inode_states() {
                        points.int(value, &attributes(mount, state));
                    }
                }
            });
            out.metric(usage_metric, |points| {
                for (mount, usage) in &usages {
                    for (state, value) in usage.states() {
                        points.int(value, &attributes(mount, state));
                    }
                }
            });
            out.metric(utilization, |points| {
                for (mount, usage) in &usages {
                    if let Some(share) = usage.utilization() {
                        points.double(share, &place(mount));
                    }
                }
            });
        });
    }
}
