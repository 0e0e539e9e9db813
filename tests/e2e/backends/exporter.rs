//! An agent with one of the two OTLP exporters.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::{Builder, Forwarder};
use edgewatch_tests::load::Template;
use edgewatch_tests::metrics_page::MetricsPage;
use edgewatch_tests::sink::{Sink, Transport};

/// Retries that come soon.
pub(super) const SOON: &str = "retry_on_failure: {initial_interval: 20ms, max_interval: 50ms}";

/// An agent that sends to `sink` over `transport`; `settings` are YAML pairs of the exporter.
pub(super) fn exporting(sink: &Sink, transport: Transport, settings: &str) -> anyhow::Result<Builder> {
    let insecure = "tls: {insecure: true}, compression: none";
    let (name, endpoint) = match transport {
        Transport::Grpc => ("otlp_grpc", sink.grpc_address().to_string()),
        Transport::Http => ("otlp_http", sink.http_endpoint()),
    };
    Ok(Forwarder::to(sink)?
        .with(&format!("exporters: {{{name}/it: {{endpoint: '{endpoint}', {insecure}}}}}"))
        .with(&format!("exporters: {{{name}/it: {{{settings}}}}}"))
        .with(&pipelines(&format!("{name}/it"))))
}

/// Every pipeline with these exporters and no others.
pub(super) fn pipelines(exporters: &str) -> String {
    let pipelines = Signal::ALL.map(|signal| format!("{signal}: {{exporters: [{exporters}]}}")).join(", ");
    format!("service: {{pipelines: {{{pipelines}}}}}")
}

/// Sends `count` requests of numbered items, the first number being 1, all of which are accepted.
pub(super) async fn send(forwarder: &Forwarder, signal: Signal, count: u64) -> anyhow::Result<()> {
    let client = forwarder.client().await?;
    let template = Template::new(signal);
    for request in 0..count {
        let reply = client.export(signal, &template.request(1 + 100 * request)).await?;
        anyhow::ensure!(reply.code() == Some(0), "{reply:?}");
    }
    Ok(())
}

/// A counter over both exporters' ids.
pub(super) fn counted(page: &MetricsPage, name: &str) -> f64 {
    page.value(name, &[]).unwrap_or_default()
}
