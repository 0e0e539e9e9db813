//! Writes what is known of a JVM as metrics.

use std::borrow::Cow;
use std::time::Duration;

use edgewatch_hotspot::collector::{General, OldAfter, Plan};
use edgewatch_hotspot::process::Facts;
use edgewatch_proto::encode::{self, Attributes, HistogramPoint, Times};

use super::metrics::Metrics;
use super::neighbours::LivePool;
use super::series::{AllSeries, BOUNDS};
use super::subject::{Jvm, Moment};
use super::world::HostCpu;
use crate::measuring::metric::{Metric, Window, Writer};

/// The semantic conventions that names and attributes belong to.
const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";
const SCOPE: &str = "edgewatch/jvm";

/// What is known of a JVM in this round.
pub(super) struct Known<'a> {
    pub(super) now: Moment,
    pub(super) facts: Facts,
    pub(super) utilization: Option<f64>,
    pub(super) host: HostCpu,
    pub(super) general: General,
    pub(super) memory: &'a [Memory<'a>],
}

/// A memory pool and what is known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory<'a> {
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) heap: bool,
    pub(super) used: Option<u64>,
    pub(super) committed: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) init: Option<u64>,
    pub(super) after: Option<u64>,
}

/// Fills `memory` with the pools that the counters in `block` tell of.
pub(super) fn counted_pools(plan: &Plan, after: &OldAfter, block: &[u8], memory: &mut Vec<Memory<'_>>) {
    memory.extend(plan.pools().iter().map(|pool| Memory {
        name: pool.name.map(Cow::Borrowed),
        heap: pool.heap,
        used: plan.used(block, pool),
        committed: plan.committed(block, pool),
        limit: plan.value(block, pool.limit),
        init: plan.value(block, pool.init),
        after: plan.after(block, pool).or_else(|| after.of(pool)),
    }));
}

/// Adds what the JVM itself said about its pools: it is newer, and knows pools that counters do not have.
pub(super) fn live_pools<'a>(live: &'a [LivePool], memory: &mut Vec<Memory<'a>>) {
    for pool in live {
        if let Some(known) =
            memory.iter_mut().find(|known| known.name == pool.name && known.heap == pool.heap)
        {
            known.used = pool.used.or(known.used);
            known.committed = pool.committed.or(known.committed);
            known.limit = pool.limit.or(known.limit);
        } else {
            memory.push(Memory {
                name: pool.name.as_deref().map(Cow::Borrowed),
                heap: pool.heap,
                used: pool.used,
                committed: pool.committed,
                limit: pool.limit,
                ..Memory::default()
            });
        }
    }
    // Sums over all pools must be right: the heap as a whole stands in only for values that no pool has.
    let has = |of: fn(&Memory<'_>) -> Option<u64>| {
        memory.iter().any(|pool| pool.heap && pool.name.is_some() && of(pool).is_some())
    };
    let (used, committed, limit) =
        (has(|pool| pool.used), has(|pool| pool.committed), has(|pool| pool.limit));
    for whole in memory.iter_mut().filter(|pool| pool.name.is_none()) {
        whole.used = whole.used.filter(|_| !used);
        whole.committed = whole.committed.filter(|_| !committed);
        whole.limit = whole.limit.filter(|_| !limit);
    }
}

/// Writes the resource of `jvm`.
pub(super) fn write(
    request: &mut encode::Request<'_, encode::Metrics>,
    metrics: &Metrics,
    jvm: &Jvm,
    known: &Known<'_>,
) {
    let start = known
        .facts
        .started_unix_ns
        .or_else(|| known.general.started?.checked_mul(1_000_000))
        .unwrap_or(0)
        .min(known.now.unix);
    let window = Window { start, now: known.now.unix };
    request.resource(
        SCHEMA_URL,
        |attributes| jvm.identity.write(attributes),
        |resource| {
            resource.scope(SCOPE, env!("CARGO_PKG_VERSION"), |scope| {
                let mut out = Writer::new(scope, window);
                write_process(&mut out, metrics, known);
                write_general(&mut out, metrics, &known.general);
                write_memory(&mut out, metrics, known.memory);
                write_pauses(&mut out, metrics, &jvm.series, known.now.unix);
            });
        },
    );
}

fn write_process(out: &mut Writer<'_, '_>, metrics: &Metrics, known: &Known<'_>) {
    let Known { facts, now, general, .. } = known;
    double(out, metrics.cpu_time(), facts.cpu.map(|time| time.as_secs_f64()));
    int(out, metrics.cpu_count(), facts.cpus.map(u64::from));
    double(out, metrics.cpu_utilization(), known.utilization);
    int(out, metrics.descriptors(), facts.descriptors);
    int(out, metrics.descriptor_limit(), facts.descriptor_limit);
    let started = general.started.and_then(|ms| ms.checked_mul(1_000_000)).or(facts.started_unix_ns);
    let uptime = started.and_then(|started| now.unix.checked_sub(started)).map(Duration::from_nanos);
    double(out, metrics.uptime(), uptime.map(|time| time.as_secs_f64()));
    double(out, metrics.system_load(), known.host.load_1m);
    double(out, metrics.system_utilization(), known.host.utilization);
}

fn write_general(out: &mut Writer<'_, '_>, metrics: &Metrics, general: &General) {
    let seconds = |nanoseconds: Option<u64>| Some(Duration::from_nanos(nanoseconds?).as_secs_f64());
    let workers = || general.threads?.checked_sub(general.daemons?);
    out.metric(metrics.threads(), |points| {
        for (daemon, count) in [(false, workers()), (true, general.daemons)] {
            if let Some(count) = count {
                points.int_with(count, |attributes| attributes.bool("jvm.thread.daemon", daemon));
            }
        }
    });
    int(out, metrics.class_loaded(), general.loaded);
    int(out, metrics.class_unloaded(), general.unloaded);
    let classes = || general.loaded?.checked_sub(general.unloaded?);
    int(out, metrics.class_count(), classes());
    int(out, metrics.safepoints(), general.safepoints);
    double(out, metrics.safepoint_time(), seconds(general.safepoint_time));
    double(out, metrics.safepoint_sync_time(), seconds(general.safepoint_sync_time));
}

fn write_memory(out: &mut Writer<'_, '_>, metrics: &Metrics, memory: &[Memory<'_>]) {
    let mut each = |metric, value: fn(&Memory<'_>) -> Option<u64>| {
        out.metric(metric, |points| {
            for pool in memory {
                if let Some(bytes) = value(pool) {
                    points.int_with(bytes, |attributes| describe_pool(attributes, pool));
                }
            }
        });
    };
    each(metrics.memory_used(), |pool| pool.used);
    each(metrics.memory_committed(), |pool| pool.committed);
    each(metrics.memory_limit(), |pool| pool.limit);
    each(metrics.memory_init(), |pool| pool.init);
    each(metrics.memory_after(), |pool| pool.after);
}

fn describe_pool(attributes: &mut Attributes<'_>, pool: &Memory<'_>) {
    attributes.string("jvm.memory.type", if pool.heap { "heap" } else { "non_heap" });
    if let Some(name) = &pool.name {
        attributes.string("jvm.memory.pool.name", name);
    }
}

fn write_pauses(out: &mut Writer<'_, '_>, metrics: &Metrics, all: &AllSeries, now: u64) {
    out.histogram(metrics.gc_duration(), |points| {
        for series in all.iter() {
            let point = HistogramPoint {
                count: series.count(),
                sum: Some(series.sum as f64 / 1e9),
                min: None,
                max: None,
                bounds: &BOUNDS,
                buckets: &series.buckets,
            };
            points.point(Times::since(series.since, now), &point, |attributes| {
                attributes.string("jvm.gc.name", &series.name);
                attributes.string("jvm.gc.action", &series.action);
                if let Some(cause) = &series.cause {
                    attributes.string("jvm.gc.cause", cause);
                }
            });
        }
    });
}

fn int(out: &mut Writer<'_, '_>, metric: Option<&'static Metric>, value: Option<u64>) {
    if let Some(value) = value {
        out.metric(metric, |points| points.int(value, &[]));
    }
}

fn double(out: &mut Writer<'_, '_>, metric: Option<&'static Metric>, value: Option<f64>) {
    if let Some(value) = value {
        out.metric(metric, |points| points.double(value, &[]));
    }
}
