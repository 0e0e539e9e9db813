//! What goes wrong with a host.

use super::host::{Effects, Host};

/// A kind of fault with a size.
pub(super) struct Fault {
    pub(super) name: &'static str,
    /// Minutes it lasts.
    pub(super) lasts: u32,
    /// What it does to a host so many minutes (and parts of one) after it began.
    pub(super) effects: fn(&Host, f64) -> Effects,
    /// Least share that must be found within two steps of being visible, over all hosts.
    pub(super) minimum: f64,
}

/// From so slow that only a day shows it to so fast that a minute does.
pub(super) const FAULTS: [Fault; 14] = [
    Fault { name: "CPU hog, one processor", lasts: 30, effects: |_, into| hog(1.0, into), minimum: 0.6 },
    Fault {
        name: "CPU hog, half of them",
        lasts: 30,
        effects: |host, into| hog(0.5 * host.size().0, into),
        minimum: 0.65,
    },
    Fault {
        name: "CPU hog, all of them",
        lasts: 30,
        effects: |host, into| hog(host.size().0, into),
        minimum: 0.6,
    },
    Fault {
        name: "memory leak, 0.1 % a minute",
        lasts: 240,
        effects: |host, into| leak(host, 0.001 * into),
        minimum: 0.08,
    },
    Fault {
        name: "memory leak, 1 % a minute",
        lasts: 60,
        effects: |host, into| leak(host, 0.01 * into),
        minimum: 0.75,
    },
    Fault {
        name: "memory leak, 5 % a minute",
        lasts: 20,
        effects: |host, into| leak(host, 0.05 * into),
        minimum: 0.93,
    },
    Fault {
        name: "disk fills, 0.1 % a minute",
        lasts: 240,
        effects: |host, into| fill(host, 0.001, into),
        minimum: 0.02,
    },
    Fault {
        name: "disk fills, 1 % a minute",
        lasts: 30,
        effects: |host, into| fill(host, 0.01, into),
        minimum: 0.65,
    },
    Fault {
        name: "disk fills, 5 % a minute",
        lasts: 8,
        effects: |host, into| fill(host, 0.05, into),
        minimum: 0.95,
    },
    Fault { name: "network loses 30 %", lasts: 20, effects: |_, into| lose(0.3, into), minimum: 0.95 },
    Fault { name: "network is gone", lasts: 20, effects: |_, into| lose(1.0, into), minimum: 0.93 },
    Fault {
        name: "restart loop, every minute",
        lasts: 60,
        effects: |_, into| restart(60.0, into),
        minimum: 0.0,
    },
    Fault {
        name: "restart loop, every 10 s",
        lasts: 30,
        effects: |_, into| restart(10.0, into),
        minimum: 0.0,
    },
    Fault {
        name: "restart loop, every second",
        lasts: 30,
        effects: |_, into| restart(1.0, into),
        minimum: 0.1,
    },
];

/// The part of the last minute in which the fault was on.
fn share(into: f64) -> f64 {
    into.clamp(0.0, 1.0)
}

fn hog(processors: f64, into: f64) -> Effects {
    Effects { hog: processors * share(into), ..Effects::NONE }
}

fn leak(host: &Host, part: f64) -> Effects {
    Effects { leaked: part * host.size().1, ..Effects::NONE }
}

fn fill(host: &Host, rate: f64, into: f64) -> Effects {
    let size = host.disk();
    Effects { filled: rate * into * size, filling: rate * size / 60.0 * share(into), ..Effects::NONE }
}

fn lose(part: f64, into: f64) -> Effects {
    // Senders slow down by more than what is lost.
    let slowed = if part < 1.0 { (1.0 - part).powi(2) } else { 0.0 };
    Effects { passing: 1.0 - share(into) * (1.0 - slowed), ..Effects::NONE }
}

fn restart(seconds: f64, into: f64) -> Effects {
    Effects { restarts: share(into) / seconds, ..Effects::NONE }
}
