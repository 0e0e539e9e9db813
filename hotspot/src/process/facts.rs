//! Reads facts about a process.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use edgewatch_core::kernel::{Paths, lines, number, pairs, read_file, words};

use super::quota;
use crate::find::{Process, ProcessId};
use crate::procfs::{Opened, Stat, Status, no_such_process};

/// What is true of a process at a moment. What cannot be known is `None`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// CPU time since its start, in user mode and in the kernel.
    pub cpu: Option<Duration>,
    /// File descriptors that it has open. Before Linux 6.2 counting them needs `CAP_SYS_PTRACE` and `CAP_DAC_READ_SEARCH`.
    pub descriptors: Option<u64>,
    /// How many it may have open; `None` also without a limit.
    pub descriptor_limit: Option<u64>,
    /// How many CPUs the JVM uses, as it counts them itself. `None` when a control group may limit it and cannot be seen.
    pub cpus: Option<u32>,
    /// When it started, in nanoseconds since 1970. The same in every round.
    pub started_unix_ns: Option<u64>,
    /// Bytes in memory.
    pub resident: Option<u64>,
}

/// What the command line says about the CPUs of a JVM.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cpus {
    /// `-XX:ActiveProcessorCount`.
    pub fixed: Option<u32>,
    /// Whether it obeys the limits of its control groups: not with `-XX:-UseContainerSupport`.
    pub obeys_groups: bool,
}

impl Default for Cpus {
    fn default() -> Self {
        Self { fixed: None, obeys_groups: true }
    }
}

/// Reads [`Facts`], one process after the other into the same memory.
#[derive(Debug)]
pub struct Reader {
    proc: PathBuf,
    sys: PathBuf,
    ticks: u64,
    page: u64,
    /// When the host was started, in nanoseconds since 1970.
    boot: Option<u64>,
    buffer: Vec<u8>,
}

impl Reader {
    /// A reader for processes of the host of `paths`.
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        let mut buffer = Vec::new();
        Self {
            proc: paths.proc.clone(),
            sys: paths.sys.clone(),
            ticks: rustix::param::clock_ticks_per_second().max(1),
            page: rustix::param::page_size() as u64,
            boot: boot(&paths.proc, &mut buffer),
            buffer,
        }
    }

    /// Reads what is true of `process` now, or `None` when it has ended: its number may have been given to another, and its file of
    /// counters may still be there.
    pub fn read(&mut self, process: &Process, cpus: Cpus) -> Option<Facts> {
        match self.facts(process.id, cpus) {
            Ok(facts) => facts,
            // It cannot be seen, which is not to say that it has ended.
            Err(error) if !no_such_process(&error) => Some(Facts::default()),
            Err(_) => None,
        }
    }

    /// Whether `process` is still there.
    pub fn is_alive(&mut self, process: &Process) -> bool {
        let stat = Opened::at(&self.proc.join(process.id.pid.to_string()));
        let stat = stat.and_then(|opened| opened.read("stat", &mut self.buffer).map(Stat::parse));
        match stat {
            Ok(stat) => stat.is_some_and(|stat| stat.start == process.id.start && !stat.has_ended()),
            Err(error) => !no_such_process(&error),
        }
    }

    fn facts(&mut self, id: ProcessId, cpus: Cpus) -> io::Result<Option<Facts>> {
        let opened = Opened::at(&self.proc.join(id.pid.to_string()))?;
        let stat = Stat::parse(opened.read("stat", &mut self.buffer)?);
        let Some(stat) = stat.filter(|stat| stat.start == id.start && !stat.has_ended()) else {
            return Ok(None);
        };
        let (cpu, resident) = (stat.user.saturating_add(stat.system), stat.resident);
        let mut facts = Facts {
            cpu: Some(self.time(cpu)),
            resident: Some(resident.saturating_mul(self.page)),
            started_unix_ns: self.boot.map(|boot| {
                let since = u64::try_from(self.time(id.start).as_nanos()).unwrap_or(u64::MAX);
                boot.saturating_add(since)
            }),
            ..Facts::default()
        };
        facts.descriptors = opened.open_files().ok();
        let limits = opened.read("limits", &mut self.buffer);
        facts.descriptor_limit = limits.ok().and_then(open_files_limit);
        facts.cpus = cpus.fixed.filter(|fixed| *fixed > 0).or_else(|| self.cpus(&opened, cpus.obeys_groups));
        Ok(Some(facts))
    }

    /// How many CPUs a process may use.
    fn cpus(&mut self, opened: &Opened, obeys_groups: bool) -> Option<u32> {
        let allowed = Status::parse(opened.read("status", &mut self.buffer).ok()?)?.cpus?;
        let quota = if obeys_groups {
            let mut groups = Vec::new();
            let groups = opened.read("cgroup", &mut groups).ok()?;
            quota::cpus(groups, &self.sys, &mut self.buffer).ok()?
        } else {
            None
        };
        Some(quota.map_or(allowed, |quota| quota.min(allowed)).max(1))
    }

    fn time(&self, ticks: u64) -> Duration {
        let rest = (ticks % self.ticks).saturating_mul(1_000_000_000) / self.ticks;
        Duration::from_secs(ticks / self.ticks) + Duration::from_nanos(rest)
    }
}

/// The soft limit of open files.
fn open_files_limit(limits: &[u8]) -> Option<u64> {
    let line = lines(limits).find_map(|line| line.strip_prefix(b"Max open files"))?;
    number(words(line).next()?)
}

/// When the host was started, in nanoseconds since 1970.
fn boot(proc: &Path, buffer: &mut Vec<u8>) -> Option<u64> {
    let stat = read_file(&proc.join("stat"), buffer).ok()?;
    let (_, seconds) = pairs(stat).find(|(key, _)| *key == b"btime")?;
    seconds.checked_mul(1_000_000_000)
}
