//! What the agent says about a JVM, compared with what the JVM says about itself before and after.
//!
//! While both look, the program holds still, so that a value lies between the two reports of the program, give or take the tolerances
//! stated here. They are all there is:
//!
//! - heap pools: 64 KiB, because a JVM that reports allocates; a region of G1 or Shenandoah (1 MiB here), or two pages of ZGC (4 MiB), where usage is
//!   counted in those;
//! - metaspace and class space: 192 KiB, because their counters move at collections only, and the program loads what reports need before;
//! - CPU time: 20 ms, two ticks of the kernel's clock;
//! - everything else: none.

use edgewatch_tests::jvm::{Beans, Reading, Usage};

const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * KIB;

/// Whether the agent must know a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Known {
    /// It must.
    Always,
    /// It may, and then it must be right.
    Perhaps,
    /// It cannot, so it must say nothing.
    Never,
}

/// Everything that is wrong with `reading`, in words. `asked`: over the attach socket as well.
pub(super) fn differences(
    version: u8,
    collector: &str,
    asked: bool,
    before: &Beans,
    reading: &Reading,
    after: &Beans,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: String, have: Option<f64>, range: (f64, f64), tolerance: f64, known: Known| {
        let (low, high) = (range.0.min(range.1) - tolerance, range.0.max(range.1) + tolerance);
        match (have, known) {
            (None, Known::Always) => wrong.push(format!("{what} is missing; the JVM says {}", range.1)),
            (Some(have), Known::Never) => wrong.push(format!("{what} cannot be known and is {have}")),
            (Some(have), _) if !(low..=high).contains(&have) => {
                wrong.push(format!("{what} is {have}; the JVM says {} and then {}", range.0, range.1));
            }
            _ => {}
        }
    };
    for (name, pool) in &before.pools {
        let Some(later) = after.pools.get(name) else { continue };
        let kind = if pool.kind == "HEAP" { "heap" } else { "non_heap" };
        let attributes = [("jvm.memory.pool.name", name.as_str()), ("jvm.memory.type", kind)];
        for metric in ["jvm.memory.used", "jvm.memory.committed", "jvm.memory.limit", "jvm.memory.init"] {
            let range = (value(metric, &pool.usage), value(metric, &later.usage));
            let known = known(version, collector, asked, metric, name, range.0);
            let have = reading.value(metric, &attributes);
            check(format!("{metric} of {name}"), have, range, tolerance(collector, kind), known);
        }
        if let (Some(first), Some(last)) = (pool.collection, later.collection) {
            let have = reading.value("jvm.memory.used_after_last_gc", &attributes);
            let range = (first.used, last.used);
            let tolerance = tolerance(collector, kind);
            check(format!("use of {name} after collection"), have, range, tolerance, Known::Perhaps);
        }
    }
    let mut same = |metric: &str, attributes: &[(&str, &str)], of: fn(&Beans) -> f64, tolerance: f64| {
        let have = reading.value(metric, attributes);
        check(format!("{metric} {attributes:?}"), have, (of(before), of(after)), tolerance, Known::Always);
    };
    same("jvm.thread.count", &[("jvm.thread.daemon", "true")], |beans| beans.daemons, 0.0);
    same("jvm.thread.count", &[("jvm.thread.daemon", "false")], |beans| beans.threads - beans.daemons, 0.0);
    same("jvm.class.loaded", &[], |beans| beans.loaded, 0.0);
    same("jvm.class.unloaded", &[], |beans| beans.unloaded, 0.0);
    same("jvm.class.count", &[], |beans| beans.classes, 0.0);
    same("jvm.cpu.time", &[], |beans| beans.cpu_nanos / 1e9, 0.02);
    same("jvm.cpu.count", &[], |beans| beans.processors, 0.0);
    // Looking into /proc/self/fd takes a descriptor itself.
    same("jvm.file_descriptor.count", &[], |beans| beans.descriptors, 1.0);
    same("jvm.file_descriptor.limit", &[], |beans| beans.descriptor_limit, 0.0);
    for point in reading.points.iter().filter(|point| point.metric.starts_with("jvm.memory.")) {
        let pool = point.attributes.get("jvm.memory.pool.name").cloned().unwrap_or_default();
        if !before.pools.contains_key(&pool) {
            wrong.push(format!("{} of the pool {pool:?}, which the JVM does not have", point.metric));
        }
    }
    wrong
}

fn value(metric: &str, usage: &Usage) -> f64 {
    match metric {
        "jvm.memory.used" => usage.used,
        "jvm.memory.committed" => usage.committed,
        "jvm.memory.limit" => usage.max,
        _ => usage.init,
    }
}

fn known(version: u8, collector: &str, asked: bool, metric: &str, pool: &str, value: f64) -> Known {
    // Collectors that update their counters at collections only: from JDK 25 on, and ZGC ever since.
    let lags = collector.contains('Z') || version >= 25 && matches!(collector, "Serial" | "Parallel");
    let young = pool.contains("Eden") || pool.contains("Young");
    match metric {
        // What JMX says when there is no such value.
        _ if value < 0.0 => Known::Never,
        // Java 8 has no command for it.
        _ if pool.starts_with("Code") && (!asked || version == 8 || metric == "jvm.memory.init") => {
            Known::Perhaps
        }
        "jvm.memory.used" if lags && young && !asked => Known::Never,
        // What ZGC answers does not tell its generations apart.
        "jvm.memory.used" if lags && (!asked || collector.contains('Z')) => Known::Perhaps,
        // ZGC counts what is committed as it does what is used.
        "jvm.memory.committed" if collector.contains('Z') => Known::Perhaps,
        // Of two spaces of different sizes, which is the one in use does not show while none is.
        "jvm.memory.committed" if pool == "PS Survivor Space" => Known::Perhaps,
        // The counter is 0 for spaces whose size is chosen at the start.
        "jvm.memory.init" => Known::Perhaps,
        // What the maximum of a young space is changes with the sizes of its neighbours.
        "jvm.memory.limit" if pool.contains("Survivor") => Known::Perhaps,
        _ => Known::Always,
    }
}

fn tolerance(collector: &str, kind: &str) -> f64 {
    match (kind, collector) {
        ("non_heap", _) => 192.0 * KIB,
        (_, "G1" | "Shenandoah") => MIB,
        (_, "Z" | "GenerationalZ") => 4.0 * MIB,
        _ => 64.0 * KIB,
    }
}
