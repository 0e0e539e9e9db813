//! Encryption and client certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::factory::ReceiverSpec as _;
use edgewatch_core::testing;
use http::StatusCode;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::OtlpReceiver;
use super::agent;
use super::client::{answer, framed, grpc_request, http_request};
use super::samples::request;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A certificate authority and what it signed, as files.
struct Authority {
    directory: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate");
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("ca.pem"), issuer.pem()).expect("a file");
        Self { directory, issuer }
    }

    fn sign(&self, name: &str) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        std::fs::write(self.directory.path().join("cert.pem"), certificate.pem()).expect("a file");
        std::fs::write(self.directory.path().join("key.pem"), key.serialize_pem()).expect("a file");
        (certificate.der().clone(), key)
    }

    fn file(&self, name: &str) -> Value {
        json!(self.directory.path().join(name))
    }

    /// A client that trusts the authority, with a certificate of it when `known`.
    fn client(&self, known: bool, alpn: &[u8]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = if known {
            let (certificate, key) = self.sign("client");
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            builder.with_client_auth_cert(vec![certificate], key).expect("a client certificate")
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = vec![alpn.to_vec()];
        config
    }
}

async fn connect(address: SocketAddr, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn both_protocols_are_served_encrypted() {
    let authority = Authority::new();
    authority.sign("localhost");
    let tls =
        json!({ "tls": { "cert_file": authority.file("cert.pem"), "key_file": authority.file("key.pem") } });
    let mut agent = agent::both(tls.clone(), tls).await;

    let stream = connect(agent.grpc(), authority.client(false, b"h2")).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .expect("HTTP/2");
    tokio::spawn(connection);
    let sent = request(Signal::Traces, 500);
    let call = sender.send_request(grpc_request(TRACES, &[], Full::new(Bytes::from(framed(false, &sent)))));
    let (response, taken) = tokio::join!(call, agent.deliver());
    assert_eq!(answer(response.expect("an answer")).await.code(), 0);
    assert_eq!(taken, (Signal::Traces, sent, 500));

    let stream = connect(agent.http(), authority.client(false, b"http/1.1")).await.expect("a handshake");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1");
    tokio::spawn(connection);
    let call = http_request("POST", "/v1/logs", &[("content-type", "application/json")], b"{}".to_vec());
    assert_eq!(answer(sender.send_request(call).await.expect("an answer")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn clients_without_a_certificate_are_turned_away_when_one_is_required() {
    let authority = Authority::new();
    authority.sign("localhost");
    let (cert, key, ca) = (authority.file("cert.pem"), authority.file("key.pem"), authority.file("ca.pem"));
    let tls =
        json!({ "tls": { "cert_file": cert, "key_file": key, "client_ca_file": ca, "min_version": "1.3" } });
    let agent = agent::both(tls, json!({})).await;

    let call = |config| async {
        let stream = connect(agent.grpc.expect("on"), config).await?;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        let request = grpc_request(TRACES, &[], Full::new(Bytes::from(framed(false, b""))));
        Ok::<_, std::io::Error>(
            answer(sender.send_request(request).await.map_err(std::io::Error::other)?).await,
        )
    };

    assert!(call(authority.client(false, b"h2")).await.is_err());
    assert!(call(Authority::new().client(true, b"h2")).await.is_err());
    assert_eq!(call(authority.client(true, b"h2")).await.expect("an answer").code(), 0);
    assert_eq!(agent.reading("edgewatch_receiver_closed_connections", &[("reason", "tls")]), 2.0);
}

/// Lets time pass for the receiver, without waiting.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_a_restart() {
    let authority = Authority::new();
    let (first, _) = authority.sign("localhost");
    let (cert, key) = (authority.file("cert.pem"), authority.file("key.pem"));
    let tls = json!({ "tls": { "cert_file": cert, "key_file": key, "reload_interval": "1m" } });
    let agent = agent::both(tls, json!({})).await;
    let served = || async {
        let stream =
            connect(agent.grpc.expect("on"), authority.client(false, b"h2")).await.expect("a handshake");
        stream.get_ref().1.peer_certificates().expect("a certificate")[0].clone()
    };
    let counted = || {
        ["edgewatch_receiver_tls_reloads", "edgewatch_receiver_tls_reload_errors"]
            .map(|name| agent.reading(name, &[("transport", "grpc")]))
    };
    assert_eq!(served().await, first);

    let (second, _) = authority.sign("localhost");
    pass(Duration::from_secs(59)).await;
    assert_eq!(served().await, first, "not yet");
    pass(Duration::from_secs(1)).await;
    assert_eq!(served().await, second);
    pass(Duration::from_secs(60)).await;
    assert_eq!((served().await, counted()), (second.clone(), [1.0, 0.0]), "nothing has changed");

    // Half of a change, and a bad file, change nothing.
    let key = std::fs::read(authority.directory.path().join("key.pem")).expect("a file");
    let (third, _) = authority.sign("localhost");
    let new_key = std::fs::read(authority.directory.path().join("key.pem")).expect("a file");
    std::fs::write(authority.directory.path().join("key.pem"), &key).expect("a file");
    pass(Duration::from_secs(60)).await;
    assert_eq!((served().await, counted()), (second.clone(), [1.0, 1.0]));
    std::fs::write(authority.directory.path().join("key.pem"), "half a fi").expect("a file");
    pass(Duration::from_secs(60)).await;
    assert_eq!((served().await, counted()), (second, [1.0, 2.0]));
    std::fs::write(authority.directory.path().join("key.pem"), &new_key).expect("a file");
    pass(Duration::from_secs(60)).await;
    assert_eq!((served().await, counted()), (third, [2.0, 2.0]));
}

#[tokio::test]
async fn files_that_do_not_answer_hold_up_nobody_but_the_one_who_looks() {
    let authority = Authority::new();
    let (first, _) = authority.sign("localhost");
    let (cert, key) = (authority.file("cert.pem"), authority.file("key.pem"));
    let tls = json!({ "tls": { "cert_file": cert, "key_file": key, "reload_interval": "1m" } });
    let agent = agent::both(tls, json!({})).await;
    let address = agent.grpc();
    let silent = testing::Silent::instead_of(authority.directory.path().join("cert.pem")).expect("a pipe");
    // Ends the silence also when the agent is held up, which is then found out.
    let (done, is_done) = std::sync::mpsc::channel();
    let ends = std::thread::spawn(move || {
        let in_time = is_done.recv_timeout(Duration::from_secs(10)).is_ok();
        drop(silent);
        in_time
    });

    pass(Duration::from_secs(60)).await;
    let config = authority.client(false, b"h2");
    let looking = tokio::spawn(connect(address, config.clone()));
    while !looking.is_finished() && agent.reading("edgewatch_receiver_connections", &[]) == 0.0 {
        tokio::task::yield_now().await;
    }
    let stream = connect(address, config).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.peer_certificates().expect("a certificate")[0], first);
    assert!(!looking.is_finished());

    let _ = done.send(());
    assert!(ends.join().expect("no panic"), "nothing else went on");
    looking.await.expect("no panic").expect("with the old certificate");
    assert_eq!(agent.reading("edgewatch_receiver_tls_reload_errors", &[("transport", "grpc")]), 1.0);
}

#[tokio::test]
async fn clients_are_known_by_the_authority_of_today() {
    let (server, old, new) = (Authority::new(), Authority::new(), Authority::new());
    server.sign("localhost");
    let trusted = server.directory.path().join("clients.pem");
    let trust = |authority: &Authority| std::fs::write(&trusted, authority.issuer.pem()).expect("a file");
    trust(&old);
    let tls = json!({ "tls": {
        "cert_file": server.file("cert.pem"),
        "key_file": server.file("key.pem"),
        "client_ca_file": trusted,
        "client_ca_file_reload": true
    } });
    let agent = agent::both(tls, json!({})).await;
    let call = |clients: &Authority| {
        let mut roots = RootCertStore::empty();
        roots.add(server.issuer.der().clone()).expect("a certificate");
        let (certificate, key) = clients.sign("client");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)
            .expect("a client certificate");
        exchange(agent.grpc.expect("on"), config)
    };
    assert_eq!((call(&old).await, call(&new).await), (true, false));

    trust(&new);
    assert_eq!((call(&old).await, call(&new).await), (true, false), "looked at once a second");
    pass(Duration::from_secs(1)).await;
    assert_eq!((call(&old).await, call(&new).await), (false, true));

    std::fs::write(&trusted, "half a fi").expect("a file");
    pass(Duration::from_secs(1)).await;
    assert_eq!((call(&old).await, call(&new).await), (false, true));
    assert_eq!(agent.reading("edgewatch_receiver_tls_reloads", &[]), 1.0);
    assert_eq!(agent.reading("edgewatch_receiver_tls_reload_errors", &[]), 1.0);
}

/// Whether a client with `config` gets an answer. With TLS 1.3 the handshake alone does not tell.
async fn exchange(address: SocketAddr, mut config: ClientConfig) -> bool {
    config.alpn_protocols = vec![b"h2".to_vec()];
    let Ok(stream) = connect(address, config).await else { return false };
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let Ok((mut sender, connection)) = handshake else { return false };
    tokio::spawn(connection);
    let request = grpc_request(TRACES, &[], Full::new(Bytes::from(framed(false, b""))));
    sender.send_request(request).await.is_ok()
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (context, _) = testing::context("otlp");
    let build = |tls: Value| {
        let config = agent::config(json!({ "protocols": { "grpc": { "tls": tls } } }));
        OtlpReceiver::build(config, &context).map(drop).expect_err("unusable files").to_string()
    };

    let missing = build(json!({ "cert_file": "/nonexistent/cert.pem", "key_file": "/nonexistent/key.pem" }));
    assert_eq!(
        missing,
        "protocols.grpc.tls.cert_file: /nonexistent/cert.pem cannot be read: No such file or directory (os error 2); \
         name a file that the agent may read"
    );
    let empty = build(json!({ "cert_pem": "nothing", "key_pem": "nothing" }));
    assert!(empty.starts_with("protocols.grpc.tls.cert_pem: no certificates: "), "{empty}");
}
