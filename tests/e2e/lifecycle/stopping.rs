//! Signals.

use std::net::SocketAddr;
use std::time::Duration;

use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::{ITEMS_PER_REQUEST, Template};
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::{Signal, process};
use tokio::task::JoinSet;

const CLIENTS: u64 = 4;

/// Numbers far enough apart that no client reaches those of the next.
const NUMBERS_PER_CLIENT: u64 = 1_000_000;

const BATCHING: &str = "{processors: {batch: {timeout: 100ms, send_batch_size: 1000}}, service: {pipelines: {
    traces: {processors: [batch]}, metrics: {processors: [batch]}, logs: {processors: [batch]}}}}";

#[tokio::test]
async fn what_was_acknowledged_before_the_end_arrives_exactly_once() -> anyhow::Result<()> {
    stops_under_load("{}").await
}

#[tokio::test]
async fn what_was_acknowledged_before_the_end_arrives_exactly_once_through_batches() -> anyhow::Result<()> {
    stops_under_load(BATCHING).await
}

async fn stops_under_load(processing: &str) -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let mut forwarder = Forwarder::to(&sink)?.with(processing).start().await?;
    let mut clients = JoinSet::new();
    for (client, signal) in (0..CLIENTS).zip(Signal::ALL.into_iter().cycle()) {
        let address = forwarder.grpc;
        clients.spawn(async move {
            (signal, send_until_it_ends(address, signal, 1 + client * NUMBERS_PER_CLIENT).await)
        });
    }
    let busy = |signal| move |receipts: &edgewatch_tests::sink::Receipts| receipts.items(signal) > 2000;
    for signal in Signal::ALL {
        sink.wait_until(busy(signal)).await?;
    }

    let (status, _) = forwarder.agent.terminate().await?;

    assert_eq!(status.code(), Some(0), "{}", forwarder.agent.stderr());
    let arrived = sink.receipts();
    for (signal, acknowledged) in clients.join_all().await {
        let tally = arrived.tally(signal)?;
        let missing: Vec<u64> =
            acknowledged.iter().flat_map(|first| tally.missing(*first..*first + ITEMS_PER_REQUEST)).collect();
        assert!(acknowledged.len() > 5, "{signal}: only {} requests were acknowledged", acknowledged.len());
        assert_eq!((signal, missing, tally.duplicated()), (signal, vec![], vec![]));
    }
    Ok(())
}

/// One request after the other until the agent takes no more; the first numbers of those that it acknowledged.
async fn send_until_it_ends(address: SocketAddr, signal: Signal, first: u64) -> Vec<u64> {
    let template = Template::new(signal);
    let mut acknowledged = Vec::new();
    let Ok(client) = GrpcClient::connect(address).await else { return acknowledged };
    for first in (first..).step_by(usize::try_from(ITEMS_PER_REQUEST).unwrap()) {
        match client.export(signal, &template.request(first)).await {
            Ok(reply) if reply.code() == Some(0) => acknowledged.push(first),
            Ok(_refused) => {}
            Err(_ended) => break,
        }
    }
    acknowledged
}

#[tokio::test]
async fn an_idle_agent_ends_at_once_with_exit_code_0_on_either_signal() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    for signal in [process::TERM, process::INT] {
        let mut forwarder = Forwarder::to(&sink)?.start().await?;
        let _idle = forwarder.client().await?;

        process::signal(forwarder.agent.pid(), signal)?;

        let status = forwarder.agent.wait().await?;
        assert_eq!(status.code(), Some(0), "{}", forwarder.agent.stderr());
    }
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_the_agent_at_once() -> anyhow::Result<()> {
    let (_sink, mut forwarder) = stuck("10m").await?;
    forwarder.agent.ask_to_end()?;
    forwarder.agent.wait_for_log("stopping").await?;

    let (status, took) = forwarder.agent.terminate().await?;

    assert_eq!(status.code(), Some(1), "{}", forwarder.agent.stderr());
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    Ok(())
}

#[tokio::test]
async fn the_deadline_ends_an_agent_whose_backend_never_answers() -> anyhow::Result<()> {
    let (_sink, mut forwarder) = stuck("300ms").await?;

    let (status, took) = forwarder.agent.terminate().await?;

    assert_eq!(status.code(), Some(1), "{}", forwarder.agent.stderr());
    assert!((Duration::from_millis(300)..Duration::from_secs(5)).contains(&took), "it took {took:?}");
    forwarder.agent.wait_for_log("deadline").await
}

#[tokio::test]
async fn a_backend_that_comes_back_within_the_deadline_gets_everything() -> anyhow::Result<()> {
    let (sink, mut forwarder) = stuck("10m").await?;
    forwarder.agent.ask_to_end()?;
    forwarder.agent.wait_for_log("stopping").await?;

    sink.otherwise(Answer::accept());

    assert_eq!(forwarder.agent.wait().await?.code(), Some(0), "{}", forwarder.agent.stderr());
    assert_eq!(sink.receipts().tally(Signal::Logs)?.missing(1..=300), Vec::<u64>::new());
    Ok(())
}

/// An agent that has acknowledged three requests which its backend does not take.
async fn stuck(shutdown_timeout: &str) -> anyhow::Result<(Sink, Forwarder)> {
    let sink = Sink::start().await?;
    sink.otherwise(Answer::nothing());
    let forwarder = Forwarder::to(&sink)?
        .argument("--shutdown-timeout")
        .argument(shutdown_timeout)
        .with("exporters: {otlp_grpc: {timeout: 1s, retry_on_failure: {initial_interval: 10ms}}}")
        .start()
        .await?;
    let client = forwarder.client().await?;
    let template = Template::new(Signal::Logs);
    for first in [1, 101, 201] {
        assert_eq!(client.export(Signal::Logs, &template.request(first)).await?.code(), Some(0));
    }
    sink.wait_until(|receipts| receipts.len() >= 3).await?;
    Ok((sink, forwarder))
}
