//! Which core a process runs on.

use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of the process under test.
pub(crate) const SUBJECT: usize = 0;
/// The core of everything around it.
pub(crate) const SURROUNDINGS: usize = 1;

/// Puts the calling thread, and what it starts from now on, on one core.
pub(crate) fn to_core(core: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}
