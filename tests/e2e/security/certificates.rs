//! Certificates that change while telemetry flows.

use edgewatch_tests::client::GrpcClient;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{PATIENCE, Sink};
use edgewatch_tests::{Signal, tls};

use super::scene::{BOTH, Files, Load, exporter, pipelines};

#[tokio::test]
async fn an_exporter_changes_its_certificate_under_load_and_loses_nothing() -> anyhow::Result<()> {
    for transport in BOTH {
        let authority = tls::Authority::new()?;
        let files = Files::new()?;
        files.write_identity(&authority.issue(&["agent"])?)?;
        let ca = files.write("ca.pem", &authority.certificate())?;
        let sink = Sink::start_tls(tls::server(&authority.issue(&["127.0.0.1"])?, Some(&authority))?).await?;
        let (name, endpoint) = exporter(&sink, transport, "https");
        let settings =
            format!("{{endpoint: '{endpoint}', tls: {{ca_file: {}, {}}}}}", ca.display(), files.tls());
        let forwarder = Forwarder::to(&sink)?
            .with(&format!("exporters: {{{name}/tls: {settings}}}"))
            .with(&pipelines(&format!("{name}/tls")))
            .start()
            .await?;
        let load = Load::begin([forwarder.client().await?, forwarder.client().await?]);
        sink.wait_for_items(Signal::Traces, 1000).await?;

        for rotation in 1..=5_u8 {
            let connections = sink.connections();
            files.write_identity(&authority.issue(&["agent"])?)?;
            let reloaded = |page: &edgewatch_tests::metrics_page::MetricsPage| {
                page.value("edgewatch_tls_reloads", &[]).is_some_and(|count| count >= f64::from(rotation))
            };
            forwarder.wait_for_own_metrics(reloaded).await?;
            let so_far = sink.receipts().items(Signal::Traces);
            sink.wait_for_items(Signal::Traces, so_far + 1000).await?;
            assert!(sink.connections() > connections, "{transport:?}: the old connections are still in use");
        }

        load.end(&sink).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_receiver_changes_its_certificate_under_load_and_loses_nothing() -> anyhow::Result<()> {
    let (old, new) = (tls::Authority::new()?, tls::Authority::new()?);
    let files = Files::new()?;
    files.write_identity(&old.issue(&["localhost"])?)?;
    let sink = Sink::start().await?;
    let forwarder = Forwarder::to(&sink)?
        .with(&format!("receivers: {{otlp: {{protocols: {{grpc: {{tls: {{{}}}}}}}}}}}", files.tls()))
        .start()
        .await?;
    let connect = async |authority: &tls::Authority| {
        let config = tls::client(authority, None)?;
        GrpcClient::over(tls::connect(forwarder.grpc, "localhost", config, "h2").await?).await
    };
    let before = Load::begin([connect(&old).await?]);
    sink.wait_for_items(Signal::Traces, 1000).await?;

    files.write_identity(&new.issue(&["localhost"])?)?;
    let renewed = async {
        loop {
            match connect(&new).await {
                Ok(client) => break client,
                // The files are read again at the handshake that comes after the interval.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let client = tokio::time::timeout(PATIENCE, renewed).await?;
    assert!(connect(&old).await.is_err(), "the old certificate is still shown");

    let so_far = sink.receipts().items(Signal::Traces);
    sink.wait_for_items(Signal::Traces, so_far + 1000).await?;
    before.end(&sink).await?;
    let template = edgewatch_tests::load::Template::new(Signal::Logs);
    assert_eq!(client.export(Signal::Logs, &template.request(1)).await?.code(), Some(0));
    assert_eq!(sink.wait_for_items(Signal::Logs, 100).await?.tally(Signal::Logs)?.distinct(), 100);
    Ok(())
}
