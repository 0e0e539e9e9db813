//! A host: what it does in a minute, as `host_metrics` would tell it with default settings and the `process` scraper.

use super::cpu::Cpu;
use super::disk::Disks;
use super::memory::Memory;
use super::network::Network;
use super::noise::Noise;
use super::sheet::Sheet;
use super::work::{Demand, Work};

/// What a fault does to a host in a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Effects {
    /// Processors taken by a process that spins.
    pub(super) hog: f64,
    /// Bytes of memory not given back so far.
    pub(super) leaked: f64,
    /// Bytes written to the data disk so far, and in this second.
    pub(super) filled: f64,
    pub(super) filling: f64,
    /// The share of traffic that the network lets through.
    pub(super) passing: f64,
    /// Times a second that a service starts and dies.
    pub(super) restarts: f64,
}

impl Effects {
    pub(super) const NONE: Self =
        Self { hog: 0.0, leaked: 0.0, filled: 0.0, filling: 0.0, passing: 1.0, restarts: 0.0 };
}

/// What a minute amounts to, before it is told apart by device.
#[derive(Clone, Copy)]
pub(super) struct Minute {
    pub(super) minute: u32,
    /// How much users ask for: about one at most times.
    pub(super) load: f64,
    pub(super) demand: Demand,
    pub(super) effects: Effects,
}

/// The state of a host.
#[derive(Clone)]
pub(super) struct Host {
    noise: Noise,
    work: Work,
    cpu: Cpu,
    memory: Memory,
    disks: Disks,
    network: Network,
    booted: f64,
}

impl Host {
    pub(super) fn new(seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let processors = 2 << noise.between(0.0, 3.0) as u32;
        let busy = f64::from(processors) * noise.magnitude(0.01, 0.35);
        Self {
            work: Work::new(busy, &mut noise),
            cpu: Cpu::new(processors, &mut noise),
            memory: Memory::new(&mut noise),
            disks: Disks::new(&mut noise),
            network: Network::new(&mut noise),
            booted: noise.magnitude(1e4, 1e7),
            noise,
        }
    }

    /// Goes through a minute and writes down what a scrape says at its end.
    pub(super) fn minute(&mut self, minute: u32, effects: Effects, sheet: &mut Sheet) {
        sheet.clear();
        let noise = &mut self.noise;
        let (load, mut demand) = self.work.minute(minute, noise);
        // A service that starts reads its program, links it, and dies.
        demand.user += effects.restarts * 0.8;
        demand.forks += effects.restarts * 4.0;
        demand.read += effects.restarts * 2e5;
        demand.write += effects.restarts * 1e4 + effects.filling;
        demand.user += effects.filling / 1e9;
        // Who hears nothing has less to do.
        let idle = if effects.passing < 0.5 { 0.3 } else { 1.0 };
        demand.user *= idle;
        demand.received *= effects.passing;
        demand.sent *= effects.passing;
        let now = Minute { minute, load: load * idle, demand, effects };
        let waiting = self.disks.minute(&now, noise, sheet);
        self.cpu.minute(&now, waiting, noise, sheet);
        self.memory.minute(&now, noise, sheet);
        self.network.minute(&now, noise, sheet);
        sheet.gauge("system.uptime", ["", ""], self.booted + 60.0 * f64::from(minute));
    }

    /// Processors and bytes of memory.
    pub(super) fn size(&self) -> (f64, f64) {
        (self.cpu.count(), self.memory.total())
    }

    /// Bytes of the disk that a fault fills.
    pub(super) fn disk(&self) -> f64 {
        self.disks.data()
    }
}
