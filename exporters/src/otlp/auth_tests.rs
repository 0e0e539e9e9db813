//! Credentials of requests, over gRPC and HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use edgewatch_core::auth::{AuthError, ClientAuth};
use edgewatch_core::config::{ProcessEnvironment, load};
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::extension::{Offers, Service, Use};
use edgewatch_core::testing::context;
use http::{HeaderMap, HeaderValue};

use super::testing::{Body, Protocol, Received, Server, answer, batch};
use crate::EXPORTERS;

/// Has the token `0`, and after each renewal, of which it allows `renewals`, the next number.
struct Numbers {
    token: AtomicUsize,
    renewals: usize,
}

#[async_trait]
impl ClientAuth for Numbers {
    async fn authenticate(&self, headers: &mut HeaderMap) -> Result<(), AuthError> {
        headers.insert("authorization", HeaderValue::from(self.token.load(Ordering::Relaxed)));
        Ok(())
    }

    async fn refused(&self, sent: &HeaderMap) -> bool {
        assert!(sent.contains_key("authorization"));
        self.token.fetch_add(1, Ordering::Relaxed) < self.renewals
    }
}

struct Nothing;

#[async_trait]
impl ClientAuth for Nothing {
    async fn authenticate(&self, _headers: &mut HeaderMap) -> Result<(), AuthError> {
        Err(AuthError("the token server is down".to_owned()))
    }
}

const PROTOCOLS: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

/// A destination that wants `token`; over HTTP/2 it speaks gRPC.
async fn destination(protocol: Protocol, token: &'static str) -> Server {
    Server::start(protocol, None, move |received: Received| {
        let known = received.headers.get("authorization").is_some_and(|value| value == token);
        std::future::ready(respond(protocol, known))
    })
    .await
}

fn respond(protocol: Protocol, known: bool) -> http::Response<Body> {
    let grpc = [("content-type", "application/grpc")];
    match (protocol, known) {
        (Protocol::Http1, true) => answer(200, &[], "", None),
        (Protocol::Http1, false) => answer(401, &[], "", None),
        (Protocol::Http2, true) => answer(200, &grpc, "", Some(&[("grpc-status", "0")])),
        (Protocol::Http2, false) => answer(200, &grpc, "", Some(&[("grpc-status", "16")])),
    }
}

fn exporter(protocol: Protocol, server: &Server, auth: impl ClientAuth + 'static) -> Box<dyn Exporter> {
    let (name, scheme) = match protocol {
        Protocol::Http1 => ("otlp_http", "http://"),
        Protocol::Http2 => ("otlp_grpc", ""),
    };
    let address = server.address;
    let yaml = format!(
        "endpoint: \"{scheme}{address}\"\ntls: {{insecure: true}}\nheaders: {{authorization: static, x-tenant: a}}\n\
         auth: {{authenticator: numbers}}\n"
    );
    let mut loaded = load(&[("test.yaml".to_owned(), yaml)], &[], &ProcessEnvironment);
    let factory = EXPORTERS.iter().find(|factory| factory.answers_to(name)).expect("in this build");
    let prepared = factory.prepare(&loaded.root, "", &mut loaded.problems).expect("valid");
    assert_eq!(prepared.uses(), [Use::new("auth.authenticator", "numbers", Service::ClientAuth)]);
    let (mut context, _) = context(name);
    let offers = Offers { client_auth: Some(Arc::new(auth)), ..Offers::default() };
    context.offered.insert("numbers", offers);
    prepared.build(&context).expect("built").one().expect("one destination").exporter
}

fn numbers(renewals: usize) -> Numbers {
    Numbers { token: AtomicUsize::new(0), renewals }
}

#[tokio::test]
async fn the_authenticators_headers_win_over_those_of_the_configuration() {
    for protocol in PROTOCOLS {
        let mut server = destination(protocol, "0").await;

        let delivered = exporter(protocol, &server, numbers(0)).export(&batch(1, 1)).await;

        assert_eq!(delivered.expect("delivered"), Delivered::default());
        let received = server.received();
        let values: Vec<_> = received.headers.get_all("authorization").iter().collect();
        assert_eq!(
            (values, &received.headers["x-tenant"]),
            (vec![&HeaderValue::from(0)], &HeaderValue::from_static("a"))
        );
    }
}

#[tokio::test]
async fn a_refused_request_is_sent_once_more_with_renewed_credentials() {
    for protocol in PROTOCOLS {
        let mut server = destination(protocol, "1").await;

        exporter(protocol, &server, numbers(1)).export(&batch(1, 1)).await.expect("delivered");

        let sent =
            [server.received(), server.received()].map(|received| received.headers["authorization"].clone());
        assert_eq!(sent, ["0", "1"]);
    }
}

#[tokio::test]
async fn it_is_rejected_when_there_are_no_others_or_they_are_refused_too() {
    for protocol in PROTOCOLS {
        for (renewals, requests) in [(0, 1), (9, 2)] {
            let mut server = destination(protocol, "nothing").await;

            let outcome = exporter(protocol, &server, numbers(renewals)).export(&batch(1, 1)).await;

            assert!(matches!(outcome, Err(ExportError::Rejected { items: 1, .. })), "{outcome:?}");
            for _ in 0..requests {
                server.received();
            }
            assert!(server.try_received().is_none());
        }
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_and_the_batch_can_be_tried_again() {
    for protocol in PROTOCOLS {
        let mut server = destination(protocol, "0").await;

        let outcome = exporter(protocol, &server, Nothing).export(&batch(1, 1)).await;

        let Err(ExportError::Retryable { reason, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(reason, "no credentials for it: the token server is down");
        assert!(server.try_received().is_none());
    }
}
