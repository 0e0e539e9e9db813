//! What a user may write under `host_metrics`.

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::probe;
use super::{cpu, disk, filesystem, load, memory, network, paging, process, processes, system};

/// Settings of the `host_metrics` receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Time from one round of scrapes to the next. Default: 1m.
    pub(super) collection_interval: Duration,
    /// Wait before the first round; zero: none. Default: 1s.
    pub(super) initial_delay: Duration,
    /// Time after which the scrapers that have not begun yet are left out of a round; zero: no limit.
    /// Default: 0s.
    pub(super) timeout: Duration,
    /// The directory that is `/` of the host, when the agent runs in a container and the host's is mounted
    /// into it. The environment variables `HOST_PROC`, `HOST_SYS`, `HOST_ETC`, `HOST_DEV` and
    /// `HOST_PROC_MOUNTINFO` have precedence. Default: empty, the agent's own.
    pub(super) root_path: String,
    /// What is collected: one key for each scraper, with nothing behind it for its defaults. Default: all but
    /// `process`.
    pub(super) scrapers: Scrapers,
}

/// The scrapers that run: those that are named.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Scrapers {
    /// Time by logical CPU and state.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) cpu: Option<cpu::Config>,
    /// Operations and bytes by block device.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) disk: Option<disk::Config>,
    /// Space and inodes by mounted file system.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) filesystem: Option<filesystem::Config>,
    /// Load averages.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) load: Option<load::Config>,
    /// Memory by use.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) memory: Option<memory::Config>,
    /// Traffic by network interface, and TCP connections by state.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) network: Option<network::Config>,
    /// Swap space and page faults.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) paging: Option<paging::Config>,
    /// CPU time, memory and I/O of each process, as a resource of its own.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) process: Option<process::Config>,
    /// Number of processes by state.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) processes: Option<processes::Config>,
    /// Time since boot.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<system::Config>,
}

/// A key that is there switches on, even with nothing behind it.
fn named<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::<T>::deserialize(from).map(|written| Some(written.unwrap_or_default()))
}

impl Default for Config {
    fn default() -> Self {
        Self {
            collection_interval: Duration::from_secs(60),
            initial_delay: Duration::from_secs(1),
            timeout: Duration::ZERO,
            root_path: String::new(),
            scrapers: Scrapers::usual(),
        }
    }
}

impl Scrapers {
    /// All scrapers but `process`, which makes a resource of each process.
    fn usual() -> Self {
        Self {
            cpu: Some(cpu::Config::default()),
            disk: Some(disk::Config::default()),
            filesystem: Some(filesystem::Config::default()),
            load: Some(load::Config::default()),
            memory: Some(memory::Config::default()),
            network: Some(network::Config::default()),
            paging: Some(paging::Config::default()),
            process: None,
            processes: Some(processes::Config::default()),
            system: Some(system::Config::default()),
        }
    }

    fn validate(&self) -> Result<(), ConfigError> {
        if *self == Self::default() {
            return Err(ConfigError::new(
                "scrapers",
                "no scraper is named; name at least one, such as cpu, or leave the key out for the usual ones",
            ));
        }
        let under = |name: &str, checked: Option<Result<(), ConfigError>>| match checked {
            Some(Err(error)) => Err(error.under(&format!("scrapers.{name}"))),
            Some(Ok(())) | None => Ok(()),
        };
        ConfigError::all([
            under("disk", self.disk.as_ref().map(disk::Config::validate)),
            under("filesystem", self.filesystem.as_ref().map(filesystem::Config::validate)),
            under("network", self.network.as_ref().map(network::Config::validate)),
            under("process", self.process.as_ref().map(process::Config::validate)),
        ])
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let interval = if self.collection_interval == Duration::ZERO {
            Err(ConfigError::new("collection_interval", "must not be zero; write a time such as 10s or 1m"))
        } else {
            Ok(())
        };
        ConfigError::all([interval, self.scrapers.validate()])
    }

    /// The details of processes; all else is a few files' worth.
    fn memory_bound(&self) -> usize {
        const FILES: usize = 1 << 20;
        FILES + if self.scrapers.process.is_some() { process::MEMORY_BOUND } else { 0 }
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}
