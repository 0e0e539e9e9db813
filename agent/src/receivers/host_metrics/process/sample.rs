//! What is read of each process in each round.

use std::io;

use super::config::{Config, Wanted};
use super::details::is_gone;
use super::directory::Directory;
use super::table::Row;
use crate::measuring::report::Report;
use edgewatch_core::kernel::{hexadecimal, lines, pairs};

/// Room for `/proc/<pid>/status` and `io`.
const LONGEST_FILE: usize = 8 << 10;

/// What `/proc/<pid>/io` says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Io {
    pub(super) read_bytes: u64,
    pub(super) write_bytes: u64,
    pub(super) reads: u64,
    pub(super) writes: u64,
}

/// Reads `io`.
pub(super) fn parse_io(file: &[u8]) -> Io {
    let mut io = Io::default();
    for (key, value) in pairs(file) {
        match key {
            b"read_bytes" => io.read_bytes = value,
            b"write_bytes" => io.write_bytes = value,
            b"syscr" => io.reads = value,
            b"syscw" => io.writes = value,
            _ => {}
        }
    }
    io
}

/// What is needed of `/proc/<pid>/status`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Status {
    pub(super) voluntary: u64,
    pub(super) involuntary: u64,
    pub(super) signals: u64,
}

/// Reads `status`.
pub(super) fn parse_status(file: &[u8]) -> Status {
    let mut status = Status::default();
    for (key, value) in pairs(file) {
        match key {
            b"voluntary_ctxt_switches" => status.voluntary = value,
            b"nonvoluntary_ctxt_switches" => status.involuntary = value,
            _ => {}
        }
    }
    // Sets of signals, one bit each: pending for the thread and for the process as a whole.
    let mask = |name: &[u8]| {
        lines(file)
            .find_map(|line| line.strip_prefix(name))
            .and_then(|mask| hexadecimal(mask.trim_ascii()))
            .unwrap_or(0)
    };
    status.signals = u64::from((mask(b"SigPnd:") | mask(b"ShdPnd:")).count_ones());
    status
}

/// What was read of one process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    pub(super) io: Option<Io>,
    pub(super) status: Option<Status>,
    pub(super) open_files: Option<u64>,
    /// Shares of the host's CPU time: user, system, waiting.
    pub(super) utilization: Option<[f64; 3]>,
    /// In seconds.
    pub(super) uptime: f64,
}

/// Reads samples.
pub(super) struct Sampler {
    pub(super) config: Config,
    pub(super) wanted: Wanted,
    buffer: Vec<u8>,
}

impl Sampler {
    pub(super) fn new(config: Config) -> Self {
        Self { wanted: config.metrics.wanted(), buffer: vec![0; LONGEST_FILE], config }
    }

    /// Counts what could not be read of a process, unless it ended or that is not to be told.
    fn failed(&self, muted: bool, metrics: usize, what: &str, error: io::Error, report: &mut Report) {
        if !muted && !self.config.mute_process_all_errors && !is_gone(&error) {
            report.failed(metrics, what, error);
        }
    }

    pub(super) fn sample(&mut self, directory: &mut Directory, row: &Row, report: &mut Report) -> Sample {
        let mut sample = Sample::default();
        let mut buffer = std::mem::take(&mut self.buffer);
        if self.wanted.of_io() > 0 {
            match directory.read(row.pid, "io", &mut buffer) {
                Ok(file) => sample.io = Some(parse_io(file)),
                Err(error) => {
                    let (muted, lost) = (self.config.mute_process_io_error, self.wanted.of_io());
                    self.failed(muted, lost, "/proc/<pid>/io", error, report);
                }
            }
        }
        if self.wanted.of_status() > 0 {
            match directory.read(row.pid, "status", &mut buffer) {
                Ok(file) => sample.status = Some(parse_status(file)),
                Err(error) => {
                    self.failed(false, self.wanted.of_status(), "/proc/<pid>/status", error, report);
                }
            }
        }
        if self.wanted.open_file_descriptors.is_some() {
            match directory.open_files(row.pid) {
                Ok(count) => sample.open_files = Some(count),
                Err(error) => self.failed(false, 1, "/proc/<pid>/fd", error, report),
            }
        }
        self.buffer = buffer;
        sample
    }
}
