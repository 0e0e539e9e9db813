//! What a host has to do in a minute: what its users ask of it, what it does on its own, and what goes wrong.

use std::f64::consts::TAU;
use std::ops::AddAssign;

use super::noise::{Noise, Wander};

pub(super) const DAY: u32 = 1440;
pub(super) const MB: f64 = 1e6;
pub(super) const GB: f64 = 1e9;

/// Work of a minute.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demand {
    /// Processors kept busy, and those at low priority.
    pub(super) user: f64,
    pub(super) nice: f64,
    /// Bytes a second, from and to disks.
    pub(super) read: f64,
    pub(super) write: f64,
    /// Bytes a second, over the network.
    pub(super) received: f64,
    pub(super) sent: f64,
    /// Processes started a second.
    pub(super) forks: f64,
    /// Bytes of memory.
    pub(super) memory: f64,
}

impl AddAssign for Demand {
    fn add_assign(&mut self, more: Self) {
        self.user += more.user;
        self.nice += more.nice;
        self.read += more.read;
        self.write += more.write;
        self.received += more.received;
        self.sent += more.sent;
        self.forks += more.forks;
        self.memory += more.memory;
    }
}

impl Demand {
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            user: self.user * factor,
            nice: self.nice * factor,
            read: self.read * factor,
            write: self.write * factor,
            received: self.received * factor,
            sent: self.sent * factor,
            forks: self.forks * factor,
            memory: self.memory * factor,
        }
    }
}

/// Something that a timer starts.
#[derive(Clone)]
pub(super) struct Job {
    every: u32,
    at: u32,
    /// Started so many minutes late at most, anew each time.
    delay: f64,
    /// Minutes it takes, and how much that varies (deviation of the logarithm).
    lasts: f64,
    varies: f64,
    demand: Demand,
    starts: f64,
    ends: f64,
}

impl Job {
    pub(super) fn new(every: u32, at: u32, delay: f64, (lasts, varies): (f64, f64), demand: Demand) -> Self {
        Self { every, at: at % every, delay, lasts, varies, demand, starts: -1.0, ends: -1.0 }
    }

    fn minute(&mut self, minute: u32, noise: &mut Noise) -> Demand {
        if minute % self.every == self.at {
            self.starts = f64::from(minute) + noise.between(0.0, self.delay);
            self.ends = self.starts + self.lasts * (self.varies * noise.normal()).exp();
        }
        let now = f64::from(minute);
        let share = (self.ends.min(now + 1.0) - self.starts.max(now)).clamp(0.0, 1.0);
        self.demand.times(share)
    }
}

/// How much users ask: a hill a day, less at weekends, noise on two scales of time, and bursts with heavy tails.
#[derive(Clone)]
pub(super) struct Load {
    base: f64,
    hill: f64,
    phase: f64,
    weekday: u32,
    weekend: f64,
    fast: Wander,
    slow: Wander,
    rough: f64,
    bursts: f64,
    burst: f64,
    fades: f64,
}

impl Load {
    pub(super) fn new(noise: &mut Noise) -> Self {
        Self {
            base: noise.between(0.2, 1.0),
            hill: noise.between(0.0, 1.5),
            phase: noise.between(0.0, 1.0),
            weekday: noise.between(0.0, 7.0) as u32,
            weekend: if noise.happens(0.5) { noise.between(0.6, 1.0) } else { 1.0 },
            fast: Wander::over(3.0),
            slow: Wander::over(noise.between(30.0, 120.0)),
            rough: noise.between(0.05, 0.25),
            bursts: noise.magnitude(0.002, 0.05),
            burst: 0.0,
            fades: noise.between(0.2, 0.7),
        }
    }

    /// About one at most times.
    fn minute(&mut self, minute: u32, noise: &mut Noise) -> f64 {
        let hill = (0.5 + 0.5 * (TAU * (f64::from(minute) / f64::from(DAY) + self.phase)).sin()).powf(1.5);
        let weekend = (minute / DAY + self.weekday) % 7 >= 5;
        let (fast, slow) = (self.fast.next(noise), self.slow.next(noise));
        self.burst *= self.fades;
        let size = noise.pareto(2.5);
        if noise.happens(self.bursts) {
            self.burst += 0.5 * size;
        }
        let usual = (self.base + self.hill * hill) * if weekend { self.weekend } else { 1.0 };
        usual * (self.rough * (fast + slow)).exp() + self.burst
    }
}

/// All that a host has to do.
#[derive(Clone)]
pub(super) struct Work {
    load: Load,
    request: Demand,
    jobs: Vec<Job>,
}

impl Work {
    /// `size` is about the number of processors that are busy at most times.
    pub(super) fn new(size: f64, noise: &mut Noise) -> Self {
        let request = Demand {
            user: size,
            nice: 0.0,
            read: size * noise.magnitude(0.01, 3.0) * MB,
            write: size * noise.magnitude(0.1, 5.0) * MB,
            received: size * noise.magnitude(0.02, 5.0) * MB,
            sent: size * noise.magnitude(0.02, 10.0) * MB,
            forks: noise.magnitude(0.2, 5.0),
            memory: 0.0,
        };
        Self { load: Load::new(noise), request, jobs: jobs(noise) }
    }

    /// How busy users keep the host, and all that there is to do.
    pub(super) fn minute(&mut self, minute: u32, noise: &mut Noise) -> (f64, Demand) {
        let load = self.load.minute(minute, noise);
        let mut demand = self.request.times(load);
        for job in &mut self.jobs {
            demand += job.minute(minute, noise);
        }
        (load, demand)
    }
}

/// What a server does by the clock: monitoring, hourly scripts, rotation of logs, a backup, and updates at any time.
fn jobs(noise: &mut Noise) -> Vec<Job> {
    let mut at = |every: u32| noise.between(0.0, f64::from(every)) as u32;
    let (five, hour, night, backup) = (at(5), at(60), at(60), at(DAY));
    let small = Demand { user: 0.05, forks: 0.3, read: 0.05 * MB, ..Demand::default() };
    let hourly = Demand { user: 0.2, forks: 1.0, read: 2.0 * MB, write: MB, ..Demand::default() };
    let rotation = Demand { user: 0.6, read: 20.0 * MB, write: 10.0 * MB, forks: 1.0, ..Demand::default() };
    let copy = Demand {
        nice: 0.7,
        read: 30.0 * MB,
        sent: noise.magnitude(1.0, 20.0) * MB,
        memory: 0.2 * GB,
        ..Demand::default()
    };
    let update = Demand {
        user: 0.5,
        forks: 2.0,
        read: 5.0 * MB,
        write: 8.0 * MB,
        received: 2.0 * MB,
        memory: 0.15 * GB,
        ..Demand::default()
    };
    vec![
        Job::new(5, five, 0.2, (0.1, 0.2), small),
        Job::new(60, hour, 0.3, (1.0, 0.4), hourly),
        Job::new(DAY, night, 1.0, (4.0, 0.3), rotation),
        Job::new(DAY, backup, 2.0, (noise.between(10.0, 40.0), 0.2), copy),
        // As the timers of common distributions do: twice a day, up to twelve hours late.
        Job::new(DAY / 2, 360, 720.0, (2.0, 0.5), update),
    ]
}
