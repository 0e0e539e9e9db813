//! The numbers that the receiver reports about itself, and what it tells once.

use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};
use edgewatch_hotspot::find::Process;
use edgewatch_hotspot::source::{Missing, Way};

use crate::measuring::telemetry::Scraped;

/// Counts what the helper thread does.
pub(super) struct Measured {
    pub(super) points: Scraped,
    /// JVMs by how they are read, in the order of [`WAYS`].
    ways: [Gauge; WAYS.len()],
    /// JVMs that cannot be read by reason, in the order of [`REASONS`].
    unread: [Gauge; REASONS.len()],
    pub(super) passed_over: Gauge,
    pub(super) hidden: Gauge,
    pub(super) exact: Counter,
    pub(super) averaged: Counter,
    pub(super) lost: Counter,
}

const WAYS: [&str; 3] = ["file", "mapping", "memory"];
const REASONS: [&str; 6] = ["not_shared", "none", "denied", "foreign", "unknown_format", "failed"];

/// How many JVMs are read how, or not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Census {
    ways: [u64; WAYS.len()],
    unread: [u64; REASONS.len()],
}

impl Census {
    pub(super) fn add(&mut self, counters: Result<Way, &Missing>) {
        let count = match counters {
            Ok(way) => self.ways.get_mut(match way {
                Way::File => 0,
                Way::Mapping => 1,
                Way::Memory => 2,
            }),
            Err(missing) => self.unread.get_mut(reason(missing)),
        };
        if let Some(count) = count {
            *count += 1;
        }
    }
}

/// The place of a reason in [`REASONS`].
const fn reason(missing: &Missing) -> usize {
    match missing {
        Missing::NotShared => 0,
        Missing::None => 1,
        Missing::Denied { .. } => 2,
        Missing::Foreign(_) => 3,
        Missing::Layout(_) => 4,
        Missing::Io { .. } => 5,
    }
}

impl Measured {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let of =
            |key, value: &'static str, name, help| telemetry.with(key, value).gauge(name, "{jvms}", help);
        let pauses = |how: &'static str| {
            telemetry.with("duration", how).counter(
                "edgewatch_jvm_pauses",
                "{pauses}",
                "Garbage collection pauses seen in counters, by whether the duration of each is known or only that of several together.",
            )
        };
        Self {
            points: Scraped::new(telemetry, "jvm"),
            ways: WAYS.map(|way| {
                of("way", way, "edgewatch_jvm_read", "JVMs whose counters are read, by how they are reached.")
            }),
            unread: REASONS.map(|reason| {
                of("reason", reason, "edgewatch_jvm_unread", "JVMs whose counters cannot be read, by reason.")
            }),
            passed_over: telemetry.gauge(
                "edgewatch_jvm_passed_over",
                "{jvms}",
                "JVMs that are not measured because there are more than max_jvms.",
            ),
            hidden: telemetry.gauge(
                "edgewatch_jvm_hidden",
                "{processes}",
                "Processes that are probably JVMs, and may not be looked at.",
            ),
            exact: pauses("exact"),
            averaged: pauses("averaged"),
            lost: telemetry.counter(
                "edgewatch_jvm_lost_pauses",
                "{pauses}",
                "Pauses in logs that are in no histogram, because the log names too many kinds of them.",
            ),
        }
    }

    pub(super) fn show(&self, census: &Census) {
        for (gauge, count) in self.ways.iter().zip(census.ways).chain(self.unread.iter().zip(census.unread)) {
            gauge.set(count);
        }
    }
}

/// What has been told, once for each reason.
#[derive(Debug)]
pub(super) struct Told {
    receiver: String,
    reasons: [bool; REASONS.len()],
    hidden: bool,
    passed_over: bool,
    others: bool,
}

impl Told {
    pub(super) fn new(receiver: &str) -> Self {
        Self {
            receiver: receiver.to_owned(),
            reasons: [false; REASONS.len()],
            hidden: false,
            passed_over: false,
            others: false,
        }
    }

    /// The counters of `process` cannot be read.
    pub(super) fn missing(&mut self, process: &Process, missing: &Missing) {
        if !self.reasons.get_mut(reason(missing)).is_some_and(first) {
            return;
        }
        let way_out = match missing {
            Missing::NotShared => {
                "memory_scan: true searches its memory for them; or remove -XX:+PerfDisableSharedMem, or give its user a passwd entry"
            }
            Missing::None => "remove -XX:-UsePerfData",
            Missing::Denied { .. } => "give the agent these capabilities, see the README of the receiver",
            Missing::Foreign(_) => {
                "give each container a /tmp of its own; memory_scan: true reads them without the file"
            }
            Missing::Layout(_) => "only HotSpot JVMs from version 8 on are known",
            Missing::Io { .. } => "it is tried again",
        };
        let (receiver, pid, reason) = (&self.receiver, process.id.pid, missing.to_string());
        tracing::warn!(
            receiver,
            pid,
            reason,
            way_out,
            "counters of a JVM cannot be read, only what the kernel knows is measured; told once per reason, counted in edgewatch_jvm_unread",
        );
    }

    /// Processes that are probably JVMs may not be looked at.
    pub(super) fn hidden(&mut self, pid: u32) {
        if first(&mut self.hidden) {
            let receiver = &self.receiver;
            tracing::warn!(
                receiver,
                pid,
                "a process named java may not be looked at, left out; give the agent CAP_SYS_PTRACE; told once, counted in edgewatch_jvm_hidden",
            );
        }
    }

    /// There are more JVMs than may be measured.
    pub(super) fn passed_over(&mut self, count: usize, limit: usize) {
        if first(&mut self.passed_over) {
            let receiver = &self.receiver;
            tracing::warn!(
                receiver,
                count,
                limit,
                "more JVMs than max_jvms, left out; raise it or exclude some; told once, counted in edgewatch_jvm_passed_over",
            );
        }
    }

    /// Something else stands between the agent and JVMs.
    pub(super) fn obstacle(&mut self, what: &dyn std::fmt::Debug) {
        if first(&mut self.others) {
            let receiver = &self.receiver;
            tracing::warn!(receiver, ?what, "not all processes can be looked at; told once");
        }
    }
}

/// Whether this is the first time.
fn first(told: &mut bool) -> bool {
    !std::mem::replace(told, true)
}
