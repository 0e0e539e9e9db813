//! Requests that an extension lets in, or not.

use async_trait::async_trait;
use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::auth::{Denied, ServerAuth};
use edgewatch_core::extension::{Service, Use};
use edgewatch_core::factory::ComponentConfig;
use edgewatch_proto::status::Status;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::agent::{Agent, config, guarded};
use super::client::{
    After, Answer, Pieces, answer, framed, grpc, grpc_request, http, http_request, http1, http2,
};
use super::samples::request;

/// Lets in who knows the word, and has no time for the impatient.
struct Guard;

#[async_trait]
impl ServerAuth for Guard {
    async fn authenticate(&self, headers: &HeaderMap) -> Result<(), Denied> {
        match headers.get("authorization").map(|value| value.as_bytes()) {
            Some(b"open sesame") => Ok(()),
            Some(b"now") => Err(Denied::Busy),
            Some(_) => Err(Denied::Credentials("wrong word")),
            None => Err(Denied::Credentials("no word")),
        }
    }

    fn challenge(&self) -> &'static str {
        "Word"
    }
}

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const PATH: &str = "/v1/traces";

async fn over_http(agent: &Agent, path: &str, word: Option<&str>) -> Answer {
    let mut headers = vec![PROTOBUF];
    headers.extend(word.map(|word| ("authorization", word)));
    http(agent.http(), "POST", path, &headers, request(Signal::Traces, 1)).await
}

async fn over_grpc(agent: &Agent, path: &str, word: Option<&str>) -> Answer {
    let headers: Vec<_> = word.map(|word| ("authorization", word)).into_iter().collect();
    grpc(agent.grpc(), path, &headers, framed(false, &request(Signal::Traces, 1))).await
}

#[tokio::test]
async fn who_is_let_in_is_served() {
    let mut agent = guarded(Guard).await;
    let (grpc_at, http_at) = (agent.grpc(), agent.http());
    let word = ("authorization", "open sesame");
    let sent = request(Signal::Traces, 1);

    let headers = [PROTOBUF, word];
    let over_http = http(http_at, "POST", PATH, &headers, sent.clone());
    let (answer, taken) = tokio::join!(over_http, agent.deliver());
    assert_eq!((answer.status, taken), (StatusCode::OK, (Signal::Traces, sent.clone(), 1)));

    let headers = [word];
    let over_grpc = grpc(grpc_at, Signal::Traces.grpc_path(), &headers, framed(false, &sent));
    let (answer, taken) = tokio::join!(over_grpc, agent.deliver());
    assert_eq!((answer.header("grpc-status"), taken), ("0", (Signal::Traces, sent.clone(), 1)));
}

#[tokio::test]
async fn who_is_not_is_told_so_before_anything_else() {
    let agent = guarded(Guard).await;
    for (word, fact) in [(None, "no word"), (Some("open"), "wrong word")] {
        // Strangers do not learn which paths there are.
        for path in [PATH, "/elsewhere"] {
            let answer = over_http(&agent, path, word).await;
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (StatusCode::UNAUTHORIZED, "Word")
            );
            let status = Status::from_protobuf(&answer.body).expect("a status");
            assert_eq!((status.code.number(), status.message.as_str()), (16, fact));
        }
        for path in [Signal::Traces.grpc_path(), "/elsewhere"] {
            let answer = over_grpc(&agent, path, word).await;
            assert_eq!((answer.header("grpc-status"), answer.header("grpc-message")), ("16", fact));
        }
    }
    for transport in ["http", "grpc"] {
        let labels = [("transport", transport), ("reason", "unauthenticated")];
        assert_eq!(agent.reading("edgewatch_receiver_rejected_requests", &labels), 4.0);
    }
}

#[tokio::test]
async fn the_body_of_a_stranger_is_not_waited_for() {
    let agent = guarded(Guard).await;
    let mut sender = http2(agent.grpc()).await;
    let stalling = Pieces::new(&[&[0]], After::Stall);
    let unread = sender.send_request(grpc_request(Signal::Traces.grpc_path(), &[], stalling)).await;
    assert_eq!(answer(unread.expect("an answer")).await.header("grpc-status"), "16");

    let mut sender = http1(agent.http()).await;
    let mut stalling = http_request("POST", PATH, &[PROTOBUF, ("expect", "100-continue")], Vec::new());
    *stalling.body_mut() = http_body_util::Full::new(Bytes::from(vec![0; 1 << 20]));
    let unread = sender.send_request(stalling).await.expect("an answer");
    assert_eq!(unread.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn too_many_to_check_is_a_matter_of_time() {
    let agent = guarded(Guard).await;

    let over_http = over_http(&agent, PATH, Some("now")).await;
    let over_grpc = over_grpc(&agent, Signal::Traces.grpc_path(), Some("now")).await;

    assert_eq!((over_http.status, over_http.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(over_grpc.header("grpc-status"), "8");
}

#[test]
fn the_extension_is_checked_with_the_configuration() {
    let auth = |name: &str| json!({ "auth": { "authenticator": name } });
    let config = config(json!({ "protocols": { "grpc": auth("a"), "http": auth("b") } }));
    let used = |protocol: &str, name: &str| {
        Use::new(format!("protocols.{protocol}.auth.authenticator"), name, Service::ServerAuth)
    };
    assert_eq!(config.uses(), [used("grpc", "a"), used("http", "b")]);
}
