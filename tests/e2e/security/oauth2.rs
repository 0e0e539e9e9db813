//! Tokens of an authorization server that expire, fail to come, and are refused.

use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::load::Template;
use edgewatch_tests::sink::{Answer, Receipts, Sink, Transport};
use edgewatch_tests::status::Code;

use super::scene::{BOTH, Load, exporter, pipelines};
use super::token_server::TokenServer;

async fn forwarder(sink: &Sink, transport: Transport, server: &TokenServer) -> anyhow::Result<Forwarder> {
    let (name, endpoint) = exporter(sink, transport, "http");
    Forwarder::to(sink)?
        .with(&server.extension())
        .with(&format!(
            "exporters: {{{name}/it: {{endpoint: '{endpoint}', tls: {{insecure: true}}, auth: {{authenticator: oauth2client}},
             retry_on_failure: {{initial_interval: 20ms, max_interval: 50ms}}}}}}"
        ))
        .with(&pipelines(&format!("{name}/it")))
        .with("service: {extensions: [oauth2client]}")
        .start()
        .await
}

/// The tokens that came, in order, each once.
fn tokens(receipts: &Receipts) -> Vec<&str> {
    let mut tokens: Vec<_> = receipts.all().filter_map(|receipt| receipt.header("authorization")).collect();
    tokens.dedup();
    tokens
}

async fn send(forwarder: &Forwarder, requests: u64) -> anyhow::Result<()> {
    let (client, template) = (forwarder.client().await?, Template::new(Signal::Traces));
    for number in 0..requests {
        let reply = client.export(Signal::Traces, &template.request(1 + 100 * number)).await?;
        anyhow::ensure!(reply.code() == Some(0), "{reply:?}");
    }
    Ok(())
}

#[tokio::test]
async fn tokens_are_replaced_before_they_expire_and_nothing_is_lost() -> anyhow::Result<()> {
    for transport in BOTH {
        let (sink, server) = (Sink::start().await?, TokenServer::start(1).await?);
        let forwarder = forwarder(&sink, transport, &server).await?;
        let load = Load::begin([forwarder.client().await?]);

        sink.wait_until(|receipts| tokens(receipts).len() >= 4).await?;

        load.end(&sink).await?;
        let (issued, refused) = server.counted();
        let used = tokens(&sink.receipts()).len() as u64;
        assert!((used..=used + 1).contains(&issued), "{issued} were issued and {used} used");
        assert_eq!(refused, 0);
    }
    Ok(())
}

#[tokio::test]
async fn while_there_is_no_token_batches_wait() -> anyhow::Result<()> {
    for transport in BOTH {
        let (sink, server) = (Sink::start().await?, TokenServer::start(3600).await?);
        server.fail(true);
        let forwarder = forwarder(&sink, transport, &server).await?;

        send(&forwarder, 5).await?;
        forwarder
            .wait_for_own_metrics(|page| {
                page.value("edgewatch_oauth2_token_failures", &[]).is_some_and(|n| n > 1.0)
            })
            .await?;
        assert!(sink.receipts().is_empty());
        server.fail(false);

        let tally = sink.wait_for_items(Signal::Traces, 500).await?.tally(Signal::Traces)?;
        assert_eq!((tally.missing(1..=500), tally.duplicated()), (vec![], vec![]));
        assert!(!forwarder.agent.stderr().contains("very secret"));
    }
    Ok(())
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_request_sent_again() -> anyhow::Result<()> {
    for (transport, code) in [(BOTH[0], Code::Unauthenticated), (BOTH[1], Code::PermissionDenied)] {
        let (sink, server) = (Sink::start().await?, TokenServer::start(3600).await?);
        let forwarder = forwarder(&sink, transport, &server).await?;
        send(&forwarder, 1).await?;
        sink.wait_for_items(Signal::Traces, 100).await?;
        sink.script([Answer::status(code, "who are you?")]);

        send(&forwarder, 1).await?;

        let receipts = sink.wait_for_items(Signal::Traces, 200).await?;
        assert_eq!((receipts.len(), tokens(&receipts)), (3, vec!["Bearer t1", "Bearer t2"]));
        assert_eq!(server.counted(), (2, 0));
    }
    Ok(())
}
