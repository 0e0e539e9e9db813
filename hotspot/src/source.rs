//! Opens the counters of one process, and reads them again and again.

use std::io;

use crate::counters::LayoutError;

/// How the counters of a JVM are reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// The file, through the root directory of the process.
    File,
    /// The file, which was deleted, through the mapping.
    Mapping,
    /// The memory of the process.
    Memory,
}

/// Why there are no counters of a JVM. Each is told to the user with the way out.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// The JVM keeps counters in its own memory, or none: `-XX:-UsePerfData`, `-XX:+PerfDisableSharedMem`, no passwd entry for its user,
    /// or a `/tmp` that it cannot use. Reading its memory, where allowed, tells which.
    #[error("the JVM shares no counters")]
    NotShared,
    /// Its memory was searched, and there are none: `-XX:-UsePerfData`.
    #[error("the JVM keeps no counters (-XX:-UsePerfData)")]
    None,
    /// The agent may not open them.
    #[error("{what} cannot be opened: {source}; the agent needs {capabilities}")]
    Denied {
        /// What it is.
        what: String,
        /// The capabilities that would allow it.
        capabilities: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file under that name is not the one that the process has mapped.
    #[error("{0} belongs to another JVM")]
    Foreign(String),
    /// The block is not one that is understood.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The system refused for another reason.
    #[error("{what}: {source}")]
    Io {
        /// What was read.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}
