//! Several backends, each with its share of the traces.

use std::collections::{BTreeMap, BTreeSet};

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::load::Tally;
use edgewatch_tests::sink::{Answer, Sink};
use edgewatch_tests::status::Code;

use super::exporter::{SOON, counted, pipelines, send};

#[tokio::test]
async fn a_trace_arrives_at_one_backend_whenever_it_is_sent() -> anyhow::Result<()> {
    let sinks = [Sink::start().await?, Sink::start().await?, Sink::start().await?];
    let forwarder = balancing(&sinks, SOON)?.start().await?;

    send(&forwarder, Signal::Traces, 50).await?;

    forwarder.wait_for_own_metrics(|page| counted(page, "otelcol_exporter_sent_spans") == 5000.0).await?;
    let mut traces: BTreeMap<Vec<u8>, BTreeSet<usize>> = BTreeMap::new();
    for (number, sink) in sinks.iter().enumerate() {
        for request in sink.receipts().traces()? {
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            for span in scopes.flat_map(|scope| scope.spans) {
                traces.entry(span.trace_id).or_default().insert(number);
            }
        }
    }
    assert!(traces.values().all(|places| places.len() == 1), "{traces:?}");
    let used: BTreeSet<usize> = traces.into_values().flatten().collect();
    assert!(used.len() > 1, "not all at one backend");
    assert_eq!(missing(&sinks, Signal::Traces, 1..=5000)?, Vec::<u64>::new());
    Ok(())
}

#[tokio::test]
async fn a_dead_backend_delays_neither_the_others_nor_the_clients() -> anyhow::Result<()> {
    let sinks = [Sink::start().await?, Sink::start().await?, Sink::start().await?];
    sinks[1].otherwise(Answer::status(Code::Unavailable, "down"));
    // More values than there are traces in a request, so that each backend has a share.
    let by_client = "exporters: {loadbalancing: {routing_key: attributes, routing_attributes: [client.address, url.path]}}";
    let forwarder = balancing(&sinks, SOON)?.with(by_client).start().await?;

    send(&forwarder, Signal::Traces, 50).await?;
    let living = [&sinks[0], &sinks[2]];
    forwarder
        .wait_for_own_metrics(|page| {
            let success = [("endpoint", &*living[0].grpc_address().to_string()), ("success", "true")];
            let other = [("endpoint", &*living[1].grpc_address().to_string()), ("success", "true")];
            let delivered =
                |labels: &[(&str, &str)]| page.value("otelcol_loadbalancer_backend_outcome", labels);
            delivered(&success) == Some(50.0) && delivered(&other) == Some(50.0)
        })
        .await?;

    // What belongs to the dead one waits for it.
    let waiting = missing(&sinks, Signal::Traces, 1..=5000)?;
    assert!(!waiting.is_empty());
    sinks[1].otherwise(Answer::accept());
    sinks[1].wait_for_items(Signal::Traces, waiting.len() as u64).await?;
    assert_eq!(missing(&sinks, Signal::Traces, 1..=5000)?, Vec::<u64>::new());
    assert_eq!(duplicated(&sinks, Signal::Traces)?, Vec::<u64>::new());
    Ok(())
}

#[tokio::test]
async fn metrics_and_logs_of_a_service_stay_together() -> anyhow::Result<()> {
    let sinks = [Sink::start().await?, Sink::start().await?, Sink::start().await?];
    let forwarder = balancing(&sinks, SOON)?.start().await?;
    for (signal, sent) in [
        (Signal::Metrics, "otelcol_exporter_sent_metric_points"),
        (Signal::Logs, "otelcol_exporter_sent_log_records"),
    ] {
        send(&forwarder, signal, 10).await?;
        forwarder.wait_for_own_metrics(|page| counted(page, sent) == 1000.0).await?;
        let used = sinks.iter().filter(|sink| sink.receipts().items(signal) > 0);
        assert_eq!(used.count(), 1, "{signal}");
        assert_eq!(missing(&sinks, signal, 1..=1000)?, Vec::<u64>::new());
    }
    Ok(())
}

#[tokio::test]
async fn the_addresses_of_a_name_are_destinations() -> anyhow::Result<()> {
    let sink = Sink::start().await?;
    let port = sink.grpc_address().port();
    let resolver = format!("dns: {{hostname: localhost, port: {port}, interval: 50ms}}");
    let forwarder = with_resolver(&sink, &resolver, SOON)?.start().await?;
    let found = |page: &edgewatch_tests::metrics_page::MetricsPage| {
        counted(page, "otelcol_loadbalancer_num_backends") >= 1.0
    };
    forwarder.wait_for_own_metrics(found).await?;

    send(&forwarder, Signal::Logs, 5).await?;

    let arrived = sink.wait_for_items(Signal::Logs, 500).await;
    // Where the name also means ::1, what belongs there has no backend in this test.
    let page = forwarder.own_metrics().await?;
    if counted(&page, "otelcol_loadbalancer_num_backends") == 1.0 {
        assert_eq!(arrived?.tally(Signal::Logs)?.missing(1..=500), Vec::<u64>::new());
    }
    Ok(())
}

/// An agent that spreads everything over `sinks`; `settings` are YAML pairs of the exporter for each.
fn balancing(sinks: &[Sink], settings: &str) -> anyhow::Result<Builder> {
    let hostnames: Vec<String> = sinks.iter().map(|sink| format!("'{}'", sink.grpc_address())).collect();
    with_resolver(&sinks[0], &format!("static: {{hostnames: [{}]}}", hostnames.join(", ")), settings)
}

fn with_resolver(sink: &Sink, resolver: &str, settings: &str) -> anyhow::Result<Builder> {
    let otlp = format!("tls: {{insecure: true}}, compression: none, {settings}");
    let exporter = format!("resolver: {{{resolver}}}, protocol: {{otlp: {{{otlp}}}}}");
    Ok(Forwarder::to(sink)?
        .with(&format!("exporters: {{loadbalancing: {{{exporter}}}}}"))
        .with(&pipelines("load_balancing")))
}

fn tallies(sinks: &[Sink], signal: Signal) -> anyhow::Result<Vec<Tally>> {
    sinks.iter().map(|sink| sink.receipts().tally(signal)).collect()
}

fn missing(
    sinks: &[Sink],
    signal: Signal,
    numbers: std::ops::RangeInclusive<u64>,
) -> anyhow::Result<Vec<u64>> {
    let tallies = tallies(sinks, signal)?;
    Ok(tallies.iter().fold(numbers.collect(), |left: Vec<u64>, tally| tally.missing(left)))
}

/// Those that arrived twice, at one backend or at two.
fn duplicated(sinks: &[Sink], signal: Signal) -> anyhow::Result<Vec<u64>> {
    let mut all = Vec::new();
    for sink in sinks {
        for receipt in sink.receipts().accepted(signal) {
            all.extend(receipt.numbers()?);
        }
    }
    Ok(all.into_iter().collect::<Tally>().duplicated())
}
