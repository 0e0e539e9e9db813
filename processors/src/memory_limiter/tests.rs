use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::{Budget, Limits};
use edgewatch_core::factory::{BuildContext, ComponentConfig, ProcessorSpec};
use edgewatch_core::processor::{Emitter, Processor};
use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::testing::{self, FakeHost};

use super::MemoryLimiter;
use super::config::Config;
use super::probe::look;

const MIB: usize = 1 << 20;

#[test]
fn refuses_new_data_above_the_soft_limit_and_takes_it_again_below() {
    let (mut limiter, context, registry) = limiter(r#"{ "limit_mib": 10, "spike_limit_mib": 4 }"#);
    let mut out = Emitter::default();
    assert_eq!(context.budget.limits(), Limits { soft: 6 * MIB, hard: 10 * MIB }, "receivers keep them");

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
fn what_was_let_in_goes_on_up_to_the_hard_limit() {
    let (mut limiter, context, registry) = limiter(r#"{ "limit_mib": 10, "spike_limit_mib": 4 }"#);
    let mut out = Emitter::default();
    let mut others = context.budget.lease(6 * MIB).expect("below the limit");
    let leased = || {
        let (ack, _receipt) = Ack::pair(context.budget.lease(1));
        Batch::new(Signal::Traces, Bytes::from_static(b"request"), 5, ack)
    };

    limiter.process(leased(), Instant::now(), &mut out).expect("its memory was leased");
    limiter.process(spans(false), Instant::now(), &mut out).expect_err("above the soft limit");

    let late = leased();
    others.charge(4 * MIB);
    limiter.process(late, Instant::now(), &mut out).expect_err("above the hard limit");
    assert_eq!(testing::reading(&registry, "otelcol_processor_refused_spans", &[]), 10.0);
}

#[test]
fn several_limiters_are_one_budget_and_the_least_limit_holds() {
    let (context, _registry) = testing::context("memory_limiter");
    let build = |text| MemoryLimiter::build(config(text), &context).expect("builds");
    let wide = build(r#"{ "limit_mib": 20 }"#);
    let narrow = build(r#"{ "limit_mib": 10 }"#);
    assert_eq!(context.budget.limits(), Limits::below(10 * MIB));

    drop((wide, narrow));
    assert_eq!(context.budget.limits(), Budget::unlimited().limits(), "limits end with their processors");
}

#[test]
fn a_percentage_is_of_what_the_control_group_leaves() {
    let (mut context, _registry) = testing::context("memory_limiter");
    let build =
        |context: &BuildContext| MemoryLimiter::build(config(r#"{ "limit_percentage": 50 }"#), context);
    let error = build(&context).expect_err("nothing is known of the host").to_string();
    assert!(error.starts_with("limit_percentage: the memory of this host cannot be read"), "{error}");

    context.host = Arc::new(host(&[
        ("/proc/meminfo", "MemTotal:       8000000 kB\n"),
        ("/proc/self/cgroup", "0::/edgewatch.service\n"),
        ("/sys/fs/cgroup/edgewatch.service/memory.max", "104857600\n"),
    ]));
    let _limiter = build(&context).expect("builds");
    assert_eq!(context.budget.limits(), Limits { soft: 40 * MIB, hard: 50 * MIB });
}

#[test]
fn a_limit_above_what_there_is_is_found_on_the_host() {
    let look = |text: &str, files: &[(&str, &str)]| {
        look(&config(text), &host(files)).map_err(|trouble| trouble.findings.to_string())
    };
    let meminfo = ("/proc/meminfo", "MemTotal:       1048576 kB\n");

    assert_eq!(look(r#"{ "limit_mib": 1024 }"#, &[meminfo]), Ok(()));
    assert_eq!(
        look(r#"{ "limit_mib": 1025 }"#, &[meminfo]),
        Err("limit_mib: this is more than the 1024 MiB that the agent may use here".to_owned())
    );
    assert_eq!(look(r#"{ "limit_percentage": 80 }"#, &[meminfo]), Ok(()));
    assert!(look(r#"{ "limit_percentage": 80 }"#, &[]).is_err());
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
