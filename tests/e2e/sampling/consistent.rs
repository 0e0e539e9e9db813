//! `probabilistic_sampler` on several hosts that each have a part of every trace.

use std::collections::BTreeSet;

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::sink::Sink;
use prost::Message as _;

use super::{Id, arrived, ids, request, span};

const TRACES: u64 = 2000;

#[tokio::test]
async fn two_agents_keep_the_same_traces_and_one_that_keeps_more_keeps_those_as_well() -> anyhow::Result<()> {
    for mode in ["hash_seed", "proportional", "equalizing"] {
        // The third one gets spans that another host has, in another order and other batches.
        let front = kept_by(mode, 25, "GET /", (0..TRACES).collect(), 500).await?;
        let back = kept_by(mode, 25, "SELECT", (0..TRACES).rev().collect(), 70).await?;
        let more = kept_by(mode, 50, "SELECT", (0..TRACES).collect(), 500).await?;

        assert_eq!(front, back, "{mode}");
        assert!(front.is_subset(&more), "{mode}");
        // Four standard deviations.
        assert!((422..=578).contains(&front.len()), "{mode}: {}", front.len());
        assert!((910..=1090).contains(&more.len()), "{mode}: {}", more.len());
    }
    Ok(())
}

#[tokio::test]
async fn a_second_agent_behind_the_first_keeps_all_that_was_sampled_as_it_would() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let second = sampler(Forwarder::to(&sink)?, "equalizing", 25).start().await?;
    let first = sampler(Forwarder::to_address(second.grpc)?, "equalizing", 25).start().await?;
    let alone = kept_by("equalizing", 25, "GET /", (0..TRACES).collect(), 500).await?;

    let spans = (0..TRACES).map(|trace| span(trace, "GET /")).collect();
    first.client().await?.export(Signal::Traces, &request(spans).encode_to_vec()).await?;

    let receipts = sink.wait_until(|receipts| ids(receipts).len() >= alone.len()).await?;
    assert_eq!(ids(&receipts), alone);
    let states: BTreeSet<String> =
        arrived(&receipts).into_values().flatten().map(|span| span.trace_state).collect();
    assert_eq!(states, BTreeSet::from(["ot=th:c".to_owned()]), "each stands for four");
    Ok(())
}

/// The traces that an agent keeps of those of which a span comes, in requests of so many.
async fn kept_by(
    mode: &str,
    percent: u32,
    name: &str,
    traces: Vec<u64>,
    each: usize,
) -> anyhow::Result<BTreeSet<Id>> {
    let sink = Sink::start().await?;
    let mut agent = sampler(Forwarder::to(&sink)?, mode, percent).start().await?;
    let client = agent.client().await?;
    for some in traces.chunks(each) {
        let spans = some.iter().map(|trace| span(*trace, name)).collect();
        let reply = client.export(Signal::Traces, &request(spans).encode_to_vec()).await?;
        assert_eq!(reply.code(), Some(0), "{reply:?}");
    }
    let (status, _) = agent.agent.terminate().await?;
    assert!(status.success(), "{status}");
    Ok(ids(&sink.receipts()))
}

fn sampler(builder: Builder, mode: &str, percent: u32) -> Builder {
    builder
        .with(&format!(
            "processors: {{probabilistic_sampler: {{mode: {mode}, sampling_percentage: {percent}}}}}"
        ))
        .with("service: {pipelines: {traces: {processors: [probabilistic_sampler]}}}")
}
