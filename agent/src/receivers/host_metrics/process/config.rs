//! What a user may write under `process`.

use edgewatch_core::config::{ConfigError, Duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::measuring::filter::{Names, Selection as _};
use crate::measuring::metric::{Metric, Off, On, enabled, metrics};

metrics! {
    /// Metrics of the scraper `process`.
    Metrics {
        context_switches: "process.context_switches", "{count}", Counter, Off,
            "Number of times the process has been context switched.";
        cpu_time: "process.cpu.time", "s", Counter, On,
            "Total CPU seconds broken down by different states.";
        cpu_utilization: "process.cpu.utilization", "1", Gauge, Off,
            "Percentage of total CPU time used by the process since last scrape, expressed as a value between 0 and 1. On the first scrape, no data point is emitted for this metric.";
        disk_io: "process.disk.io", "By", Counter, On, "Disk bytes transferred.";
        disk_operations: "process.disk.operations", "{operations}", Counter, Off,
            "Number of disk operations performed by the process.";
        handles: "process.handles", "{count}", UpDownCounter, Off,
            "Number of handles held by the process.";
        memory_usage: "process.memory.usage", "By", UpDownCounter, On,
            "The amount of physical memory in use.";
        memory_utilization: "process.memory.utilization", "1", Gauge, Off,
            "Percentage of total physical memory that is used by the process.";
        memory_virtual: "process.memory.virtual", "By", UpDownCounter, On, "Virtual memory size.";
        open_file_descriptors: "process.open_file_descriptors", "{count}", UpDownCounter, Off,
            "Number of file descriptors in use by the process.";
        paging_faults: "process.paging.faults", "{faults}", Counter, Off,
            "Number of page faults the process has made.";
        signals_pending: "process.signals_pending", "{signals}", UpDownCounter, Off,
            "Number of pending signals for the process.";
        threads: "process.threads", "{threads}", UpDownCounter, Off, "Process threads count.";
        uptime: "process.uptime", "s", Gauge, Off, "The time the process has been running.";
    }
}

/// The metrics that are enabled, by the file that they are read from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) context_switches: Option<&'static Metric>,
    pub(super) cpu_time: Option<&'static Metric>,
    pub(super) cpu_utilization: Option<&'static Metric>,
    pub(super) disk_io: Option<&'static Metric>,
    pub(super) disk_operations: Option<&'static Metric>,
    pub(super) memory_usage: Option<&'static Metric>,
    pub(super) memory_utilization: Option<&'static Metric>,
    pub(super) memory_virtual: Option<&'static Metric>,
    pub(super) open_file_descriptors: Option<&'static Metric>,
    pub(super) paging_faults: Option<&'static Metric>,
    pub(super) signals_pending: Option<&'static Metric>,
    pub(super) threads: Option<&'static Metric>,
    pub(super) uptime: Option<&'static Metric>,
}

impl Wanted {
    /// How many need `/proc/<pid>/io`.
    pub(super) fn of_io(&self) -> usize {
        enabled([self.disk_io, self.disk_operations])
    }

    /// How many need `/proc/<pid>/status`.
    pub(super) fn of_status(&self) -> usize {
        enabled([self.context_switches, self.signals_pending])
    }
}

impl Metrics {
    /// `handles` is left out: only Windows has them. The key is accepted so that configurations can be
    /// shared.
    pub(super) fn wanted(&self) -> Wanted {
        let _only_on_windows = self.handles();
        Wanted {
            context_switches: self.context_switches(),
            cpu_time: self.cpu_time(),
            cpu_utilization: self.cpu_utilization(),
            disk_io: self.disk_io(),
            disk_operations: self.disk_operations(),
            memory_usage: self.memory_usage(),
            memory_utilization: self.memory_utilization(),
            memory_virtual: self.memory_virtual(),
            open_file_descriptors: self.open_file_descriptors(),
            paging_faults: self.paging_faults(),
            signals_pending: self.signals_pending(),
            threads: self.threads(),
            uptime: self.uptime(),
        }
    }
}

/// The attributes that tell processes apart.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::receivers::host_metrics) struct ResourceAttributes {
    /// The control group of the process. Enabled by default: false.
    #[serde(rename = "process.cgroup")]
    pub(super) cgroup: Off,
    /// The command the process was started with: the first word of its command line. Enabled by default:
    /// true.
    #[serde(rename = "process.command")]
    pub(super) command: On,
    /// The whole command line. May hold secrets that were passed as arguments. Enabled by default: true.
    #[serde(rename = "process.command_line")]
    pub(super) command_line: On,
    /// The name of the executable. Enabled by default: true.
    #[serde(rename = "process.executable.name")]
    pub(super) executable_name: On,
    /// The path of the executable; only readable for the agent's own user without `CAP_SYS_PTRACE`. Enabled
    /// by default: true.
    #[serde(rename = "process.executable.path")]
    pub(super) executable_path: On,
    /// The name of the user that the process runs as. Enabled by default: true.
    #[serde(rename = "process.owner")]
    pub(super) owner: On,
    /// The number of the process that started this one. Enabled by default: true.
    #[serde(rename = "process.parent_pid")]
    pub(super) parent_pid: On,
    /// The number of the process. Enabled by default: true.
    #[serde(rename = "process.pid")]
    pub(super) pid: On,
}

/// Settings of the scraper `process`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::receivers::host_metrics) struct Config {
    /// Only processes with these names. Default: all.
    pub(super) include: Names,
    /// Not processes with these names. Default: none.
    pub(super) exclude: Names,
    /// Whether no failure to read something of a process is counted or told. Default: false.
    pub(super) mute_process_all_errors: bool,
    /// Whether failures to read the control group of a process are neither counted nor told. Default: false.
    pub(super) mute_process_cgroup_error: bool,
    /// Whether failures to read the executable's path are neither counted nor told. Default: false.
    pub(super) mute_process_exe_error: bool,
    /// Whether failures to read a process's I/O counters are neither counted nor told. Default: false.
    pub(super) mute_process_io_error: bool,
    /// Whether failures to read a process's name are neither counted nor told. Default: false.
    pub(super) mute_process_name_error: bool,
    /// Whether users without a name on this host, such as those of containers, are neither counted nor told.
    /// Default: false.
    pub(super) mute_process_user_error: bool,
    /// How long a process must have run before it is of interest, which keeps short-lived ones out. Default:
    /// 0s.
    pub(super) scrape_process_delay: Duration,
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
    /// Which attributes describe a process.
    pub(super) resource_attributes: ResourceAttributes,
}

impl Config {
    pub(in crate::receivers::host_metrics) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.include.validate().map_err(|error| error.under("include")),
            self.exclude.validate().map_err(|error| error.under("exclude")),
        ])
    }
}
