//! What the process itself costs: CPU, memory, uptime. Names are the Collector's.

use std::fs;
use std::time::Instant;

use edgewatch_core::budget::Budget;
use edgewatch_core::telemetry::{Description, Kind, Telemetry};

const CPU: Description = Description {
    name: "otelcol_process_cpu_seconds",
    unit: "s",
    help: "Total CPU user and system time in seconds",
};
const RSS: Description = Description {
    name: "otelcol_process_memory_rss",
    unit: "By",
    help: "Total physical memory (resident set size)",
};
const UPTIME: Description =
    Description { name: "otelcol_process_uptime", unit: "s", help: "Uptime of the process" };
const IN_FLIGHT: Description = Description {
    name: "edgewatch_memory_in_flight",
    unit: "By",
    help: "Encoded telemetry that has been taken in and not yet delivered",
};

const SOFT_LIMIT: Description = Description {
    name: "edgewatch_memory_soft_limit",
    unit: "By",
    help: "Memory in flight above which new requests are refused before they are read",
};
const HARD_LIMIT: Description = Description {
    name: "edgewatch_memory_hard_limit",
    unit: "By",
    help: "Memory in flight above which even requests that are being read are refused",
};

/// Registers the numbers of this process. `since`: when it started.
pub fn register(telemetry: &Telemetry, since: Instant, budget: Budget) {
    let (soft, hard) = (budget.clone(), budget.clone());
    telemetry.observe(SOFT_LIMIT, Kind::Gauge, move || soft.limits().soft as f64);
    telemetry.observe(HARD_LIMIT, Kind::Gauge, move || hard.limits().hard as f64);
    telemetry.observe(CPU, Kind::Counter, || cpu_seconds().unwrap_or_default());
    telemetry.observe(RSS, Kind::Gauge, || resident_bytes().unwrap_or_default());
    telemetry.observe(UPTIME, Kind::Counter, move || since.elapsed().as_secs_f64());
    telemetry.observe(IN_FLIGHT, Kind::Gauge, move || budget.used() as f64);
}

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the command in parentheses and may hold anything; utime and stime are fields 14 and 15 (proc(5)).
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / rustix::param::clock_ticks_per_second() as f64)
}

fn resident_bytes() -> Option<f64> {
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as f64)
}
