//! Backends that speak TLS.

use std::path::{Path, PathBuf};

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{Sink, Transport};
use edgewatch_tests::tls::{Authority, Identity, server};
use tempfile::TempDir;

use super::exporter::{SOON, counted, pipelines, send};

const BOTH: [Transport; 2] = [Transport::Grpc, Transport::Http];

#[tokio::test]
async fn a_backend_with_a_certificate_of_the_configured_authority_gets_everything() -> anyhow::Result<()> {
    let authority = Authority::new()?;
    let files = Files::of(&authority)?;
    for transport in BOTH {
        let sink = Sink::start_tls(server(&authority.issue(&["127.0.0.1"])?, None)?).await?;
        let forwarder =
            encrypted(&sink, transport, &format!("ca_file: {}", files.authority.display())).await?;

        send(&forwarder, Signal::Traces, 3).await?;

        let arrived = sink.wait_for_items(Signal::Traces, 300).await?;
        assert_eq!(arrived.tally(Signal::Traces)?.missing(1..=300), Vec::<u64>::new());
    }
    Ok(())
}

#[tokio::test]
async fn a_backend_that_demands_a_client_certificate_gets_one() -> anyhow::Result<()> {
    let authority = Authority::new()?;
    let files = Files::of(&authority)?;
    for transport in BOTH {
        let sink = Sink::start_tls(server(&authority.issue(&["127.0.0.1"])?, Some(&authority))?).await?;
        let forwarder = encrypted(&sink, transport, &files.mutual()).await?;

        send(&forwarder, Signal::Logs, 1).await?;

        sink.wait_for_items(Signal::Logs, 100).await?;
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_sent_to_backends_that_cannot_be_trusted_or_do_not_trust_us() -> anyhow::Result<()> {
    let (authority, stranger) = (Authority::new()?, Authority::new()?);
    let files = Files::of(&authority)?;
    let known = format!("ca_file: {}", files.authority.display());
    let cases = [
        ("a certificate of a stranger", server(&stranger.issue(&["127.0.0.1"])?, None)?, known.clone()),
        (
            "a certificate for another name",
            server(&authority.issue(&["elsewhere.example"])?, None)?,
            known.clone(),
        ),
        ("no client certificate", server(&authority.issue(&["127.0.0.1"])?, Some(&authority))?, known),
        (
            "an unknown client certificate",
            server(&authority.issue(&["127.0.0.1"])?, Some(&stranger))?,
            files.mutual(),
        ),
    ];
    for (case, config, tls) in cases {
        for transport in BOTH {
            let sink = Sink::start_tls(config.clone()).await?;
            let forwarder = encrypted(&sink, transport, &tls).await?;

            send(&forwarder, Signal::Traces, 1).await?;

            forwarder.wait_for_own_metrics(|page| counted(page, "edgewatch_exporter_retries") > 1.0).await?;
            assert!(sink.receipts().is_empty(), "{case}, {transport:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_name_to_expect_can_be_configured_and_checks_can_be_switched_off() -> anyhow::Result<()> {
    let authority = Authority::new()?;
    let files = Files::of(&authority)?;
    let elsewhere = server(&authority.issue(&["elsewhere.example"])?, None)?;
    let named = format!("ca_file: {}, server_name_override: elsewhere.example", files.authority.display());
    for tls in [named.as_str(), "insecure_skip_verify: true"] {
        for transport in BOTH {
            let sink = Sink::start_tls(elsewhere.clone()).await?;
            let forwarder = encrypted(&sink, transport, tls).await?;

            send(&forwarder, Signal::Metrics, 1).await?;

            sink.wait_for_items(Signal::Metrics, 100).await?;
        }
    }
    Ok(())
}

async fn encrypted(sink: &Sink, transport: Transport, tls: &str) -> anyhow::Result<Forwarder> {
    let (name, endpoint) = match transport {
        Transport::Grpc => ("otlp_grpc", sink.grpc_address().to_string()),
        Transport::Http => ("otlp_http", format!("https://{}", sink.http_address())),
    };
    Forwarder::to(sink)?
        .with(&format!("exporters: {{{name}/tls: {{endpoint: '{endpoint}', {SOON}, tls: {{{tls}}}}}}}"))
        .with(&pipelines(&format!("{name}/tls")))
        .start()
        .await
}

/// The files that configurations name.
struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    _folder: TempDir,
}

impl Files {
    fn of(authority: &Authority) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("edgewatch-tls-")?;
        let Identity { certificate, key } = authority.issue(&["agent"])?;
        Ok(Self {
            authority: write(folder.path(), "ca.pem", &authority.certificate())?,
            certificate: write(folder.path(), "agent.pem", &certificate)?,
            key: write(folder.path(), "agent.key", &key)?,
            _folder: folder,
        })
    }

    fn mutual(&self) -> String {
        let Self { authority, certificate, key, _folder } = self;
        format!(
            "ca_file: {}, cert_file: {}, key_file: {}",
            authority.display(),
            certificate.display(),
            key.display()
        )
    }
}

fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let path = folder.join(name);
    std::fs::write(&path, text)?;
    Ok(path)
}
