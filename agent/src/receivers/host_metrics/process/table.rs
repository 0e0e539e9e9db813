//! The line that the kernel keeps about each process, for all of them.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use super::directory::Directory;
use edgewatch_core::kernel::{number, rsplit_once, split_once, words};

/// Most processes that are looked at in one round. Further ones are counted as missing.
pub(super) const MOST_PROCESSES: usize = 32 << 10;
/// Longer than any `/proc/<pid>/stat`: 52 numbers and a name.
const LONGEST_STAT: usize = 4 << 10;

/// What `/proc/<pid>/stat` says. Times are in clock ticks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::receivers::host_metrics) struct Stat {
    pub(in crate::receivers::host_metrics) state: u8,
    pub(super) parent: u32,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    pub(super) user: u64,
    pub(super) system: u64,
    pub(super) threads: u64,
    /// Since boot.
    pub(super) start: u64,
    pub(super) virtual_bytes: u64,
    pub(super) resident_pages: u64,
    /// Waiting for block devices.
    pub(super) wait: u64,
}

/// Reads a `stat` line: the name, which may hold spaces and parentheses, and the numbers.
pub(super) fn parse(line: &[u8]) -> Option<(&[u8], Stat)> {
    let (_pid, rest) = split_once(line, b'(')?;
    let (name, columns) = rsplit_once(rest, b')')?;
    let mut columns = words(columns.trim_ascii_end());
    let &[state] = columns.next()? else { return None };
    let mut stat = Stat { state, ..Stat::default() };
    // The manual (proc_pid_stat(5)) counts from 1; the state is column 3.
    for (column, word) in (4_u32..).zip(columns) {
        let target = match column {
            4 => {
                stat.parent = u32::try_from(number(word)?).ok()?;
                continue;
            }
            10 => &mut stat.minor_faults,
            12 => &mut stat.major_faults,
            14 => &mut stat.user,
            15 => &mut stat.system,
            20 => &mut stat.threads,
            22 => &mut stat.start,
            23 => &mut stat.virtual_bytes,
            24 => &mut stat.resident_pages,
            42 => &mut stat.wait,
            43.. => break,
            _ => continue,
        };
        *target = number(word)?;
    }
    Some((name, stat))
}

/// One process.
#[derive(Clone, Debug)]
pub(in crate::receivers::host_metrics) struct Row {
    pub(super) pid: u32,
    pub(in crate::receivers::host_metrics) stat: Stat,
    name: Range<usize>,
}

#[cfg(test)]
impl Row {
    /// A process without a name.
    pub(super) const fn of(pid: u32, stat: Stat) -> Self {
        Self { pid, stat, name: 0..0 }
    }
}

/// All processes of a round, in memory that is kept from round to round.
#[derive(Debug)]
pub(in crate::receivers::host_metrics) struct Table {
    proc: PathBuf,
    rows: Vec<Row>,
    names: Vec<u8>,
    pids: Vec<u32>,
    buffer: Vec<u8>,
    beyond: usize,
    failure: Option<io::Error>,
}

impl Table {
    /// A table of the processes in `proc`, still empty.
    pub(in crate::receivers::host_metrics) fn new(proc: PathBuf) -> Self {
        Self {
            proc,
            rows: Vec::new(),
            names: Vec::new(),
            pids: Vec::new(),
            buffer: vec![0; LONGEST_STAT],
            beyond: 0,
            failure: None,
        }
    }

    /// Looks at all processes anew. Those that end meanwhile are left out.
    pub(in crate::receivers::host_metrics) fn refresh(&mut self) {
        self.rows.clear();
        self.names.clear();
        self.failure = self.walk().err();
    }

    fn walk(&mut self) -> io::Result<()> {
        let mut directory = Directory::open(&self.proc)?;
        self.pids.clear();
        self.beyond = directory.processes(MOST_PROCESSES, |pid| self.pids.push(pid))?;
        // In the kernel's order, which costs nothing when they come in it.
        self.pids.sort_unstable();
        for pid in &self.pids {
            let Ok(line) = directory.read(*pid, "stat", &mut self.buffer) else { continue };
            let Some((name, stat)) = parse(line) else { continue };
            let start = self.names.len();
            self.names.extend_from_slice(name);
            self.rows.push(Row { pid: *pid, stat, name: start..self.names.len() });
        }
        Ok(())
    }

    /// The processes, in the order of `/proc`.
    pub(in crate::receivers::host_metrics) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// The name of the process in `row`, as the kernel keeps it: cut after 15 bytes.
    pub(super) fn name(&self, row: &Row) -> &[u8] {
        self.names.get(row.name.clone()).unwrap_or_default()
    }

    /// How many processes were beyond the limit.
    pub(super) const fn beyond(&self) -> usize {
        self.beyond
    }

    /// Why there are no processes, when they could not be listed.
    pub(in crate::receivers::host_metrics) const fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}
