//! What a killed JVM leaves behind.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

/// Directories of a JVM, as it sees them, held open.
#[derive(Debug)]
pub(crate) struct Leftovers {
    directories: Vec<File>,
    inner_pid: u32,
}

impl Leftovers {
    /// Those of the JVM `pid`, which still runs and calls itself `inner_pid`.
    pub(crate) fn of(pid: u32, inner_pid: u32) -> Self {
        let open = |name| File::open(format!("/proc/{pid}/root/{name}")).ok();
        Self { directories: ["tmp", "dev/shm"].into_iter().filter_map(open).collect(), inner_pid }
    }

    /// Removes its counters, its socket, and logs that an agent has switched on: the JVM has been killed, and the agent perhaps too.
    pub(crate) fn remove(self) {
        let Self { directories, inner_pid } = self;
        let own = [format!(".java_pid{inner_pid}"), format!(".attach_pid{inner_pid}")];
        let log = format!("edgewatch-gc-{inner_pid}-");
        for directory in &directories {
            // A mount namespace may be gone by now, what is held open is not.
            let path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
            for name in names(&path) {
                if name.starts_with(&log) || own.contains(&name) {
                    let _ = fs::remove_file(path.join(&name));
                }
                if name.starts_with("hsperfdata_") {
                    let _ = fs::remove_file(path.join(&name).join(inner_pid.to_string()));
                }
            }
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
}
