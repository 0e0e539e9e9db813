//! How much memory this process may use.

use std::path::{Path, PathBuf};

use crate::host::Host;

/// Control groups are mounted here by every init system.
const CGROUPS: &str = "/sys/fs/cgroup";

/// Bytes of memory that this process may use: the least of the host's memory and the limits of its control
/// groups.
#[must_use]
pub fn total(host: &dyn Host) -> Option<usize> {
    let limits = cgroup_limits(host);
    limits.into_iter().chain(host_memory(host)).min()
}

fn host_memory(host: &dyn Host) -> Option<usize> {
    let meminfo = host.read(Path::new("/proc/meminfo")).ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The limits of this process's control group and those above it. A container sees its own group as the root.
fn cgroup_limits(host: &dyn Host) -> Vec<usize> {
    let groups = host.read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for line in groups.lines() {
        // hierarchy:controllers:path; version 2 has hierarchy 0 and no controllers.
        let mut parts = line.splitn(3, ':');
        let (Some(hierarchy), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let (mount, file) = if hierarchy == "0" && controllers.is_empty() {
            (PathBuf::from(CGROUPS), "memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            (Path::new(CGROUPS).join("memory"), "memory.limit_in_bytes")
        } else {
            continue;
        };
        for group in Path::new(path.trim_start_matches('/')).ancestors() {
            let text = host.read(&mount.join(group).join(file)).unwrap_or_default();
            // `max` and version 1's huge number mean that there is none.
            limits.extend(text.trim().parse::<usize>().ok());
        }
    }
    limits
}
