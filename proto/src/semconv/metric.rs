//! Metrics of the semantic conventions: name, unit, kind and what they say.

/// What the semantic conventions say about a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its unit, in UCUM.
    pub unit: &'static str,
    /// What it says, in our words.
    pub description: &'static str,
    /// How it moves.
    pub instrument: Instrument,
}

/// How a metric moves, and so which kind of metric it is in OTLP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Instrument {
    /// A value at a moment, which makes no sense added up: a gauge.
    Gauge,
    /// What only grows: a monotonic sum.
    Counter,
    /// What adds up, grows and shrinks: a sum that is not monotonic.
    UpDownCounter,
}

const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, description, instrument: Instrument::Gauge }
}

const fn counter(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, description, instrument: Instrument::Counter }
}

const fn up_down(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, description, instrument: Instrument::UpDownCounter }
}

/// Metrics about the host.
pub mod system {
    use super::{Metric, counter, gauge, up_down};

    /// `system.uptime`
    pub const UPTIME: Metric = gauge("system.uptime", "s", "How long the system has been running.");
    /// `system.cpu.time`
    pub const CPU_TIME: Metric =
        counter("system.cpu.time", "s", "Time that each logical processor spent in each mode.");
    /// `system.cpu.utilization`
    pub const CPU_UTILIZATION: Metric = gauge(
        "system.cpu.utilization",
        "1",
        "Share of its time that each logical processor spent in each mode since the last measurement.",
    );
    /// `system.cpu.physical.count`
    pub const CPU_PHYSICAL_COUNT: Metric =
        up_down("system.cpu.physical.count", "{cpu}", "Number of physical processor cores.");
    /// `system.cpu.logical.count`
    pub const CPU_LOGICAL_COUNT: Metric =
        up_down("system.cpu.logical.count", "{cpu}", "Number of logical processors.");
    /// `system.cpu.frequency`
    pub const CPU_FREQUENCY: Metric =
        gauge("system.cpu.frequency", "Hz", "Operating frequency of the logical processor.");
    /// `system.memory.usage`
    pub const MEMORY_USAGE: Metric = up_down("system.memory.usage", "By", "Memory in each state.");
    /// `system.memory.limit`
    pub const MEMORY_LIMIT: Metric = up_down("system.memory.limit", "By", "Memory there is.");
    /// `system.memory.utilization`
    pub const MEMORY_UTILIZATION: Metric =
        gauge("system.memory.utilization", "1", "Share of the memory in each state.");
    /// `system.memory.linux.available`
    pub const MEMORY_LINUX_AVAILABLE: Metric = up_down(
        "system.memory.linux.available",
        "By",
        "Estimate of the memory that programs could get without swapping.",
    );
    /// `system.memory.linux.shared`
    pub const MEMORY_LINUX_SHARED: Metric =
        up_down("system.memory.linux.shared", "By", "Shared memory in use, mostly by tmpfs.");
    /// `system.memory.linux.slab.usage`
    pub const MEMORY_LINUX_SLAB_USAGE: Metric =
        up_down("system.memory.linux.slab.usage", "By", "Memory that the kernel uses for its own objects.");
    /// `system.memory.linux.hugepages.limit`
    pub const MEMORY_LINUX_HUGEPAGES_LIMIT: Metric =
        up_down("system.memory.linux.hugepages.limit", "{page}", "Number of huge pages there are.");
    /// `system.memory.linux.hugepages.page_size`
    pub const MEMORY_LINUX_HUGEPAGES_PAGE_SIZE: Metric =
        up_down("system.memory.linux.hugepages.page_size", "By", "Size of a huge page.");
    /// `system.memory.linux.hugepages.reserved`
    pub const MEMORY_LINUX_HUGEPAGES_RESERVED: Metric = up_down(
        "system.memory.linux.hugepages.reserved",
        "{page}",
        "Number of huge pages that are reserved and not yet allocated.",
    );
    /// `system.memory.linux.hugepages.surplus`
    pub const MEMORY_LINUX_HUGEPAGES_SURPLUS: Metric = up_down(
        "system.memory.linux.hugepages.surplus",
        "{page}",
        "Number of huge pages beyond the persistent pool.",
    );
    /// `system.memory.linux.hugepages.usage`
    pub const MEMORY_LINUX_HUGEPAGES_USAGE: Metric =
        up_down("system.memory.linux.hugepages.usage", "{page}", "Number of huge pages in each state.");
    /// `system.memory.linux.hugepages.utilization`
    pub const MEMORY_LINUX_HUGEPAGES_UTILIZATION: Metric =
        gauge("system.memory.linux.hugepages.utilization", "1", "Share of the huge pages in each state.");
    /// `system.paging.usage`
    pub const PAGING_USAGE: Metric = up_down("system.paging.usage", "By", "Swap space in each state.");
    /// `system.paging.utilization`
    pub const PAGING_UTILIZATION: Metric =
        gauge("system.paging.utilization", "1", "Share of the swap space in each state.");
    /// `system.paging.faults`
    pub const PAGING_FAULTS: Metric = counter("system.paging.faults", "{fault}", "Number of page faults.");
    /// `system.paging.operations`
    pub const PAGING_OPERATIONS: Metric =
        counter("system.paging.operations", "{operation}", "Number of paging operations.");
    /// `system.disk.io`
    pub const DISK_IO: Metric = counter("system.disk.io", "By", "Bytes read and written.");
    /// `system.disk.operations`
    pub const DISK_OPERATIONS: Metric =
        counter("system.disk.operations", "{operation}", "Number of reads and writes.");
    /// `system.disk.io_time`
    pub const DISK_IO_TIME: Metric = counter("system.disk.io_time", "s", "Time that the disk was busy.");
    /// `system.disk.operation_time`
    pub const DISK_OPERATION_TIME: Metric =
        counter("system.disk.operation_time", "s", "Sum of the times that all operations took.");
    /// `system.disk.merged`
    pub const DISK_MERGED: Metric = counter(
        "system.disk.merged",
        "{operation}",
        "Number of reads and writes that were merged into others.",
    );
    /// `system.disk.limit`
    pub const DISK_LIMIT: Metric = up_down("system.disk.limit", "By", "Capacity of the disk.");
    /// `system.filesystem.usage`
    pub const FILESYSTEM_USAGE: Metric =
        up_down("system.filesystem.usage", "By", "Space of the filesystem in each state.");
    /// `system.filesystem.utilization`
    pub const FILESYSTEM_UTILIZATION: Metric =
        gauge("system.filesystem.utilization", "1", "Share of the filesystem's space in each state.");
    /// `system.filesystem.limit`
    pub const FILESYSTEM_LIMIT: Metric =
        up_down("system.filesystem.limit", "By", "Capacity of the filesystem.");
    /// `system.network.io`
    pub const NETWORK_IO: Metric = counter("system.network.io", "By", "Bytes received and transmitted.");
    /// `system.network.packet.count`
    pub const NETWORK_PACKET_COUNT: Metric =
        counter("system.network.packet.count", "{packet}", "Number of packets received and transmitted.");
    /// `system.network.packet.dropped`
    pub const NETWORK_PACKET_DROPPED: Metric =
        counter("system.network.packet.dropped", "{packet}", "Number of packets dropped without an error.");
    /// `system.network.errors`
    pub const NETWORK_ERRORS: Metric =
        counter("system.network.errors", "{error}", "Number of errors on the network.");
    /// `system.network.connection.count`
    pub const NETWORK_CONNECTION_COUNT: Metric =
        up_down("system.network.connection.count", "{connection}", "Number of connections in each state.");
    /// `system.process.count`
    pub const PROCESS_COUNT: Metric =
        up_down("system.process.count", "{process}", "Number of processes in each state.");
    /// `system.process.created`
    pub const PROCESS_CREATED: Metric = counter(
        "system.process.created",
        "{process}",
        "Number of processes created since the system started.",
    );
    /// `system.process.limit`
    pub const PROCESS_LIMIT: Metric =
        up_down("system.process.limit", "{thread}", "Most processes and threads that the system allows.");
}

/// Metrics about a process.
pub mod process {
    use super::{Metric, counter, gauge, up_down};

    /// `process.cpu.time`
    pub const CPU_TIME: Metric =
        counter("process.cpu.time", "s", "Processor time that the process spent in each mode.");
    /// `process.cpu.utilization`
    pub const CPU_UTILIZATION: Metric = gauge(
        "process.cpu.utilization",
        "1",
        "Share of the processors available to it that the process used since the last measurement.",
    );
    /// `process.memory.usage`
    pub const MEMORY_USAGE: Metric = up_down("process.memory.usage", "By", "Physical memory in use.");
    /// `process.memory.virtual`
    pub const MEMORY_VIRTUAL: Metric = up_down("process.memory.virtual", "By", "Virtual memory committed.");
    /// `process.disk.io`
    pub const DISK_IO: Metric = counter("process.disk.io", "By", "Bytes read and written.");
    /// `process.network.io`
    pub const NETWORK_IO: Metric = counter("process.network.io", "By", "Bytes received and transmitted.");
    /// `process.thread.count`
    pub const THREAD_COUNT: Metric = up_down("process.thread.count", "{thread}", "Number of threads.");
    /// `process.unix.file_descriptor.count`
    pub const UNIX_FILE_DESCRIPTOR_COUNT: Metric = up_down(
        "process.unix.file_descriptor.count",
        "{file_descriptor}",
        "Number of file descriptors in use.",
    );
    /// `process.context_switches`
    pub const CONTEXT_SWITCHES: Metric =
        counter("process.context_switches", "{context_switch}", "Number of context switches.");
    /// `process.paging.faults`
    pub const PAGING_FAULTS: Metric = counter("process.paging.faults", "{fault}", "Number of page faults.");
    /// `process.uptime`
    pub const UPTIME: Metric = gauge("process.uptime", "s", "How long the process has been running.");
}
