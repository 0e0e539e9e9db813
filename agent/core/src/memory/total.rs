use std::path::Path;

use super::cgroup;
use crate::host::Host;

/// Bytes of memory that this process may use: the least of the host's memory and the limits of its control
/// groups; `None` when the host tells neither.
#[must_use]
pub fn total(host: &dyn Host) -> Option<usize> {
    cgroup::limits(host).into_iter().chain(host_memory(host)).min()
}

fn host_memory(host: &dyn Host) -> Option<usize> {
    let meminfo = host.read(Path::new("/proc/meminfo")).ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}
