//! Attributes of log records and data points.

/// Of log records.
pub mod log {
    /// The base name of the file that the record was read from.
    pub const FILE_NAME: &str = "log.file.name";
    /// The path of that file.
    pub const FILE_PATH: &str = "log.file.path";
    /// Its base name behind all symbolic links.
    pub const FILE_NAME_RESOLVED: &str = "log.file.name_resolved";
    /// Its path behind all symbolic links.
    pub const FILE_PATH_RESOLVED: &str = "log.file.path_resolved";
    /// Who owns the file; the Collector's.
    pub const FILE_OWNER_NAME: &str = "log.file.owner.name";
    /// The group that owns the file; the Collector's.
    pub const FILE_OWNER_GROUP_NAME: &str = "log.file.owner.group.name";
    /// The file's permissions, three octal digits; the Collector's.
    pub const FILE_PERMISSIONS: &str = "log.file.permissions";
    /// `stdout` or `stderr`.
    pub const IOSTREAM: &str = "log.iostream";
    /// The record as it was read, where the body is something else.
    pub const RECORD_ORIGINAL: &str = "log.record.original";
    /// An id by which duplicates are known.
    pub const RECORD_UID: &str = "log.record.uid";
    /// Where in the file, counted in records from 1 on; the Collector's. An integer.
    pub const FILE_RECORD_NUMBER: &str = "log.file.record_number";
    /// Where in the file, in bytes; the Collector's. An integer.
    pub const FILE_RECORD_OFFSET: &str = "log.file.record_offset";
}

/// Of metrics about processors.
pub mod cpu {
    /// What the processor does: `user`, `system`, `nice`, `idle`, `iowait`, `interrupt`, `steal`.
    pub const MODE: &str = "cpu.mode";
    /// Which processor, from 0 on; an integer.
    pub const LOGICAL_NUMBER: &str = "cpu.logical_number";
}

/// Of metrics about disks.
pub mod disk {
    /// `read` or `write`.
    pub const IO_DIRECTION: &str = "disk.io.direction";
}

/// Of metrics about networks.
pub mod network {
    /// `transmit` or `receive`, seen from the machine.
    pub const IO_DIRECTION: &str = "network.io.direction";
    /// The interface.
    pub const INTERFACE_NAME: &str = "network.interface.name";
    /// The state of a TCP connection: `established`, `time_wait`, ...
    pub const CONNECTION_STATE: &str = "network.connection.state";
    /// `tcp`, `udp`, `unix`, ...
    pub const TRANSPORT: &str = "network.transport";
    /// `ipv4` or `ipv6`.
    pub const TYPE: &str = "network.type";
}

/// Of metrics about the operating system.
pub mod system {
    /// The device.
    pub const DEVICE: &str = "system.device";
    /// `used`, `free`, `buffers` or `cached`.
    pub const MEMORY_STATE: &str = "system.memory.state";
    /// `reclaimable` or `unreclaimable`.
    pub const MEMORY_LINUX_SLAB_STATE: &str = "system.memory.linux.slab.state";
    /// `used` or `free`.
    pub const MEMORY_LINUX_HUGEPAGES_STATE: &str = "system.memory.linux.hugepages.state";
    /// `used` or `free`.
    pub const PAGING_STATE: &str = "system.paging.state";
    /// `major` or `minor`.
    pub const PAGING_FAULT_TYPE: &str = "system.paging.fault.type";
    /// `in` or `out`.
    pub const PAGING_DIRECTION: &str = "system.paging.direction";
    /// `used`, `free` or `reserved`.
    pub const FILESYSTEM_STATE: &str = "system.filesystem.state";
    /// `ext4`, `tmpfs`, ...
    pub const FILESYSTEM_TYPE: &str = "system.filesystem.type";
    /// `rw` or `ro`.
    pub const FILESYSTEM_MODE: &str = "system.filesystem.mode";
    /// Where it is mounted.
    pub const FILESYSTEM_MOUNTPOINT: &str = "system.filesystem.mountpoint";
}

/// Of metrics about processes.
pub mod process {
    /// `running`, `sleeping`, `stopped` or `defunct`.
    pub const STATE: &str = "process.state";
    /// `voluntary` or `involuntary`.
    pub const CONTEXT_SWITCH_TYPE: &str = "process.context_switch.type";
}
