//! The real host.

use std::io;

use edgewatch_core::config::ConfigError;
use edgewatch_core::kernel::{Paths, Source as TextFile, decimal, lines, number, words};
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::{Changes, Finder, Process};
use edgewatch_hotspot::process::{Cpus, Facts, Reader};
use edgewatch_hotspot::source::{Missing, Source, Way};

use super::config::Config;
use super::resource::{Describer, Identity};
use super::world::{Counters, HostCpu, World};

/// The host of `Paths`.
pub(super) struct Host {
    finder: Finder,
    facts: Reader,
    describer: Describer,
    memory_scan: bool,
    load: TextFile,
    stat: TextFile,
    /// Busy and all CPU time at the last round.
    cpu_before: Option<(u64, u64)>,
}

impl Host {
    pub(super) fn new(config: &Config, paths: &Paths) -> Result<Self, ConfigError> {
        Ok(Self {
            finder: Finder::new(&paths.proc),
            facts: Reader::new(paths),
            describer: Describer::new(config, paths)?,
            memory_scan: config.memory_scan,
            load: TextFile::new(paths.proc.join("loadavg")),
            stat: TextFile::new(paths.proc.join("stat")),
            cpu_before: None,
        })
    }
}

impl World for Host {
    fn look(&mut self) -> Changes {
        self.finder.look()
    }

    fn each_jvm(&self, visit: &mut dyn FnMut(&Process)) {
        self.finder.jvms().for_each(visit);
    }

    fn open(&mut self, process: &Process) -> Result<Box<dyn Counters>, Missing> {
        Source::open(process, self.memory_scan).map(|source| Box::new(source) as _)
    }

    fn describe(&mut self, process: &Process, counters: Option<(&Layout, &[u8])>) -> Option<Identity> {
        self.describer.describe(process, counters)
    }

    fn facts(&mut self, process: &Process, cpus: Cpus) -> Option<Facts> {
        self.facts.read(process, cpus)
    }

    fn host_cpu(&mut self) -> HostCpu {
        let load_1m = self.load.read().ok().and_then(|text| decimal(words(text).next()?));
        let now = self.stat.read().ok().and_then(cpu_time);
        let before = std::mem::replace(&mut self.cpu_before, now);
        let utilization = now.zip(before).and_then(|((busy, all), (busy_before, all_before))| {
            let all = all.checked_sub(all_before).filter(|all| *all > 0)?;
            Some((busy.saturating_sub(busy_before) as f64 / all as f64).min(1.0))
        });
        HostCpu { load_1m, utilization }
    }
}

/// Busy and all CPU time of the host, from the first line of `stat`.
fn cpu_time(stat: &[u8]) -> Option<(u64, u64)> {
    let line = lines(stat).next()?.strip_prefix(b"cpu ")?;
    let mut times = [0_u64; 8];
    // Guests are part of what is before them.
    for (time, word) in times.iter_mut().zip(words(line)) {
        *time = number(word)?;
    }
    let [user, nice, system, idle, wait, irq, softirq, steal] = times;
    let busy = [user, nice, system, irq, softirq, steal].iter().sum::<u64>();
    Some((busy, busy + idle + wait))
}

impl Counters for Source {
    fn read(&mut self) -> io::Result<&[u8]> {
        Self::read(self)
    }

    fn peek(&mut self, from: usize, part: &mut [u8]) -> io::Result<()> {
        Self::peek(self, from, part)
    }

    fn way(&self) -> Way {
        Self::way(self)
    }
}
