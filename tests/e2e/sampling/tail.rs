//! `tail_sampling` between an application and its backend.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::sink::{PATIENCE, Sink};
use prost::Message as _;
use tokio::process::Command;

use super::{Id, arrived, ids, request, span};

const DECIDED: &str = "otelcol_processor_tail_sampling_global_count_traces_sampled";
const USUAL: usize = 5000;

#[tokio::test]
async fn the_slow_and_the_failed_among_thousands_of_usual_traces_of_the_python_sdk_are_kept()
-> anyhow::Result<()> {
    let Some(python) = std::env::var_os("EDGEWATCH_PYTHON") else {
        let reason =
            "EDGEWATCH_PYTHON names no Python with the OpenTelemetry SDK; `cargo xtask test` makes one";
        return Ok(writeln!(std::io::stderr(), "skipped: a story with the Python SDK: {reason}")?);
    };
    let sink = Sink::start().await?;
    let agent = sampling(
        &sink,
        "decision_wait: 2s, record_policy: true, policies: [
            {name: some, type: probabilistic, probabilistic: {sampling_percentage: 2}},
            {name: failed, type: status_code, status_code: {status_codes: [ERROR]}},
            {name: unusual, type: anomaly, anomaly: {probability: 0.01}},
            {name: very slow, type: latency, latency: {threshold_ms: 60000}}]",
    )?
    .start()
    .await?;

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/python/traces.py");
    let mut command = Command::new(python);
    command.arg(script).arg(format!("http://{}", agent.grpc)).arg(USUAL.to_string()).kill_on_drop(true);
    let output = tokio::time::timeout(3 * PATIENCE, command.output()).await??;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout)?;
    let odd: Vec<(&str, &str)> = told.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(odd.len(), 10);
    let all = (USUAL + odd.len()) as f64;

    let decided = |sampled| {
        move |page: &edgewatch_tests::metrics_page::MetricsPage| {
            let of = |decision| page.value(DECIDED, &[("decision", decision)]).unwrap_or_default();
            if sampled { of("sampled") } else { of("sampled") + of("not_sampled") }
        }
    };
    let page = agent.wait_for_own_metrics(|page| decided(false)(page) == all).await?;
    let kept = decided(true)(&page);
    let receipts = sink.wait_until(|receipts| ids(receipts).len() as f64 >= kept).await?;

    let traces = arrived(&receipts);
    assert_eq!(traces.len() as f64, kept);
    for (id, spans) in &traces {
        assert_eq!(spans.len(), 2, "{id} came whole and once");
    }
    let policies = |id: &str| -> BTreeSet<String> {
        let spans = traces.get(id).into_iter().flatten();
        let attributes =
            spans.flat_map(|span| &span.attributes).filter(|pair| pair.key == "tailsampling.policy");
        attributes.map(|pair| format!("{:?}", pair.value)).collect()
    };
    for (kind, id) in &odd {
        let policies = policies(id);
        assert_eq!(policies.len(), 1, "{kind} trace {id} is not kept");
        let wanted = if *kind == "slow" { "unusual" } else { "failed" };
        assert!(are(&policies, wanted) || are(&policies, "some"), "{kind} {id}: {policies:?}");
    }
    // Two percent of the usual ones, and at most about one percent of them is unusual by chance.
    let usual = traces.keys().filter(|id| odd.iter().all(|(_, odd)| odd != id)).map(|id| policies(id));
    let (some, unusual): (Vec<_>, Vec<_>) = usual.partition(|policies| are(policies, "some"));
    assert!((60..=140).contains(&some.len()), "{}", some.len());
    assert!(unusual.iter().all(|policies| are(policies, "unusual")), "{unusual:?}");
    assert!(unusual.len() <= 70, "{}", unusual.len());
    Ok(())
}

#[tokio::test]
async fn what_is_held_when_the_agent_ends_is_decided_with_what_is_there() -> anyhow::Result<()> {
    let policies = "policies: [{name: two, type: span_count, span_count: {min_spans: 2}}]";
    for (keys, expected) in [("", 10), ("drop_pending_traces_on_shutdown: true, ", 0)] {
        let sink = Sink::start().await?;
        let mut agent = sampling(&sink, &format!("decision_wait: 1h, {keys}{policies}"))?.start().await?;
        let client = agent.client().await?;
        // Of every other trace a second span comes.
        for (name, step) in [("first", 1), ("second", 2)] {
            let spans = (0..20).step_by(step).map(|trace| span(trace, name)).collect();
            let reply = client.export(Signal::Traces, &request(spans).encode_to_vec()).await?;
            assert_eq!(reply.code(), Some(0), "accepted though nothing is decided: {reply:?}");
        }

        let (status, _) = agent.agent.terminate().await?;

        assert!(status.success(), "{status}");
        let traces = arrived(&sink.receipts());
        assert_eq!(traces.len(), expected, "{keys}");
        assert!(traces.values().all(|spans| spans.len() == 2), "whole ones");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_learned_before_a_restart_tells_what_is_unusual_after_it() -> anyhow::Result<()> {
    const NOW: u64 = 1_700_000_000_000_000_000;
    let sink = Sink::start().await?;
    let keys = "decision_wait: 100ms, policies: [{name: unusual, type: anomaly}]";
    let took = |trace: u64, micros: u64| {
        let end_time_unix_nano = NOW + micros * 1000;
        opentelemetry_proto::tonic::trace::v1::Span {
            start_time_unix_nano: NOW,
            end_time_unix_nano,
            ..span(trace, "query")
        }
    };
    let state = tempfile::TempDir::new()?;
    let start = || -> anyhow::Result<Builder> {
        let path = state.path().to_str().context("a path in UTF-8")?;
        Ok(sampling(&sink, keys)?.argument("--state-directory").argument(path))
    };
    let mut agent = start()?.start().await?;
    let usual = (0..4000).map(|trace| took(trace, 1000 + trace % 97)).collect();
    agent.client().await?.export(Signal::Traces, &request(usual).encode_to_vec()).await?;
    let (status, _) = agent.agent.terminate().await?;
    assert!(status.success(), "{status}");

    let again = start()?.start().await?;
    let spans = vec![took(5000, 1050), took(5001, 500_000)];
    again.client().await?.export(Signal::Traces, &request(spans).encode_to_vec()).await?;

    let slow: Id = super::hexadecimal(&super::id(5001));
    let usual: Id = super::hexadecimal(&super::id(5000));
    let receipts = sink.wait_until(|receipts| ids(receipts).contains(&slow)).await?;
    assert!(!ids(&receipts).contains(&usual));
    Ok(())
}

/// Whether nothing but this policy is named.
fn are(policies: &BTreeSet<String>, name: &str) -> bool {
    policies.iter().all(|policy| policy.contains(name))
}

/// An agent that samples with these keys.
fn sampling(sink: &Sink, keys: &str) -> anyhow::Result<Builder> {
    Ok(Forwarder::to(sink)?
        .with(&format!("processors: {{tail_sampling: {{{keys}}}}}"))
        .with("service: {pipelines: {traces: {processors: [tail_sampling]}}}"))
}
