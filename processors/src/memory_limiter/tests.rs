use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::Budget;
use edgewatch_core::factory::{BuildContext, ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::testing::{self, FakeHost};

use super::MemoryLimiter;
use super::config::{Config, Limits};
use edgewatch_core::memory;

const MIB: usize = 1 << 20;

#[test]
fn refuses_new_data_above_the_soft_limit_and_takes_it_again_below() {
    let (mut limiter, context, registry) = limiter(r#"{ "limit_mib": 10, "spike_limit_mib": 4 }"#);
    let mut out = Emitter::default();
    assert_eq!(context.budget.limit(), 10 * MIB, "receivers keep the hard limit");

    let mut lease = context.budget.lease(6 * MIB).expect("below the limit");
    limiter.process(spans(false), Instant::now(), &mut out).expect("at the soft limit is not above it");
    assert!(lease.grow(1));
    let error = limiter.process(spans(false), Instant::now(), &mut out).expect_err("above the soft limit");
    assert!(matches!(error.refusal.kind, RefusalKind::Busy { .. }));
    drop(lease);
    limiter.process(spans(false), Instant::now(), &mut out).expect("memory is free again");

    assert_eq!(out.take().len(), 2);
    assert_eq!(testing::reading(&registry, "otelcol_processor_refused_spans", &[]), 5.0);
    assert_eq!(testing::reading(&registry, "otelcol_processor_accepted_spans", &[]), 10.0);
    assert_eq!(testing::reading(&registry, "otelcol_processor_refused_log_records", &[]), 0.0);
}

#[test]
fn keeps_what_its_source_believes_accepted() {
    let (mut limiter, context, _) = limiter(r#"{ "limit_mib": 10 }"#);
    let mut out = Emitter::default();
    let _lease = context.budget.lease(9 * MIB).expect("below the hard limit");

    limiter.process(spans(true), Instant::now(), &mut out).expect("nobody could send it again");

    assert_eq!(out.take().len(), 1);
}

#[test]
fn keeps_a_batch_in_which_new_data_was_joined_to_what_is_accepted() {
    let (mut limiter, context, _) = limiter(r#"{ "limit_mib": 10 }"#);
    let mut out = Emitter::default();
    let _lease = context.budget.lease(9 * MIB).expect("below the hard limit");
    let mut batch = spans(true);
    batch.append(spans(false));

    limiter.process(batch, Instant::now(), &mut out).expect("a part of it could not be sent again");

    assert_eq!(out.take().len(), 1);
}

#[test]
fn the_spike_limit_is_a_fifth_of_the_limit_unless_it_is_set() {
    let limits = |text| config(text).limits(1000 * MIB);

    assert_eq!(limits(r#"{ "limit_mib": 100 }"#), Limits { hard: 100 * MIB, soft: 80 * MIB });
    assert_eq!(
        limits(r#"{ "limit_percentage": 50, "spike_limit_percentage": 30 }"#),
        Limits { hard: 500 * MIB, soft: 200 * MIB }
    );
    assert_eq!(limits(r#"{ "limit_percentage": 50 }"#), Limits { hard: 500 * MIB, soft: 400 * MIB });
    assert_eq!(
        limits(r#"{ "limit_mib": 10, "limit_percentage": 50 }"#),
        Limits { hard: 10 * MIB, soft: 8 * MIB },
        "limit_mib takes precedence"
    );
}

#[test]
fn percentages_are_of_the_least_of_the_host_and_its_control_groups() {
    let meminfo = ("/proc/meminfo", "MemTotal:       8000000 kB\nMemFree: 1 kB\n");
    let total = |files: &[(&str, &str)]| memory::total(&host(files));

    assert_eq!(total(&[]), None);
    assert_eq!(total(&[meminfo]), Some(8_192_000_000));
    assert_eq!(
        total(&[
            meminfo,
            ("/proc/self/cgroup", "0::/system.slice/edgewatch.service\n"),
            ("/sys/fs/cgroup/system.slice/edgewatch.service/memory.max", "max\n"),
            ("/sys/fs/cgroup/system.slice/memory.max", "1073741824\n"),
        ]),
        Some(1 << 30),
        "version 2, limited above its own group"
    );
    assert_eq!(
        total(&[
            meminfo,
            ("/proc/self/cgroup", "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
        ]),
        Some(1 << 28),
        "version 1 within a container"
    );
    assert_eq!(
        total(&[
            meminfo,
            ("/proc/self/cgroup", "4:memory:/\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ]),
        Some(8_192_000_000),
        "version 1 without a limit"
    );
}

#[test]
fn reports_every_rule_that_is_broken() {
    let broken = |text| config(text).validate().expect_err("broken").to_string();

    assert!(broken("{}").starts_with("no limit is set; set limit_mib"));
    let both = broken(
        r#"{ "limit_mib": 10, "spike_limit_mib": 10, "limit_percentage": 101, "spike_limit_percentage": 1 }"#,
    );
    assert!(both.contains("limit_percentage: 101 is above 100"), "{both}");
    assert!(both.contains("spike_limit_mib: 10 is not below limit_mib (10)"), "{both}");
    assert_eq!(config(r#"{ "check_interval": "1s", "limit_mib": 10 }"#).validate(), Ok(()));
}

fn config(text: &str) -> Config {
    serde_json::from_str(text).expect("parses")
}

fn host(files: &[(&str, &str)]) -> FakeHost {
    let files = files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
    FakeHost { files, ..FakeHost::default() }
}

fn limiter(text: &str) -> (MemoryLimiter, BuildContext, edgewatch_core::telemetry::Registry) {
    let (mut context, registry) = testing::context("memory_limiter");
    context.budget = Budget::unlimited();
    context.host = Arc::new(FakeHost::default());
    (MemoryLimiter::build(config(text), &context).expect("builds"), context, registry)
}

fn spans(accepted: bool) -> Batch {
    let (mut ack, _receipt) = Ack::pair(None);
    if accepted {
        ack.accepted();
    }
    Batch::new(Signal::Traces, Bytes::from_static(b"request"), 5, ack)
}
