//! What the receiver asks of the host. Behind a trait, so that tests tell of JVMs that are recorded.

use std::io;

use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::{Changes, Process};
use edgewatch_hotspot::process::{Cpus, Facts};
use edgewatch_hotspot::source::{Missing, Way};

use super::resource::Identity;

/// The host, as far as JVMs are concerned. All calls block.
pub(super) trait World: Send {
    /// Looks for JVMs.
    fn look(&mut self) -> Changes;

    /// Shows every JVM that is there, also those that came long ago.
    fn each_jvm(&self, visit: &mut dyn FnMut(&Process));

    /// Opens the counters of a JVM.
    fn open(&mut self, process: &Process) -> Result<Box<dyn Counters>, Missing>;

    /// Who a JVM is, `None` when it is not of interest to the user. `counters` are there when they can be read.
    fn describe(&mut self, process: &Process, counters: Option<(&Layout, &[u8])>) -> Option<Identity>;

    /// What is true of the process of a JVM now; `None` when it has ended.
    fn facts(&mut self, process: &Process, cpus: Cpus) -> Option<Facts>;

    /// Load of the host as a whole.
    fn host_cpu(&mut self) -> HostCpu;
}

/// The counters of one JVM.
pub(super) trait Counters: Send {
    /// The block as it is now.
    fn read(&mut self) -> io::Result<&[u8]>;

    /// Reads the bytes that begin at `from`, as many as `part` has room for.
    fn peek(&mut self, from: usize, part: &mut [u8]) -> io::Result<()>;

    /// How it is reached.
    fn way(&self) -> Way;
}

/// Load of the host as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct HostCpu {
    /// Average over a minute.
    pub(super) load_1m: Option<f64>,
    /// Used since it was last asked for, 0 to 1.
    pub(super) utilization: Option<f64>,
}
