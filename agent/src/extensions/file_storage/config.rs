//! What a user may write.

use std::borrow::Cow;
use std::fmt;

use edgewatch_core::config::{ByteSize, ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use edgewatch_exporters::journal::SYNC_INTERVAL;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::probe;

/// Settings of the `file_storage` extension.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Directory for the queues; nothing else may be kept there. Default: empty, `queue/<id>` in the agent's state directory.
    pub(super) directory: String,
    /// Longest time to wait at the start for another agent to let go of the directory. Default: 1s.
    pub(super) timeout: Duration,
    /// When senders are answered: always (or true) once their data survives a power cut; interval (or false) once it survives
    /// the end of the process. Default: always. The Collector's default is false.
    pub(super) fsync: Fsync,
    /// With `fsync: interval`, longest time until what was accepted survives a power cut as well. Default: 1s.
    pub(super) fsync_interval: Duration,
    /// Most bytes on disk for each queue, that is for each signal of each exporter; zero: what the disk has. What happens at
    /// the limit is said by the exporter's `sending_queue.overflow`. Default: 1GiB. The Collector's default is 0.
    pub(super) max_size: ByteSize,
    /// Bytes that each queue sets aside, so that a disk that others have filled can still be drained. Default: 1MiB.
    pub(super) reserve_size: ByteSize,
    /// Whether the directory is made when it is missing. Default: true. The Collector's default is false.
    pub(super) create_directory: bool,
    /// Permissions of a directory that is made, in octal. Default: "0750".
    pub(super) directory_permissions: String,
    /// Accepted for the Collector's configurations; has no effect: damaged files are always kept aside, and the rest is
    /// used. Default: false.
    pub(super) recreate: bool,
    /// Accepted for the Collector's configurations; has no effect: files are deleted when what they hold was delivered.
    pub(super) compaction: Compaction,
}

/// When what is written is made to survive the machine.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Fsync {
    /// Before senders are answered.
    #[default]
    Always,
    /// Some time later.
    Interval,
}

/// Settings of `compaction`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Compaction {
    /// No effect. Default: false.
    on_start: bool,
    /// No effect. Default: false.
    on_rebound: bool,
    /// No effect. Default: empty.
    directory: String,
    /// No effect. Default: 100.
    rebound_needed_threshold_mib: u64,
    /// No effect. Default: 10.
    rebound_trigger_threshold_mib: u64,
    /// No effect. Default: 65536.
    max_transaction_size: u64,
    /// No effect. Default: 5s.
    check_interval: Duration,
    /// No effect. Default: false.
    cleanup_on_start: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            directory: String::new(),
            timeout: Duration::from_secs(1),
            fsync: Fsync::Always,
            fsync_interval: SYNC_INTERVAL.into(),
            max_size: ByteSize::mib(1024),
            reserve_size: ByteSize::mib(1),
            create_directory: true,
            directory_permissions: "0750".to_owned(),
            recreate: false,
            compaction: Compaction::default(),
        }
    }
}

impl Default for Compaction {
    fn default() -> Self {
        Self {
            on_start: false,
            on_rebound: false,
            directory: String::new(),
            rebound_needed_threshold_mib: 100,
            rebound_trigger_threshold_mib: 10,
            max_transaction_size: 65_536,
            check_interval: Duration::from_secs(5),
            cleanup_on_start: false,
        }
    }
}

/// Smallest queue: below it, one batch of ordinary size would fill it.
const SMALLEST: ByteSize = ByteSize::mib(1);

impl Config {
    /// Permissions of a directory that is made; `None` when they are none.
    pub(super) fn permissions(&self) -> Option<u32> {
        u32::from_str_radix(&self.directory_permissions, 8).ok().filter(|mode| *mode <= 0o777)
    }

    fn validate_permissions(&self) -> Result<(), ConfigError> {
        if self.create_directory && self.permissions().is_none() {
            return Err(ConfigError::new(
                "directory_permissions",
                "these are no permissions; write them in octal and in quotes, such as \"0750\"",
            ));
        }
        Ok(())
    }

    fn validate_sizes(&self) -> Result<(), ConfigError> {
        if self.max_size.get() != 0 && self.max_size < SMALLEST {
            let message = format!("{} is below {SMALLEST}; raise it, or write 0 for no limit", self.max_size);
            return Err(ConfigError::new("max_size", message));
        }
        Ok(())
    }

    fn validate_interval(&self) -> Result<(), ConfigError> {
        if self.fsync == Fsync::Interval && self.fsync_interval == Duration::ZERO {
            return Err(ConfigError::new("fsync_interval", "is zero; write a time, or fsync: always"));
        }
        Ok(())
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([self.validate_permissions(), self.validate_sizes(), self.validate_interval()])
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}

impl Serialize for Fsync {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Always => "always",
            Self::Interval => "interval",
        })
    }
}

/// The Collector's booleans as well.
impl<'de> Deserialize<'de> for Fsync {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Fsync;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("always or interval")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Fsync, E> {
                Ok(if value { Fsync::Always } else { Fsync::Interval })
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Fsync, E> {
                match text {
                    "always" | "true" => Ok(Fsync::Always),
                    "interval" | "false" => Ok(Fsync::Interval),
                    _ => Err(E::unknown_variant(text, &["always", "interval"])),
                }
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Fsync {
    fn schema_name() -> Cow<'static, str> {
        "Fsync".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": ["always", "interval", true, false]})
    }
}
