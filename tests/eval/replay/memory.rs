//! Memory of the host and of its services.

use super::host::Minute;
use super::noise::{Noise, Wander};
use super::sheet::Sheet;
use super::work::{DAY, GB, MB};

const PAGE: f64 = 4096.0;

/// A service: memory that wanders with its load, or that is collected when it has grown.
#[derive(Clone)]
struct Service {
    name: String,
    base: f64,
    /// Bytes that a unit of load takes.
    loaded: f64,
    wander: Wander,
    wanders: f64,
    /// Bytes of garbage that a unit of load makes in a minute, and how much of it is let grow.
    garbage: f64,
    heap: f64,
    grown: f64,
    cpu: f64,
    writes: f64,
    /// How much of the host's load comes to this service, and work of its own.
    share: Wander,
    own: f64,
    fades: f64,
    average: f64,
    /// Address space: grows by arenas of what is held, and by a stack for a thread now and then.
    mapped: f64,
    arena: f64,
}

#[derive(Clone)]
pub(super) struct Memory {
    total: f64,
    services: Vec<Service>,
    cached: f64,
    buffered: f64,
    slab: f64,
    slabs: Wander,
    swapped: f64,
}

impl Memory {
    pub(super) fn new(noise: &mut Noise) -> Self {
        let total = f64::from(4 << noise.between(0.0, 5.0) as u32) * GB;
        let count = noise.between(5.0, 12.0) as u32;
        let services = (0..count).map(|n| service(n, total / f64::from(count), noise)).collect();
        let swapped = if noise.happens(0.4) { noise.magnitude(10.0 * MB, GB) } else { 0.0 };
        Self {
            total,
            services,
            cached: 0.2 * total,
            buffered: noise.magnitude(20.0 * MB, 400.0 * MB),
            slab: total * noise.between(0.01, 0.04),
            slabs: Wander::over(300.0),
            swapped,
        }
    }

    pub(super) const fn total(&self) -> f64 {
        self.total
    }

    pub(super) fn minute(&mut self, now: &Minute, noise: &mut Noise, sheet: &mut Sheet) {
        let mut used = 0.05 * self.total + now.demand.memory;
        for (index, service) in self.services.iter_mut().enumerate() {
            let leaked = if index == 0 { now.effects.leaked } else { 0.0 };
            used += service.minute(now, leaked, noise, sheet);
        }
        used = used.min(0.97 * self.total);
        // Rotation of logs and updates make the cache anew; whatever is read fills it until memory is short.
        self.slab *= 1.0 + 2e-4 * self.slabs.next(noise) * 0.1;
        let room = (self.total - used - self.slab - self.buffered).max(0.0);
        self.cached += 60.0 * 0.3 * (now.demand.read + now.demand.write);
        if now.minute % DAY == 360 {
            self.cached *= 0.8;
        }
        self.cached = self.cached.min(0.93 * room).max(0.3 * room.min(0.1 * self.total));
        self.buffered *= 1.0 + 0.0005 * noise.normal();
        let free = (room - self.cached).max(0.005 * self.total);
        for (state, bytes) in [
            ("used", used),
            ("free", free),
            ("buffered", self.buffered),
            ("cached", self.cached),
            ("slab_reclaimable", 0.7 * self.slab),
            ("slab_unreclaimable", 0.3 * self.slab),
        ] {
            sheet.gauge("system.memory.usage", [state, ""], (bytes / PAGE).round() * PAGE);
        }
        let short = used > 0.9 * self.total;
        let burst = noise.pareto(1.2).min(1000.0);
        let major = if noise.happens(0.02) { 0.05 * burst } else { 0.0 };
        sheet.counter("system.paging.faults", ["major", ""], if short { major + 50.0 } else { major });
        if noise.happens(0.001) && self.swapped > 0.0 {
            self.swapped += MB * burst.min(20.0);
        }
        sheet.gauge("system.paging.usage", ["used", ""], self.swapped);
        sheet.gauge("system.paging.usage", ["free", ""], 2.0 * GB - self.swapped);
        for direction in ["page_in", "page_out"] {
            sheet.counter("system.paging.operations", [direction, "major"], 0.0);
        }
    }
}

fn service(n: u32, share: f64, noise: &mut Noise) -> Service {
    let collected = noise.happens(0.4);
    let base = share * noise.between(0.05, 0.4);
    Service {
        name: format!("service{n}"),
        base,
        loaded: base * noise.between(0.0, 0.1),
        wander: Wander::over(noise.magnitude(30.0, 1000.0)),
        wanders: base * noise.magnitude(0.001, 0.02),
        garbage: if collected { base * noise.magnitude(0.003, 0.1) } else { 0.0 },
        heap: base * noise.between(0.2, 0.6),
        grown: 0.0,
        cpu: noise.magnitude(0.001, 0.1),
        writes: noise.magnitude(1e3, 1e6),
        share: Wander::over(noise.magnitude(2.0, 60.0)),
        own: 0.0,
        fades: noise.between(0.2, 0.8),
        average: 1.0,
        mapped: 3.0 * base,
        arena: if noise.happens(0.5) { 64.0 * MB } else { f64::INFINITY },
    }
}

impl Service {
    fn minute(&mut self, now: &Minute, leaked: f64, noise: &mut Noise, sheet: &mut Sheet) -> f64 {
        // A burst comes to one service more than to another; some work it has for itself.
        let busy = noise.pareto(2.5);
        self.own = self.fades * self.own + if noise.happens(0.005) { 0.5 * busy } else { 0.0 };
        let load = now.load * (0.2 * self.share.next(noise)).exp() + self.own;
        self.average += 0.1 * (load - self.average);
        self.grown += self.garbage * load * (1.0 + 0.2 * noise.normal());
        let left = noise.between(0.0, 0.15);
        if self.grown > self.heap {
            self.grown = self.heap * left;
        }
        let wander = self.wanders * self.wander.next(noise);
        let held = self.base + self.loaded * self.average + self.grown.max(0.0) + wander + leaked;
        let held = (held.max(PAGE) / PAGE).round() * PAGE;
        let name = self.name.as_str();
        sheet.gauge("process.memory.usage", [name, ""], held);
        let threads = noise.between(-3.0, 4.0).trunc();
        if noise.happens(0.01) {
            self.mapped = (self.mapped + 8.0 * MB * threads).max(2.0 * self.base);
        }
        let arenas = (leaked / self.arena).floor() * if self.arena.is_finite() { self.arena } else { 0.0 };
        sheet.gauge("process.memory.virtual", [name, ""], self.mapped + arenas);
        let cpu = self.cpu * load * (1.0 + 0.1 * noise.normal()).max(0.0);
        sheet.counter("process.cpu.time", [name, "user"], (cpu * 6000.0).round() / 6000.0);
        sheet.counter("process.cpu.time", [name, "system"], (0.3 * cpu * 6000.0).round() / 6000.0);
        sheet.counter("process.cpu.time", [name, "wait"], 0.0);
        let burst = noise.pareto(2.2);
        sheet.counter("process.disk.io", [name, "read"], if burst > 8.0 { 1e4 * burst } else { 0.0 });
        // Logs, and a checkpoint now and then.
        let checkpoint = if noise.happens(0.05) { 20.0 } else { 1.0 };
        let written = self.writes * load * checkpoint * (0.4 * noise.normal()).exp();
        sheet.counter("process.disk.io", [name, "write"], (written * 60.0 / PAGE).round() * PAGE / 60.0);
        held
    }
}
