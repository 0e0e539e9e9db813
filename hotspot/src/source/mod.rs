//! Opens the counters of one process, and reads them again and again.
//!
//! What is opened must be what the process has mapped: the path was written by another container, the file may have been replaced, and two
//! JVMs that share a `/tmp` may use the same name. The path is walked below the root directory of the process without following
//! links, nothing is read before the file is known to be the right one, and nothing but a regular file is opened at all.
//!
//! The same file means: `fstat` tells the device and the inode that `maps` tells. File systems such as btrfs and, in some versions of
//! Linux and some arrangements, overlayfs tell different ones to the two. Then the agent maps the file itself, without ever touching
//! the mapping, and compares what `/proc/self/maps` tells: the same file has the same line everywhere.
//!
//! A file outlives a JVM that was killed, and then never changes again. A [`Source`] does not notice; whoever reads the
//! [facts](crate::process) of the process in the same round, or looks for JVMs, does.

mod open;
mod same;
mod scan;
#[cfg(test)]
mod tests;

pub use open::Source;

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

/// The failure to read `what`, which needs `capabilities`.
fn denied(what: &str, capabilities: &'static str, source: io::Error) -> Missing {
    let what = what.to_owned();
    if source.kind() == io::ErrorKind::PermissionDenied {
        Missing::Denied { what, capabilities, source }
    } else {
        Missing::Io { what, source }
    }
}
