//! Processors, load averages and processes.

use super::host::Minute;
use super::noise::{Noise, Wander};
use super::sheet::Sheet;

/// A tick of the kernel's clock in a minute: times are told in ticks.
const TICK: f64 = 0.01 / 60.0;

#[derive(Clone)]
pub(super) struct Cpu {
    names: Vec<String>,
    /// How work is shared among processors.
    shares: Vec<Wander>,
    uneven: f64,
    kernel: f64,
    packets: f64,
    stolen: f64,
    averages: [f64; 3],
    sleeping: f64,
    sleepers: Wander,
}

impl Cpu {
    pub(super) fn new(count: u32, noise: &mut Noise) -> Self {
        Self {
            names: (0..count).map(|n| format!("cpu{n}")).collect(),
            shares: (0..count).map(|_| Wander::over(2.0)).collect(),
            uneven: noise.between(0.05, 0.4),
            kernel: noise.between(0.15, 0.5),
            packets: noise.magnitude(1e-9, 1e-8),
            stolen: if noise.happens(0.3) { 0.002 } else { 0.0 },
            averages: [0.1; 3],
            sleeping: noise.between(80.0, 400.0).round(),
            sleepers: Wander::over(200.0),
        }
    }

    pub(super) fn count(&self) -> f64 {
        self.names.len() as f64
    }

    pub(super) fn minute(&mut self, now: &Minute, waiting: f64, noise: &mut Noise, sheet: &mut Sheet) {
        let count = self.count();
        let (demand, effects) = (now.demand, now.effects);
        let weights: Vec<f64> =
            self.shares.iter_mut().map(|share| (self.uneven * share.next(noise)).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let traffic = (demand.received + demand.sent) * self.packets;
        let mut busy = 0.0;
        for (index, (name, weight)) in self.names.iter().zip(&weights).enumerate() {
            let share = weight / sum;
            let jitter = 1.0 + 0.03 * noise.normal();
            // A process that spins stays where it is.
            let hog = (effects.hog - index as f64).clamp(0.0, 1.0);
            let wanted = demand.user * share * jitter;
            let user = wanted + hog * (1.0 - 0.3 * wanted.min(1.0));
            let system =
                (self.kernel * wanted + 0.004 * demand.forks * share) * (1.0 + 0.05 * noise.normal());
            let softirq = traffic * share * (1.0 + 0.1 * noise.normal());
            let spare = noise.pareto(1.8);
            let steal = if noise.happens(0.2) { self.stolen * spare.min(50.0) } else { 0.0 };
            let nice = demand.nice * share;
            let wait = waiting * share * (1.0 + 0.2 * noise.normal());
            let mut left = 1.0;
            let mut take = |part: f64| {
                let taken = part.clamp(0.0, left);
                left -= taken;
                taken
            };
            let (steal, softirq, system) = (take(steal), take(softirq), take(system));
            let (user, nice, wait) = (take(user), take(nice), take(wait));
            busy += user + nice + system + softirq;
            for (state, part) in [
                ("user", user),
                ("nice", nice),
                ("system", system),
                ("idle", left),
                ("wait", wait),
                ("interrupt", 0.0),
                ("softirq", softirq),
                ("steal", steal),
            ] {
                let ticks = part / TICK;
                let whole = ticks.floor() + f64::from(u8::from(noise.happens(ticks.fract())));
                sheet.counter("system.cpu.time", [name, state], whole * TICK);
            }
        }
        let queue = (demand.user + effects.hog - count).max(0.0);
        self.processes(now, busy + queue, waiting, noise, sheet);
    }

    fn processes(&mut self, now: &Minute, busy: f64, waiting: f64, noise: &mut Noise, sheet: &mut Sheet) {
        let sampled = noise.poisson(busy + waiting);
        for ((average, minutes), name) in self.averages.iter_mut().zip([1.0, 5.0, 15.0]).zip([
            "system.cpu.load_average.1m",
            "system.cpu.load_average.5m",
            "system.cpu.load_average.15m",
        ]) {
            let kept = (-1.0_f64 / minutes).exp();
            // Samples of every five seconds.
            let spread = (busy / 12.0).sqrt() * noise.normal();
            *average = (kept * *average + (1.0 - kept) * (busy + waiting + spread)).max(0.0);
            sheet.gauge(name, ["", ""], (*average * 100.0).round() / 100.0);
        }
        let wander = self.sleepers.next(noise);
        let sleeping = self.sleeping * (1.0 + 0.02 * wander + 0.02 * now.load) + now.demand.nice;
        let zombies = if noise.happens(0.01) { 1.0 } else { 0.0 };
        for (state, count) in [
            ("running", 1.0 + sampled),
            ("sleeping", sleeping.round()),
            ("blocked", noise.poisson(waiting)),
            ("zombies", zombies),
            ("idle", 90.0),
        ] {
            sheet.gauge("system.processes.count", [state, ""], count);
        }
        let created = noise.poisson(60.0 * now.demand.forks) / 60.0;
        sheet.counter("system.processes.created", ["", ""], created);
        let faults = (created * 900.0 + 300.0 * now.load) * (1.0 + 0.1 * noise.normal()).max(0.1);
        sheet.counter("system.paging.faults", ["minor", ""], faults);
    }
}
