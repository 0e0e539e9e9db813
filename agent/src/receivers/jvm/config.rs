//! What a user may write under `jvm`.

use edgewatch_core::config::{ConfigError, Duration};
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metrics::Metrics;
use super::resource::ResourceAttributes;

/// Shortest time between two looks at the collection counters.
const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// Settings of the `jvm` receiver.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Time from one round of metrics to the next. Default: 10s.
    pub(super) collection_interval: Duration,
    /// Wait before the first round; zero: none. Default: 1s.
    pub(super) initial_delay: Duration,
    /// How often new JVMs are looked for. Default: 5s.
    pub(super) discovery_interval: Duration,
    /// The directory that is `/` of the host, when the agent runs in a container and the host's is mounted into it. The environment
    /// variable `HOST_PROC` has precedence. Default: empty, the agent's own.
    pub(super) root_path: String,
    /// Most JVMs that are read at a time; further ones are told of once and counted. Default: 1000.
    pub(super) max_jvms: usize,
    /// Only JVMs that one of these describes. Default: all.
    pub(super) include: Selection,
    /// Not the JVMs that one of these describes. Default: none.
    pub(super) exclude: Selection,
    /// Single garbage collection pauses, made of counters that are looked at often.
    pub(super) pauses: Pauses,
    /// Whether the memory of JVMs that share no counters is searched for them: it is read, never written. Needed for users without a passwd
    /// entry, as with `runAsUser` in Kubernetes, and for `-XX:+PerfDisableSharedMem`. Needs CAP_SYS_PTRACE. Default: false.
    pub(super) memory_scan: bool,
    /// What is asked over the attach socket of JVMs.
    pub(super) attach: Attach,
    /// What is read from garbage collection logs.
    pub(super) gc_log: GcLog,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
    /// Which attributes describe a JVM.
    pub(super) resource_attributes: ResourceAttributes,
}

/// JVMs by what they are.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Selection {
    /// Service names, as in `service.name`: globs such as `payment-*`. Default: none.
    pub(super) names: Vec<String>,
    /// Users, by name or number: globs. Default: none.
    pub(super) users: Vec<String>,
    /// Containers, by id: globs such as `4f1c*`. Default: none.
    pub(super) containers: Vec<String>,
}

/// Settings of `pauses`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Pauses {
    /// Whether collections are observed. Without it there is no `jvm.gc.duration`. Default: true.
    pub(super) enabled: bool,
    /// Time between two looks at a JVM that collects often. At least 10ms. Default: 100ms.
    pub(super) min_interval: Duration,
    /// Time between two looks at a JVM that seldom collects. Default: 250ms.
    pub(super) max_interval: Duration,
    /// Whether `jvm.gc.duration` has the attribute `jvm.gc.cause`, where the cause of a collection is known: one that was the only one
    /// between two looks, or stands in a log. Default: false.
    pub(super) cause: bool,
}

/// Settings of `attach`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Attach {
    /// Whether JVMs are asked. The first time a JVM is asked it gets one SIGQUIT, which makes it open its socket; JVMs that would not take
    /// it well (`-Xrs`, `-XX:+DisableAttachMechanism`) are left alone. Default: false.
    pub(super) enabled: bool,
    /// Service names of the JVMs to ask, as globs. Default: all.
    pub(super) names: Vec<String>,
    /// What is asked, every `interval`: any of `GC.heap_info`, `Compiler.codecache`, `VM.metaspace`. None of them stops the JVM.
    /// Default: all three.
    pub(super) commands: Vec<AttachCommand>,
    /// Time between two rounds of questions to a JVM. Default: 60s.
    pub(super) interval: Duration,
    /// Longest time for one answer. Default: 5s.
    pub(super) timeout: Duration,
}

/// Diagnostic commands that may be asked on a timer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub(super) enum AttachCommand {
    /// Live use of eden, old and survivor spaces, where counters lag behind.
    #[serde(rename = "GC.heap_info")]
    HeapInfo,
    /// Code heaps.
    #[serde(rename = "Compiler.codecache")]
    CodeCache,
    /// Metaspace between collections.
    #[serde(rename = "VM.metaspace")]
    Metaspace,
}

/// Settings of `gc_log`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GcLog {
    /// Whether garbage collection logs that JVMs write anyway are read: single pauses with their cause. Default: true.
    pub(super) tail: bool,
    /// Whether such a log is switched on, over the attach socket, in JVMs that write none; it is switched off again at the end. Needs
    /// `attach.enabled`. Default: false.
    pub(super) switch_on: bool,
    /// Directory for those logs, as the JVM sees it; memory is best, because lines are written during the pause. Default: /dev/shm.
    pub(super) directory: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            collection_interval: Duration::from_secs(10),
            initial_delay: Duration::from_secs(1),
            discovery_interval: Duration::from_secs(5),
            root_path: String::new(),
            max_jvms: 1000,
            include: Selection::default(),
            exclude: Selection::default(),
            pauses: Pauses::default(),
            memory_scan: false,
            attach: Attach::default(),
            gc_log: GcLog::default(),
            metrics: Metrics::default(),
            resource_attributes: ResourceAttributes::default(),
        }
    }
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            enabled: true,
            min_interval: Duration::from_millis(100),
            max_interval: Duration::from_millis(250),
            cause: false,
        }
    }
}

impl Default for Attach {
    fn default() -> Self {
        Self {
            enabled: false,
            names: Vec::new(),
            commands: vec![AttachCommand::HeapInfo, AttachCommand::CodeCache, AttachCommand::Metaspace],
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(5),
        }
    }
}

impl Default for GcLog {
    fn default() -> Self {
        Self { tail: true, switch_on: false, directory: "/dev/shm".to_owned() }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        let positive = |key: &str, value: Duration| {
            if value == Duration::ZERO {
                return Err(ConfigError::new(key, "must not be zero; write a time such as 10s"));
            }
            Ok(())
        };
        ConfigError::all([
            positive("collection_interval", self.collection_interval),
            positive("discovery_interval", self.discovery_interval),
            positive("attach.interval", self.attach.interval),
            positive("attach.timeout", self.attach.timeout),
            self.include.check("include"),
            self.exclude.check("exclude"),
            self.check_pauses(),
            self.check_gc_log(),
        ])
    }

    /// A block, its plan and its series for each JVM.
    fn memory_bound(&self) -> usize {
        const EACH: usize = 32 << 10;
        self.max_jvms.saturating_mul(EACH)
    }
}

impl Config {
    fn check_pauses(&self) -> Result<(), ConfigError> {
        let Pauses { min_interval, max_interval, .. } = self.pauses;
        if min_interval < SHORTEST_POLL {
            return Err(ConfigError::new(
                "pauses.min_interval",
                format!("{min_interval} is too short; write at least {SHORTEST_POLL}"),
            ));
        }
        if max_interval < min_interval {
            return Err(ConfigError::new(
                "pauses.max_interval",
                format!(
                    "{max_interval} is below pauses.min_interval ({min_interval}); raise it or lower the other"
                ),
            ));
        }
        Ok(())
    }

    fn check_gc_log(&self) -> Result<(), ConfigError> {
        if self.gc_log.switch_on && !self.attach.enabled {
            let fact = "needs attach.enabled: true, because logs are switched on over the attach socket";
            return Err(ConfigError::new("gc_log.switch_on", fact));
        }
        Ok(())
    }
}
