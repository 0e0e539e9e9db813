use edgewatch_core::auth::{ClientAuth, Denied, ServerAuth};
use edgewatch_core::testing::reading;
use http::HeaderMap;
use serde_json::{Value, json};

use super::super::testing::{a_second_later, file, headers, offers, on_this_machine, printed, problem};
use super::BearerTokenAuth;

async fn sent_by(client: &dyn ClientAuth) -> String {
    let mut headers = HeaderMap::new();
    client.authenticate(&mut headers).await.expect("a token");
    let value = &headers["authorization"];
    assert!(value.is_sensitive());
    value.to_str().expect("text").to_owned()
}

async fn is_known(server: &dyn ServerAuth, value: &str) -> bool {
    server.authenticate(&headers(&[("authorization", value)])).await.is_ok()
}

fn both(
    settings: Value,
) -> (std::sync::Arc<dyn ClientAuth>, std::sync::Arc<dyn ServerAuth>, edgewatch_core::telemetry::Registry) {
    let (context, registry) = on_this_machine();
    let offers = offers::<BearerTokenAuth>(settings, &context).expect("valid");
    (offers.client_auth.expect("a client"), offers.server_auth.expect("a server"), registry)
}

#[tokio::test]
async fn the_first_token_is_sent_and_each_is_accepted() {
    let (client, server, _) = both(json!({"tokens": ["new", "old"]}));

    assert_eq!(sent_by(&*client).await, "Bearer new");
    for known in ["Bearer new", "bearer old", "BEARER  old"] {
        assert!(is_known(&*server, known).await, "{known}");
    }
    for unknown in ["Bearer ne", "Bearer newer", "Bearer", "Bearer ", "new", "Basic new", ""] {
        assert!(!is_known(&*server, unknown).await, "{unknown}");
    }
    assert_eq!(server.authenticate(&HeaderMap::new()).await, Err(Denied::Credentials("no token was sent")));
}

#[tokio::test]
async fn header_and_scheme_can_be_others() {
    let (client, server, _) = both(json!({"token": "k", "scheme": "", "header": "X-Api-Key"}));
    let mut sent = headers(&[("x-api-key", "static")]);

    client.authenticate(&mut sent).await.expect("a token");

    assert_eq!(sent, headers(&[("x-api-key", "k")]));
    assert_eq!(server.authenticate(&sent).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_is_read_again() {
    let (_folder, path) = file("\none \n two\n");
    let (client, server, registry) = both(json!({"filename": path, "token": "not used"}));
    assert_eq!(sent_by(&*client).await, "Bearer one");
    assert!(is_known(&*server, "Bearer two").await);
    assert!(!is_known(&*server, "Bearer ").await && !is_known(&*server, "Bearer not used").await);

    std::fs::write(&path, "three").expect("written");
    a_second_later().await;
    assert_eq!(sent_by(&*client).await, "Bearer three");
    assert!(!is_known(&*server, "Bearer one").await);

    for (failures, broken) in [(1.0, "\n"), (2.0, "a\u{7}b")] {
        std::fs::write(&path, broken).expect("written");
        a_second_later().await;
        assert_eq!(sent_by(&*client).await, "Bearer three");
        assert_eq!(reading(&registry, "edgewatch_extension_file_failures", &[]), failures);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_compared_with_the_file_at_once() {
    let (_folder, path) = file("one");
    let (client, _, _) = both(json!({"filename": path}));
    let sent = headers(&[("authorization", "Bearer one")]);
    assert!(!client.refused(&sent).await);

    std::fs::write(&path, "two").expect("written");

    assert!(client.refused(&sent).await);
    assert_eq!(sent_by(&*client).await, "Bearer two");
    let (written, _, _) = both(json!({"token": "one"}));
    assert!(!written.refused(&headers(&[("authorization", "Bearer other")])).await);
}

#[test]
fn settings_that_cannot_work_are_reported() {
    assert_eq!(
        problem::<BearerTokenAuth>(json!({"header": "content-type"})),
        "header: `content-type` is set by the protocol itself; name another header; \
         token: is missing; write token: ${env:TOKEN}, or filename"
    );
    assert_eq!(
        problem::<BearerTokenAuth>(json!({"token": "a", "tokens": ["b"]})),
        "tokens: stands beside token; move the token into the list"
    );
    assert_eq!(
        problem::<BearerTokenAuth>(json!({"token": "a\nb"})),
        "token: has characters that a header cannot carry"
    );
    let missing = problem::<BearerTokenAuth>(json!({"filename": "/missing"}));
    assert!(missing.starts_with("filename: /missing: cannot be read: No such file"), "{missing}");
}

#[test]
fn secrets_are_not_printed() {
    let printed = printed::<BearerTokenAuth>(json!({"token": "very secret", "tokens": ["very secret"]}));
    assert!(!printed.contains("very secret"), "{printed}");
}
