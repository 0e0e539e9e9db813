//! Certificates that change while connections are in use, over gRPC, HTTP/2 and HTTP/1.1.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edgewatch_core::config::{ProcessEnvironment, load};
use edgewatch_core::exporter::Exporter;
use edgewatch_core::host::RealHost;
use edgewatch_core::testing::context;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::testing::{Protocol, Received, Server, answer, batch};
use crate::EXPORTERS;
use crate::tls::testing::{Authority, acceptor};

/// The exporter, what its destination speaks, and the name of that in ALPN.
const WAYS: [(&str, Protocol, &[u8]); 3] = [
    ("otlp_grpc", Protocol::Http2, b"h2"),
    ("otlp_http", Protocol::Http2, b"h2"),
    ("otlp_http", Protocol::Http1, b"http/1.1"),
];

#[tokio::test]
async fn connections_are_replaced_and_what_is_on_the_old_ones_is_still_answered() {
    for (name, protocol, alpn) in WAYS {
        let authority = Authority::new();
        let folder = TempDir::with_prefix("edgewatch-tls-").expect("a folder");
        write(&folder, &authority);
        let tls = acceptor(&authority.certify("127.0.0.1"), &[alpn], Some(&authority));
        let (held, go_on) = (Arc::new(AtomicBool::new(true)), Arc::new(Notify::new()));
        let (hold, went_on) = (Arc::clone(&held), Arc::clone(&go_on));
        let server = Server::start(protocol, Some(tls), move |_: Received| {
            let (hold, went_on) = (hold.swap(false, Ordering::Relaxed), Arc::clone(&went_on));
            async move {
                if hold {
                    went_on.notified().await;
                }
                answer(200, &[("content-type", "application/grpc")], "", Some(&[("grpc-status", "0")]))
            }
        })
        .await;
        let exporter = exporter(name, &server, &folder);
        let first = tokio::spawn({
            let exporter = Arc::clone(&exporter);
            async move { exporter.export(&batch(1, 1)).await }
        });
        while held.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }

        write(&folder, &authority);
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(10)).await;
        tokio::time::resume();
        for _ in 0..3 {
            exporter.export(&batch(1, 1)).await.expect("delivered over a new connection");
        }
        go_on.notify_one();
        first.await.expect("no panic").expect("delivered over the old connection");

        assert_eq!(server.connections(), 2, "{name} {protocol:?}");
    }
}

/// A new certificate of the exporter, and the authority of the destination.
fn write(folder: &TempDir, authority: &Authority) {
    let own = authority.certify("agent");
    for (name, text) in [("ca.pem", authority.pem()), ("cert.pem", own.cert), ("key.pem", own.key)] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
}

fn exporter(name: &str, server: &Server, folder: &TempDir) -> Arc<dyn Exporter> {
    let (address, path) = (server.address, folder.path().display());
    let yaml = format!(
        "endpoint: https://{address}\ntls: {{ca_file: {path}/ca.pem, cert_file: {path}/cert.pem, key_file: {path}/key.pem,\n\
         \x20     reload_interval: 10s}}\n"
    );
    let mut loaded = load(&[("test.yaml".to_owned(), yaml)], &[], &ProcessEnvironment);
    let factory = EXPORTERS.iter().find(|factory| factory.answers_to(name)).expect("in this build");
    let prepared = factory.prepare(&loaded.root, "", &mut loaded.problems).expect("valid");
    let (mut context, _) = context(name);
    context.host = Arc::new(RealHost);
    prepared.build(&context).expect("built").one().expect("one destination").exporter.into()
}
