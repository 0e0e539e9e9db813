//! A primary backend and a backup.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::load::{Tally, Template};
use edgewatch_tests::metrics_page::MetricsPage;
use edgewatch_tests::ports;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::Code;

use super::exporter::{SOON, counted};

/// Exporters that give a batch back at once.
const AT_ONCE: &str = "sending_queue: {wait_for_result: true}, retry_on_failure: {enabled: false}";

#[tokio::test]
async fn the_backup_takes_over_when_the_primary_dies_and_gives_back_when_it_is_there_again()
-> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let (primary, backup) = (Sink::start_at(grpc, http).await?, Sink::start().await?);
    let forwarder = between(&primary, &backup, AT_ONCE, "200ms")?.start().await?;

    send(&forwarder, 1..=10).await?;
    let before = primary.wait_for_items(Signal::Traces, 1000).await?.tally(Signal::Traces)?;
    assert_eq!(backup.receipts().items(Signal::Traces), 0);
    drop(primary);
    send(&forwarder, 11..=20).await?;
    let meanwhile = backup.wait_for_items(Signal::Traces, 1000).await?;

    let primary = Sink::start_at(grpc, http).await?;
    let mut last = 20;
    while primary.receipts().is_empty() {
        last += 1;
        send(&forwarder, last..=last).await?;
        forwarder.wait_for_own_metrics(|page| sent(page) == last as f64 * 100.0).await?;
        anyhow::ensure!(last < 10_000, "the primary never gets anything again");
    }
    let at_backup = backup.receipts().len();
    send(&forwarder, last + 1..=last + 20).await?;
    last += 20;
    forwarder.wait_for_own_metrics(|page| sent(page) == last as f64 * 100.0).await?;

    assert!(meanwhile.len() <= at_backup);
    assert_eq!(backup.receipts().len(), at_backup, "all of it goes to the primary again");
    let arrived = [before, tally(&primary)?, tally(&backup)?];
    let numbers =
        || (1..=last * 100).filter(|number| arrived.iter().all(|at| !at.missing([*number]).is_empty()));
    assert_eq!(numbers().count(), 0, "lost: {:?}", numbers().take(5).collect::<Vec<_>>());
    let distinct: usize = arrived.iter().map(Tally::distinct).sum();
    assert_eq!(distinct as u64, last * 100, "nothing at both");
    assert!(arrived.iter().all(|at| at.duplicated().is_empty()), "nothing twice");
    Ok(())
}

#[tokio::test]
async fn new_data_moves_at_once_while_the_primarys_queue_keeps_trying() -> anyhow::Result<()> {
    let (primary, backup) = (Sink::start().await?, Sink::start().await?);
    primary.otherwise(Answer::status(Code::Unavailable, "down"));
    // Retries for five minutes, as by default.
    let forwarder = between(&primary, &backup, SOON, "10m")?.start().await?;
    send(&forwarder, 1..=1).await?;
    forwarder.wait_for_own_metrics(|page| counted(page, "edgewatch_exporter_retries") > 0.0).await?;

    send(&forwarder, 2..=11).await?;
    let moved = backup.wait_for_items(Signal::Traces, 1000).await?.tally(Signal::Traces)?;
    assert_eq!(moved.missing(101..=1100), Vec::<u64>::new());

    primary.otherwise(Answer::accept());
    let kept = primary.wait_for_items(Signal::Traces, 100).await?.tally(Signal::Traces)?;
    assert_eq!((kept.missing(1..=100), kept.duplicated()), (vec![], vec![]));
    forwarder.wait_for_own_metrics(|page| counted(page, "otelcol_exporter_sent_spans") == 1100.0).await?;
    send(&forwarder, 12..=12).await?;
    primary.wait_for_items(Signal::Traces, 200).await?;
    assert_eq!(backup.receipts().items(Signal::Traces), 1000, "long before retry_interval");
    Ok(())
}

#[tokio::test]
async fn what_the_primarys_queue_gives_up_reaches_the_backup() -> anyhow::Result<()> {
    let (primary, backup) = (Sink::start().await?, Sink::start().await?);
    primary.otherwise(Answer::status(Code::Unavailable, "down"));
    let patience = "retry_on_failure: {initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 300ms}";
    let forwarder = between(&primary, &backup, patience, "10m")?.start().await?;

    send(&forwarder, 1..=50).await?;

    let arrived = backup.wait_for_items(Signal::Traces, 5000).await?.tally(Signal::Traces)?;
    assert_eq!((arrived.missing(1..=5000), arrived.duplicated()), (vec![], vec![]));
    let page = forwarder.own_metrics().await?;
    assert!(counted(&page, "otelcol_connector_failover_count") >= 1.0, "{page}");
    assert!(counted(&page, "edgewatch_connector_failover_resent_items") >= 100.0, "{page}");
    Ok(())
}

#[tokio::test]
async fn with_both_down_nothing_is_lost_and_the_first_that_is_back_gets_it() -> anyhow::Result<()> {
    let (grpc, http) = (ports::free()?, ports::free()?);
    let (primary, nowhere) = (Sink::start().await?, ports::free()?);
    primary.otherwise(Answer::status(Code::Unavailable, "down"));
    let giving_up = "retry_on_failure: {initial_interval: 20ms, max_interval: 50ms, max_elapsed_time: 200ms}";
    let config = config(&primary.grpc_address().to_string(), &grpc.to_string(), giving_up, SOON, "50ms");
    let forwarder = Forwarder::to_address(nowhere)?.with(&config).start().await?;
    send(&forwarder, 1..=30).await?;
    forwarder.wait_for_own_metrics(|page| counted(page, "edgewatch_exporter_retries") > 10.0).await?;

    let backup = Sink::start_at(grpc, http).await?;

    let arrived = backup.wait_for_items(Signal::Traces, 3000).await?.tally(Signal::Traces)?;
    assert_eq!((arrived.missing(1..=3000), arrived.duplicated()), (vec![], vec![]));
    assert_eq!(primary.receipts().items(Signal::Traces), 0);
    Ok(())
}

/// An agent with `primary` before `backup`; `settings` are those of the exporter to the primary.
fn between(primary: &Sink, backup: &Sink, settings: &str, interval: &str) -> anyhow::Result<Builder> {
    let [first, second] = [primary, backup].map(|sink| sink.grpc_address().to_string());
    Ok(Forwarder::to(primary)?.with(&config(&first, &second, settings, SOON, interval)))
}

fn config(primary: &str, backup: &str, first: &str, second: &str, interval: &str) -> String {
    let plain = "tls: {insecure: true}, compression: none";
    format!(
        "
connectors:
  failover: {{priority_levels: [[traces/primary], [traces/backup]], retry_interval: {interval}}}
exporters:
  otlp_grpc/primary: {{endpoint: '{primary}', {plain}, {first}}}
  otlp_grpc/backup: {{endpoint: '{backup}', {plain}, {second}}}
service:
  pipelines:
    traces: {{receivers: [otlp], exporters: [failover]}}
    traces/primary: {{receivers: [failover], exporters: [otlp_grpc/primary]}}
    traces/backup: {{receivers: [failover], exporters: [otlp_grpc/backup]}}
"
    )
}

/// Sends the requests with these numbers, a hundred items each.
async fn send(forwarder: &Forwarder, requests: std::ops::RangeInclusive<u64>) -> anyhow::Result<()> {
    let client = forwarder.client().await?;
    let template = Template::new(Signal::Traces);
    for request in requests {
        let reply = client.export(Signal::Traces, &template.request(100 * request - 99)).await?;
        anyhow::ensure!(reply.code() == Some(0), "{reply:?}");
    }
    Ok(())
}

fn sent(page: &MetricsPage) -> f64 {
    counted(page, "otelcol_exporter_sent_spans")
}

fn tally(sink: &Sink) -> anyhow::Result<Tally> {
    sink.receipts().tally(Signal::Traces)
}
