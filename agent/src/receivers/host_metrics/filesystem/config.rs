//! What a user may write under `filesystem`.

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measuring::filter::{Devices, FileSystemTypes, Filter, MountPoints, Selection as _};
use crate::measuring::metric::{Metric, metrics};

metrics! {
    /// Metrics of the scraper `filesystem`.
    Metrics {
        inodes_usage: "system.filesystem.inodes.usage", "{inodes}", UpDownCounter, On,
            "FileSystem inodes used.";
        usage: "system.filesystem.usage", "By", UpDownCounter, On, "Filesystem bytes used.";
        utilization: "system.filesystem.utilization", "1", Gauge, Off,
            "Fraction of filesystem bytes used.";
    }
}

impl Metrics {
    /// Inodes, bytes, share; each if it is enabled.
    pub(super) fn wanted(&self) -> [Option<&'static Metric>; 3] {
        [self.inodes_usage(), self.usage(), self.utilization()]
    }
}

/// Settings of the scraper `filesystem`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::receivers::host_metrics) struct Config {
    /// Whether file systems without a device, such as tmpfs and overlay, are collected too. Default: false.
    pub(super) include_virtual_filesystems: bool,
    /// Only file systems on these devices. Default: all.
    pub(super) include_devices: Devices,
    /// Not the file systems on these devices. Default: none.
    pub(super) exclude_devices: Devices,
    /// Only file systems of these types. Default: all.
    pub(super) include_fs_types: FileSystemTypes,
    /// Not the file systems of these types. Default: none.
    pub(super) exclude_fs_types: FileSystemTypes,
    /// Only what is mounted at these places. Default: all.
    pub(super) include_mount_points: MountPoints,
    /// Not what is mounted at these places. Default: none.
    pub(super) exclude_mount_points: MountPoints,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

impl Config {
    pub(in crate::receivers::host_metrics) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.include_devices.validate().map_err(|error| error.under("include_devices")),
            self.exclude_devices.validate().map_err(|error| error.under("exclude_devices")),
            self.include_fs_types.validate().map_err(|error| error.under("include_fs_types")),
            self.exclude_fs_types.validate().map_err(|error| error.under("exclude_fs_types")),
            self.include_mount_points.validate().map_err(|error| error.under("include_mount_points")),
            self.exclude_mount_points.validate().map_err(|error| error.under("exclude_mount_points")),
        ])
    }

    pub(super) fn filters(&self) -> Result<Filters, ConfigError> {
        Ok(Filters {
            devices: Filter::new(&self.include_devices, &self.exclude_devices)?,
            types: Filter::new(&self.include_fs_types, &self.exclude_fs_types)?,
            mount_points: Filter::new(&self.include_mount_points, &self.exclude_mount_points)?,
        })
    }
}

/// Which mounts are of interest: those that every filter admits.
pub(super) struct Filters {
    pub(super) devices: Filter,
    pub(super) types: Filter,
    pub(super) mount_points: Filter,
}
