use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::host::RealHost;
use edgewatch_core::testing::{FakeHost, Silent, context, reading};
use futures_util::FutureExt;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::testing::{Authority, Identity, acceptor};
use super::{ClientTls, TlsClient};

fn client_on(host: &FakeHost, settings: serde_json::Value) -> Result<TlsClient, String> {
    let settings: ClientTls = serde_json::from_value(settings).expect("readable");
    settings.validate().map_err(|error| error.to_string())?;
    let (mut context, _) = context("otlp_grpc");
    context.host = Arc::new(host.clone());
    TlsClient::new(&settings, "127.0.0.1", &[b"h2"], &context.host, &context.telemetry)
        .map_err(|error| error.to_string())
}

fn client(settings: serde_json::Value) -> Result<TlsClient, String> {
    client_on(&FakeHost::default(), settings)
}

/// What the client gets from a server behind `acceptor` that says one byte.
async fn meet(client: &TlsClient, acceptor: TlsAcceptor) -> Result<u8, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = async {
        let (stream, _) = listener.accept().await.expect("accepted");
        if let Ok(mut stream) = acceptor.accept(stream).await {
            stream.write_all(b"!").await.expect("written");
            drop(stream.shutdown().await);
        }
    };
    let met = async {
        let stream = TcpStream::connect(address).await.expect("connected");
        let stream = client.current().await.connector.connect(client.name.clone(), stream).await;
        let mut stream = stream.map_err(|error| error.to_string())?;
        stream.read_u8().await.map_err(|error| error.to_string())
    };
    tokio::join!(server, met).1
}

#[tokio::test]
async fn believes_a_certificate_of_the_given_authority() {
    let authority = Authority::new();
    let server = acceptor(&authority.certify("127.0.0.1"), &[b"h2"], None);

    let client = client(json!({"ca_pem": authority.pem()})).expect("a client");

    assert_eq!(meet(&client, server).await, Ok(b'!'));
}

#[tokio::test]
async fn reads_the_authority_from_a_file() {
    let authority = Authority::new();
    let server = acceptor(&authority.certify("127.0.0.1"), &[b"h2"], None);
    let mut host = FakeHost::default();
    host.files.insert(PathBuf::from("/etc/ca.pem"), authority.pem());

    let client = client_on(&host, json!({"ca_file": "/etc/ca.pem"})).expect("a client");

    assert_eq!(meet(&client, server).await, Ok(b'!'));
}

#[tokio::test]
async fn does_not_believe_another_authority() {
    let server = acceptor(&Authority::new().certify("127.0.0.1"), &[b"h2"], None);

    let client = client(json!({"ca_pem": Authority::new().pem()})).expect("a client");

    let error = meet(&client, server).await.expect_err("not believed");
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[tokio::test]
async fn does_not_believe_a_certificate_for_another_name_unless_told_the_name() {
    let authority = Authority::new();
    let identity = authority.certify("ingest.example");

    let without = client(json!({"ca_pem": authority.pem()})).expect("a client");
    let with = json!({"ca_pem": authority.pem(), "server_name_override": "ingest.example"});
    let with = client(with).expect("a client");

    meet(&without, acceptor(&identity, &[b"h2"], None)).await.expect_err("another name");
    assert_eq!(meet(&with, acceptor(&identity, &[b"h2"], None)).await, Ok(b'!'));
}

#[tokio::test]
async fn believes_everybody_when_told_to() {
    let server = acceptor(&Authority::new().certify("someone.else"), &[b"h2"], None);

    let client = client(json!({"insecure_skip_verify": true})).expect("a client");

    assert_eq!(meet(&client, server).await, Ok(b'!'));
}

#[tokio::test]
async fn shows_its_own_certificate() {
    let authority = Authority::new();
    let own = authority.certify("agent");
    let server = || acceptor(&authority.certify("127.0.0.1"), &[b"h2"], Some(&authority));

    let known = json!({"ca_pem": authority.pem(), "cert_pem": own.cert, "key_pem": own.key});
    let known = client(known).expect("a client");
    let unknown = client(json!({"ca_pem": authority.pem()})).expect("a client");

    assert_eq!(meet(&known, server()).await, Ok(b'!'));
    meet(&unknown, server()).await.expect_err("the server wants a certificate");
}

#[tokio::test]
async fn speaks_only_the_versions_and_suites_of_the_configuration() {
    let authority = Authority::new();
    let settings = [
        json!({"ca_pem": authority.pem(), "min_version": "1.3"}),
        json!({"ca_pem": authority.pem(), "max_version": "1.2", "curve_preferences": ["P256"],
               "cipher_suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]}),
    ];
    for settings in settings {
        let server = acceptor(&authority.certify("127.0.0.1"), &[b"h2"], None);
        assert_eq!(meet(&client(settings).expect("a client"), server).await, Ok(b'!'));
    }
}

#[test]
fn what_cannot_be_used_is_named_with_its_key() {
    let authority = Authority::new();
    let (one, other) = (authority.certify("one"), authority.certify("other"));
    let cases = [
        (json!({"ca_file": "/missing"}), "tls.ca_file: cannot read /missing: entity not found"),
        (json!({"ca_pem": "hello"}), "tls.ca_pem: holds no certificate in PEM"),
        (
            json!({"ca_pem": authority.pem(), "cert_pem": one.cert, "key_pem": "hello"}),
            "tls.key_pem: holds no key in PEM: no items found",
        ),
        (
            json!({"ca_pem": authority.pem(), "cert_pem": one.cert, "key_pem": other.key}),
            "tls.cert_file: certificate and key do not fit",
        ),
        (
            json!({"cipher_suites": ["RC4"]}),
            "tls.cipher_suites: `RC4` is not one of TLS13_AES_256_GCM_SHA384,",
        ),
        (
            json!({"curve_preferences": ["P521"]}),
            "tls.curve_preferences: `P521` is not in this build; use X25519, P256 or P384",
        ),
        (
            json!({"ca_file": "/x", "ca_pem": "x"}),
            "tls.ca_file: ca_file and ca_pem are both given; remove one of them",
        ),
        (
            json!({"min_version": "1.3", "max_version": "1.2"}),
            "tls.max_version: 1.2 is below min_version (1.3); raise it or lower min_version",
        ),
    ];
    for (settings, expected) in cases {
        match client(settings) {
            Err(error) => assert!(error.starts_with(expected), "{error}"),
            Ok(_) => panic!("{expected}"),
        }
    }
}

#[test]
fn secrets_are_not_printed() {
    let settings: ClientTls =
        serde_json::from_value(json!({"key_pem": "very secret", "cert_pem": "x"})).expect("readable");
    let printed = format!("{settings:?} {}", serde_json::to_string(&settings).expect("writable"));
    assert!(!printed.contains("very secret"), "{printed}");
}

/// A client with a short `reload_interval`, and the folder of its files.
fn reloading(
    authority: &Authority,
    own: &Identity,
) -> (TlsClient, edgewatch_core::telemetry::Registry, TempDir) {
    let folder = TempDir::with_prefix("edgewatch-tls-").expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("ca.pem"), authority.pem()).expect("written");
    std::fs::write(path("cert.pem"), &own.cert).expect("written");
    std::fs::write(path("key.pem"), &own.key).expect("written");
    let settings = json!({"ca_file": path("ca.pem"), "cert_file": path("cert.pem"),
                          "key_file": path("key.pem"), "reload_interval": "10s"});
    let settings: ClientTls = serde_json::from_value(settings).expect("readable");
    settings.validate().expect("valid");
    let (mut context, registry) = context("otlp_grpc");
    context.host = Arc::new(RealHost);
    let client = TlsClient::new(&settings, "127.0.0.1", &[b"h2"], &context.host, &context.telemetry)
        .expect("a client");
    (client, registry, folder)
}

#[tokio::test]
async fn changed_files_are_used_once_the_interval_has_passed() {
    let (old, new) = (Authority::new(), Authority::new());
    let (client, registry, folder) = reloading(&old, &old.certify("agent"));
    let server = || acceptor(&new.certify("127.0.0.1"), &[b"h2"], Some(&new));
    let own = new.certify("agent");
    std::fs::write(folder.path().join("ca.pem"), new.pem()).expect("written");
    std::fs::write(folder.path().join("cert.pem"), &own.cert).expect("written");
    std::fs::write(folder.path().join("key.pem"), &own.key).expect("written");

    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(9_999)).await;
    assert_eq!(client.current().await.generation, 0);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(client.current().await.generation, 1);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(client.current().await.generation, 1, "nothing has changed since");
    tokio::time::resume();

    assert_eq!(meet(&client, server()).await, Ok(b'!'));
    assert_eq!(reading(&registry, "edgewatch_tls_reloads", &[]), 1.0);
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_old_certificates_in_use() {
    let authority = Authority::new();
    let own = authority.certify("agent");
    let (client, registry, folder) = reloading(&authority, &own);
    let server = || acceptor(&authority.certify("127.0.0.1"), &[b"h2"], Some(&authority));
    let other = authority.certify("agent");
    let broken = [("cert.pem", "nonsense"), ("cert.pem", other.cert.as_str()), ("ca.pem", "")];
    for (failures, (name, text)) in (1_u8..).zip(broken) {
        std::fs::write(folder.path().join(name), text).expect("written");

        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(client.current().await.generation, 0);
        tokio::time::resume();

        assert_eq!(meet(&client, server()).await, Ok(b'!'));
        assert_eq!(reading(&registry, "edgewatch_tls_reload_errors", &[]), f64::from(failures));
    }
}

#[tokio::test(start_paused = true)]
async fn files_that_do_not_answer_hold_up_one_connection_only() {
    let authority = Authority::new();
    let (client, _, folder) = reloading(&authority, &authority.certify("agent"));
    let _silent = Silent::instead_of(folder.path().join("ca.pem")).expect("a pipe");

    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(client.current().now_or_never().is_none(), "it reads");
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(10)).await;
        let current = client.current().now_or_never().expect("goes on with what is there");
        assert_eq!(current.generation, 0);
    }
}
