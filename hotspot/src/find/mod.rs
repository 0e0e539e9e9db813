//! Notices JVMs as they come and go, and says where each keeps its counters.
//!
//! A look lists `/proc` and reads more only of processes that are new, very young or run another program than before, and of a share of
//! the others, in turn. A process is the same as in the look before when its number and the inode of its directory are.

mod finder;
mod memory;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use finder::Finder;

/// A process, told from all others that had or will have the same number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProcessId {
    /// Its number, as the agent sees it.
    pub pid: u32,
    /// When it started, in clock ticks since the boot of the host (field 22 of `/proc/<pid>/stat`).
    pub start: u64,
}

/// What is known about a JVM's process when it has been found, and does not change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Process {
    /// Which process it is.
    pub id: ProcessId,
    /// Its number inside of its innermost pid namespace, by which it names its own files.
    pub ns_pid: u32,
    /// Its effective user, as the agent sees it.
    pub uid: u32,
    /// Its effective group, as the agent sees it.
    pub gid: u32,
    /// The `root`-prefixed directory through which the agent sees the files of the process: `/proc/<pid>/root`.
    pub root: PathBuf,
    /// The container it runs in, when its control group names one: 64 hexadecimal digits as a rule.
    pub container: Option<String>,
    /// The file that its counters are mapped from.
    pub shared: Option<Shared>,
}

/// A mapped file of counters, as `/proc/<pid>/maps` describes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shared {
    /// Its path below the root directory of the process.
    pub path: PathBuf,
    /// Device (major, minor) and inode: what is opened must be this.
    pub device: (u32, u32),
    /// See `device`.
    pub inode: u64,
    /// Addresses of the mapping, which name it below `/proc/<pid>/map_files`.
    pub range: (u64, u64),
    /// Whether it was deleted, or replaced, since it was mapped.
    pub deleted: bool,
}

/// Something that stands between the agent and JVMs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Obstacle {
    /// A process named `java` whose maps may not be read: it is probably a JVM. Missing: `CAP_SYS_PTRACE`.
    Hidden(ProcessId),
    /// `/proc` cannot be listed; what the system said.
    Unlisted(String),
    /// So many processes were not looked at, because there are more than are remembered.
    Crowded(usize),
}

/// What has changed since the last look. A process may be in both lists, when it runs another JVM than before: what is gone comes first.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// JVMs that were not there before. One that had no counters then comes again when it has some, or when their file was deleted: it
    /// replaces the former.
    pub came: Vec<Process>,
    /// JVMs that are gone.
    pub gone: Vec<ProcessId>,
    /// What could not be told.
    pub obstacles: Vec<Obstacle>,
}
