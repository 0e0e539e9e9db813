//! What a running process costs, and signals to it.

use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

/// Asks a process to end, as service managers do.
pub const TERM: Signal = Signal::TERM;

/// Asks a process to end, as Ctrl-C does.
pub const INT: Signal = Signal::INT;

/// Asks an agent to read its configuration again.
pub const HUP: Signal = Signal::HUP;

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// User and system time of all its threads, ended ones included.
    pub cpu: Duration,
    /// Resident bytes now.
    pub resident: u64,
    /// Those of them that are no file's: what the process itself has made.
    pub anonymous: u64,
    /// Resident bytes at the peak.
    pub peak_resident: u64,
}

/// Reads what process `pid` has used so far.
///
/// # Errors
/// When there is no such process.
pub fn usage(pid: u32) -> anyhow::Result<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kibibytes = |key: &str| -> anyhow::Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let value = line.and_then(|rest| rest.split_whitespace().next());
        Ok(value.with_context(|| format!("process {pid} has no {key}"))?.parse()?)
    };
    Ok(Usage {
        cpu: cpu_time(pid)?,
        resident: kibibytes("VmRSS:")? * 1024,
        anonymous: kibibytes("RssAnon:")? * 1024,
        peak_resident: kibibytes("VmHWM:")? * 1024,
    })
}

/// The CPU clock of process `pid`: exact, where /proc/PID/stat counts in hundredths of a second.
///
/// # Errors
/// When there is no such process.
#[expect(unsafe_code, reason = "no safe wrapper reads the CPU clock of another process")]
pub fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let mut clock = 0;
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: both calls only write to the pointers given, which outlive them.
    let time = unsafe {
        let error = libc::clock_getcpuclockid(i32::try_from(pid)?, &raw mut clock);
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error).into());
        }
        if libc::clock_gettime(clock, time.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error().into());
        }
        time.assume_init()
    };
    Ok(Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?))
}

/// Asks process `pid` to end.
///
/// # Errors
/// When there is no such process.
pub fn terminate(pid: u32) -> anyhow::Result<()> {
    signal(pid, Signal::TERM)
}

/// Sends `signal` to process `pid`.
///
/// # Errors
/// When there is no such process.
pub fn signal(pid: u32, signal: Signal) -> anyhow::Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("0 is no process")?;
    Ok(kill_process(pid, signal)?)
}

/// Lets this process open as many connections as the system allows.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Without it the story that needs them says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
