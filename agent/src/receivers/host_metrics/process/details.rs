//! What hardly ever changes about a process, read once and kept.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::{Config, ResourceAttributes};
use super::directory::Directory;
use super::table::Row;
use crate::measuring::owners::Owners;
use crate::measuring::report::Report;
use edgewatch_core::kernel::{lines, number, text, words};

/// Most memory that details of processes occupy. Those of further processes are read in each round.
pub(in crate::receivers::host_metrics) const MEMORY_BOUND: usize = 8 << 20;
/// Details are read again after this long: a process may run another program or change its user at any time.
const LIFETIME: Duration = Duration::from_secs(600);
/// Longer texts, which only command lines are, end here.
const LONGEST_TEXT: usize = 4 << 10;
/// The kernel cuts names after this many bytes.
const KERNEL_NAME: usize = 15;

/// CPU times of a process at a moment: user, system, waiting.
pub(super) type CpuTimes = (Instant, [u64; 3]);

/// What is known about a process.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) name: Box<str>,
    pub(super) path: Box<str>,
    pub(super) command: Box<str>,
    pub(super) command_line: Box<str>,
    pub(super) cgroup: Box<str>,
    pub(super) owner: Option<Arc<str>>,
    /// What the CPU times were in the round before.
    pub(super) previous: Option<CpuTimes>,
}

/// Reads the details of processes.
#[derive(Debug)]
pub(super) struct Reader {
    config: Config,
    owners: Owners,
    buffer: Vec<u8>,
}

impl Reader {
    pub(super) fn new(config: Config, owners: Owners) -> Self {
        Self { config, owners, buffer: vec![0; LONGEST_TEXT] }
    }

    /// To be called at the beginning of a round.
    pub(super) fn refresh(&mut self) {
        self.owners.refresh();
    }

    /// Reads the details of the process in `row`, whose name in the kernel is `kernel_name`.
    pub(super) fn read(
        &mut self,
        directory: &mut Directory,
        row: &Row,
        kernel_name: &[u8],
        report: &mut Report,
    ) -> Details {
        let Config { resource_attributes, mute_process_all_errors: mute_all, .. } = &self.config;
        let ResourceAttributes { cgroup, executable_path, owner, .. } = *resource_attributes;
        let mut details = Details::default();
        let mut failed = |muted: bool, what, error: io::Error| {
            if !muted && !mute_all && !is_gone(&error) {
                report.failed(1, what, error);
            }
        };
        let buffer = &mut self.buffer;
        match directory.read(row.pid, "cmdline", buffer) {
            Ok(line) => (details.command, details.command_line) = command(line),
            Err(error) => failed(false, "/proc/<pid>/cmdline", error),
        }
        details.name = executable_name(kernel_name, &details.command);
        if executable_path.enabled {
            match directory.link(row.pid, "exe", buffer) {
                Ok(path) => details.path = text(path).into(),
                Err(error) => failed(self.config.mute_process_exe_error, "/proc/<pid>/exe", error),
            }
        }
        if owner.enabled {
            match directory.read(row.pid, "status", buffer).map(user) {
                Ok(Some(user)) => {
                    details.owner = self.owners.name(user);
                    if details.owner.is_none() {
                        let error = io::Error::other(format!("user {user} is not in passwd"));
                        failed(self.config.mute_process_user_error, "the owner of a process", error);
                    }
                }
                Ok(None) => {}
                Err(error) => failed(self.config.mute_process_user_error, "/proc/<pid>/status", error),
            }
        }
        if cgroup.enabled {
            match directory.read(row.pid, "cgroup", buffer) {
                Ok(groups) => details.cgroup = text(groups.strip_suffix(b"\n").unwrap_or(groups)).into(),
                Err(error) => failed(self.config.mute_process_cgroup_error, "/proc/<pid>/cgroup", error),
            }
        }
        details
    }
}

/// Whether the process ended, or the kernel has nothing to say about one of its own threads.
pub(super) fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// The first word of a command line, and all of it.
pub(super) fn command(line: &[u8]) -> (Box<str>, Box<str>) {
    let line = line.strip_suffix(b"\0").unwrap_or(line);
    let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
    (text(first).into(), text(line).replace('\0', " ").into())
}

/// The name of the executable. A name that the kernel has cut is completed from the command.
pub(super) fn executable_name(kernel_name: &[u8], command: &str) -> Box<str> {
    let name = text(kernel_name);
    if kernel_name.len() >= KERNEL_NAME {
        let whole = command.rsplit('/').next().unwrap_or_default();
        if whole.starts_with(&*name) {
            return whole.into();
        }
    }
    name.into()
}

/// The user that a process runs as, from its `status`.
pub(super) fn user(status: &[u8]) -> Option<u64> {
    let line = lines(status).find_map(|line| line.strip_prefix(b"Uid:"))?;
    number(words(line).next()?)
}

/// The details of the processes that were there in the last round.
#[derive(Debug, Default)]
pub(super) struct Cache {
    entries: HashMap<u32, Entry>,
    bytes: usize,
    round: u64,
    /// Details that are not kept.
    uncached: Details,
}

#[derive(Debug)]
struct Entry {
    start: u64,
    kernel_name: Box<[u8]>,
    read: Instant,
    round: u64,
    bytes: usize,
    details: Details,
}

impl Cache {
    /// The details of the process in `row`: those that are kept, if they are still its own, or else what
    /// `read` reads.
    pub(super) fn get(
        &mut self,
        row: &Row,
        kernel_name: &[u8],
        now: Instant,
        read: impl FnOnce() -> Details,
    ) -> &mut Details {
        let round = self.round;
        let mut previous = None;
        if let Some(entry) = self.entries.get_mut(&row.pid) {
            let same_process = entry.start == row.stat.start;
            let same_program = *entry.kernel_name == *kernel_name;
            if !(same_process && same_program && now.duration_since(entry.read) < LIFETIME) {
                previous = entry.details.previous.filter(|_| same_process);
                self.remove(row.pid);
            }
        }
        if !self.entries.contains_key(&row.pid) {
            let details = Details { previous, ..read() };
            let bytes = footprint(&details, kernel_name);
            if self.bytes + bytes > MEMORY_BOUND {
                self.uncached = details;
                return &mut self.uncached;
            }
            self.bytes += bytes;
            let (start, kernel_name) = (row.stat.start, kernel_name.into());
            let entry = Entry { start, kernel_name, read: now, round, bytes, details };
            self.entries.insert(row.pid, entry);
        }
        match self.entries.get_mut(&row.pid) {
            Some(entry) => {
                entry.round = round;
                &mut entry.details
            }
            None => &mut self.uncached,
        }
    }

    /// Forgets the processes that were not asked for since the last call.
    pub(super) fn prune(&mut self) {
        let (round, bytes) = (self.round, &mut self.bytes);
        self.entries.retain(|_, entry| {
            let keep = entry.round == round;
            if !keep {
                *bytes -= entry.bytes;
            }
            keep
        });
        self.round += 1;
    }

    fn remove(&mut self, pid: u32) {
        if let Some(entry) = self.entries.remove(&pid) {
            self.bytes -= entry.bytes;
        }
    }

    /// How many processes are kept, and the memory that they occupy.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes)
    }
}

/// The memory that an entry occupies, the hash table's slack included.
fn footprint(details: &Details, kernel_name: &[u8]) -> usize {
    let Details { name, path, command, command_line, cgroup, owner: _, previous: _ } = details;
    let texts = [name, path, command, command_line, cgroup];
    2 * (size_of::<Entry>() + size_of::<u32>())
        + kernel_name.len()
        + texts.map(|text| text.len()).iter().sum::<usize>()
}
