use std::path::PathBuf;

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::probe;

/// Settings of the `file` exporter.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The file to write to. Required.
    pub(super) path: PathBuf,
    /// How batches are written. `json`: OTLP/JSON, a line for each batch. `proto`: protobuf, each batch after
    /// its length in four bytes, big endian. Default: json.
    pub(super) format: Format,
    /// How each batch is compressed: `none` or `zstd`. Compressed batches, of either format, stand after
    /// their length in four bytes, big endian. Default: none.
    pub(super) compression: Compression,
    /// When to begin a new file. Absent: never. Present, if only as `rotation:`, with the defaults below.
    /// Default: absent.
    #[serde(deserialize_with = "rotation", skip_serializing_if = "Option::is_none")]
    pub(super) rotation: Option<Rotation>,
    /// Whether to write behind what the file holds already, instead of emptying it first. With `rotation`
    /// that is always done. Default: false.
    pub(super) append: bool,
    /// Accepted for the Collector's sake, without effect: every batch is written at once. Default: 1s.
    pub(super) flush_interval: Duration,
    /// Whether to make the directory of `path` when it does not exist. Default: false.
    pub(super) create_directory: bool,
    /// Permissions of the directory made, in octal. Default: 0755.
    pub(super) directory_permissions: String,
    /// An encoding extension. Not in this build: use `format`. Default: none.
    pub(super) encoding: Option<String>,
    /// A file for each value of a resource attribute. Not in this build. Default: off.
    pub(super) group_by: GroupBy,
}

/// How batches are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// OTLP/JSON.
    #[default]
    Json,
    /// Protobuf.
    Proto,
}

/// How batches are compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Compression {
    /// Not at all.
    #[default]
    None,
    /// Each batch as a zstd frame.
    Zstd,
}

/// When to begin a new file, and what becomes of the old ones.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Rotation {
    /// Size, in MiB, that a file does not exceed, unless by a single batch. The file is then renamed, with
    /// the time in its name: `data-2026-01-31T05-02-14.173.json`. Zero: 100. Default: 100.
    pub(super) max_megabytes: u64,
    /// Days after which renamed files are deleted; zero: never. Default: 0.
    pub(super) max_days: u64,
    /// Most renamed files to keep; zero: all. Default: 100.
    pub(super) max_backups: usize,
    /// Whether the time in their names is local time instead of UTC. Default: false.
    pub(super) localtime: bool,
}

/// Settings of `group_by`, of which only being off is supported.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GroupBy {
    /// Whether to write a file for each value. Must be false. Default: false.
    pub(super) enabled: bool,
    /// Without effect. Default: empty.
    pub(super) resource_attribute: String,
    /// Without effect. Default: 100.
    pub(super) max_open_files: Option<u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            format: Format::Json,
            compression: Compression::None,
            rotation: None,
            append: false,
            flush_interval: Duration::from_secs(1),
            create_directory: false,
            directory_permissions: "0755".to_owned(),
            encoding: None,
            group_by: GroupBy::default(),
        }
    }
}

/// A key without a value asks for rotation with its defaults, as in the Collector.
fn rotation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rotation>, D::Error> {
    Option::deserialize(deserializer).map(|rotation| rotation.or_else(|| Some(Rotation::default())))
}

impl Default for Rotation {
    fn default() -> Self {
        Self { max_megabytes: 100, max_days: 0, max_backups: 100, localtime: false }
    }
}

impl Rotation {
    /// The size that a file does not exceed, in bytes.
    pub(super) fn max_bytes(&self) -> u64 {
        let megabytes =
            if self.max_megabytes == 0 { Self::default().max_megabytes } else { self.max_megabytes };
        megabytes.saturating_mul(1 << 20)
    }
}

impl Config {
    pub(super) fn directory_mode(&self) -> Option<u32> {
        u32::from_str_radix(&self.directory_permissions, 8).ok().filter(|mode| *mode <= 0o7777)
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let rule = |holds: bool, key: &str, message: &str| {
            if holds { Ok(()) } else { Err(ConfigError::new(key, message)) }
        };
        ConfigError::all([
            rule(
                !self.path.as_os_str().is_empty(),
                "path",
                "no file is named; set it, such as /var/log/otlp.json",
            ),
            rule(
                self.directory_mode().is_some(),
                "directory_permissions",
                "these are no permissions; write them in octal and in quotes, such as \"0755\"",
            ),
            rule(
                self.encoding.is_none(),
                "encoding",
                "this build has no encoding extensions; remove the key and choose format json or proto",
            ),
            rule(
                !self.group_by.enabled,
                "group_by",
                "this build writes one file for each exporter; remove the key, or route to several file exporters",
            ),
        ])
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}
