//! Tokens and passwords, on both sides.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use edgewatch_tests::Signal;
use edgewatch_tests::forwarder::Forwarder;
use edgewatch_tests::sink::{PATIENCE, Sink};

use super::scene::{BOTH, Files, exporter, is_let_in, pipelines};

#[tokio::test]
async fn tokens_in_files_change_while_the_agent_runs() -> anyhow::Result<()> {
    for transport in BOTH {
        let sink = Sink::start().await?;
        let files = Files::new()?;
        let clients = files.write("clients", "client-old")?;
        let backend = files.write("backend", "backend-old")?;
        let (name, endpoint) = exporter(&sink, transport, "http");
        let forwarder = Forwarder::to(&sink)?
            .with(&format!(
                "extensions: {{bearertokenauth/clients: {{filename: {}}}, bearer_token_auth/backend: {{filename: {}}}}}",
                clients.display(),
                backend.display()
            ))
            .with(&guarded_by("bearertokenauth/clients"))
            .with(&format!(
                "exporters: {{{name}/it: {{endpoint: '{endpoint}', tls: {{insecure: true}},
                 headers: {{authorization: static}}, auth: {{authenticator: bearer_token_auth/backend}}}}}}"
            ))
            .with(&pipelines(&format!("{name}/it")))
            .with("service: {extensions: [bearertokenauth/clients, bearer_token_auth/backend]}")
            .start()
            .await?;
        assert!(is_let_in(&forwarder, transport, Some("Bearer client-old")).await?);
        for stranger in [None, Some("Bearer client-new"), Some("Basic client-old")] {
            assert!(!is_let_in(&forwarder, transport, stranger).await?, "{stranger:?}");
        }
        let receipts = sink.wait_for_items(Signal::Logs, 100).await?;
        let sent: Vec<_> = receipts.all().map(|receipt| receipt.header("authorization")).collect();
        assert_eq!(sent, [Some("Bearer backend-old")]);

        files.write("clients", "client-new")?;
        files.write("backend", "backend-new")?;

        let known = async {
            while !is_let_in(&forwarder, transport, Some("Bearer client-new")).await? {
                // The file is looked at once a second.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, known).await??;
        assert!(!is_let_in(&forwarder, transport, Some("Bearer client-old")).await?);
        sink.wait_until(|receipts| {
            receipts.all().any(|receipt| receipt.header("authorization") == Some("Bearer backend-new"))
        })
        .await?;
        let refused = forwarder.own_metrics().await?;
        let label = [("reason", "unauthenticated")];
        assert!(refused.value("edgewatch_receiver_rejected_requests", &label).unwrap_or_default() >= 4.0);
        says_no_secret(&forwarder, &["client-old", "client-new", "backend-old", "backend-new"]);
    }
    Ok(())
}

#[tokio::test]
async fn passwords_open_the_receiver_and_the_backend_over_grpc_and_http() -> anyhow::Result<()> {
    let of = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    for transport in BOTH {
        let sink = Sink::start().await?;
        let (name, endpoint) = exporter(&sink, transport, "http");
        let forwarder = Forwarder::to(&sink)?
            .with(
                // The hash is of `open sesame`.
                "extensions: {
                    basicauth/clients: {htpasswd: {inline: 'shop:$$apr1$$R8rKu0tB$$5cKX/RpCXT2lI7BYmzyp21'}},
                    basic_auth/backend: {client_auth: {username: edge, password: very secret}}}",
            )
            .with(&guarded_by("basicauth/clients"))
            .with(&format!(
                "exporters: {{{name}/it: {{endpoint: '{endpoint}', tls: {{insecure: true}}, auth: {{authenticator: basic_auth/backend}}}}}}"
            ))
            .with(&pipelines(&format!("{name}/it")))
            .with("service: {extensions: [basicauth/clients, basic_auth/backend]}")
            .start()
            .await?;

        for _ in 0..2 {
            assert!(is_let_in(&forwarder, transport, Some(&of("shop:open sesame"))).await?);
        }
        for stranger in
            [None, Some(of("shop:open")), Some(of("other:open sesame")), Some("Bearer x".to_owned())]
        {
            assert!(!is_let_in(&forwarder, transport, stranger.as_deref()).await?, "{stranger:?}");
        }

        let receipts = sink.wait_for_items(Signal::Logs, 200).await?;
        assert!(
            receipts.all().all(|receipt| receipt.header("authorization") == Some(&of("edge:very secret")))
        );
        says_no_secret(&forwarder, &["open sesame", "very secret", &of("edge:very secret"), "R8rKu0tB"]);
    }
    Ok(())
}

fn guarded_by(authenticator: &str) -> String {
    let auth = format!("{{auth: {{authenticator: {authenticator}}}}}");
    format!("receivers: {{otlp: {{protocols: {{grpc: {auth}, http: {auth}}}}}}}")
}

fn says_no_secret(forwarder: &Forwarder, secrets: &[&str]) {
    let said = forwarder.agent.stderr();
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} is told:\n{said}");
    }
}
