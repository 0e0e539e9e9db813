//! The scraper `processes`: how many processes there are, by state, and how many there ever were.

use edgewatch_proto::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scraping::{Round, Scraper};
use crate::measuring::metric::{enabled, metrics, write_host};
use crate::measuring::report::Report;
use edgewatch_core::kernel::pairs;

metrics! {
    /// Metrics of the scraper `processes`.
    Metrics {
        count: "system.processes.count", "{processes}", UpDownCounter, On,
            "Total number of processes in each state.";
        created: "system.processes.created", "{processes}", Counter, On,
            "Total number of created processes.";
    }
}

/// Settings of the scraper `processes`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Which metrics are collected.
    pub(super) metrics: Metrics,
}

impl Config {
    /// Whether the table of processes is needed.
    pub(super) fn needs_table(&self) -> bool {
        self.metrics.count().is_some()
    }
}

/// Counts what the table of processes and `stat` hold.
pub(super) struct Processes {
    metrics: Metrics,
}

impl Processes {
    pub(super) fn new(config: Config) -> Self {
        Self { metrics: config.metrics }
    }
}

/// What `stat` says about processes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) created: Option<u64>,
    pub(super) running: Option<u64>,
    pub(super) blocked: Option<u64>,
}

/// Reads `stat`.
pub(super) fn parse(stat: &[u8]) -> Totals {
    let mut totals = Totals::default();
    for (key, value) in pairs(stat) {
        match key {
            b"processes" => totals.created = Some(value),
            b"procs_running" => totals.running = Some(value),
            b"procs_blocked" => totals.blocked = Some(value),
            _ => {}
        }
    }
    totals
}

/// Processes by state. Those that a Linux host always may have are told even when there are none.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct States {
    pub(super) blocked: u64,
    pub(super) idle: u64,
    pub(super) paging: u64,
    pub(super) running: u64,
    pub(super) sleeping: u64,
    pub(super) stopped: u64,
    pub(super) zombies: u64,
    pub(super) unknown: u64,
}

impl States {
    /// Counts the letters that `/proc/<pid>/stat` uses.
    pub(super) fn count(letters: impl Iterator<Item = u8>) -> Self {
        let mut states = Self::default();
        for letter in letters {
            let state = match letter {
                b'D' => &mut states.blocked,
                b'I' => &mut states.idle,
                b'W' => &mut states.paging,
                b'R' => &mut states.running,
                b'S' => &mut states.sleeping,
                b'T' | b't' => &mut states.stopped,
                b'Z' => &mut states.zombies,
                _ => &mut states.unknown,
            };
            *state += 1;
        }
        states
    }

    fn values(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let always = [
            ("blocked", self.blocked),
            ("idle", self.idle),
            ("running", self.running),
            ("sleeping", self.sleeping),
            ("stopped", self.stopped),
            ("zombies", self.zombies),
        ];
        let when_seen = [("paging", self.paging), ("unknown", self.unknown)];
        always.into_iter().chain(when_seen.into_iter().filter(|(_, count)| *count > 0))
    }
}

impl Scraper for Processes {
    fn name(&self) -> &'static str {
        "processes"
    }

    fn scrape(
        &mut self,
        round: &Round<'_>,
        report: &mut Report,
        request: &mut encode::Request<'_, encode::Metrics>,
    ) {
        let totals = match round.stat {
            Ok(stat) => parse(stat),
            Err(error) => {
                report.failed(enabled([self.metrics.created()]), "stat", error);
                Totals::default()
            }
        };
        let count = self.metrics.count().filter(|_| match round.processes.failure() {
            Some(error) => {
                report.failed(1, "the list of processes", error);
                false
            }
            None => true,
        });
        write_host(request, "edgewatch/host_metrics/processes", round.window(), |out| {
            out.metric(count, |points| {
                let mut states = States::count(round.processes.iter().map(|process| process.stat.state));
                // Taken at one moment by the kernel, while the walk over all processes takes a while.
                states.running = totals.running.unwrap_or(states.running);
                states.blocked = totals.blocked.unwrap_or(states.blocked);
                for (state, count) in states.values() {
                    points.int(count, &[("status", state)]);
                }
            });
            out.metric(self.metrics.created(), |points| {
                if let Some(created) = totals.created {
                    points.int(created, &[]);
                }
            });
        });
    }
}
