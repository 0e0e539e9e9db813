use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edgewatch_core::auth::{Denied, ServerAuth};
use http::HeaderMap;
use serde_json::{Value, json};

use super::super::testing::{a_second_later, file, headers, offers, on_this_machine, printed, problem};
use super::BasicAuth;

/// Hashes of `secret`, made by crypt(3) and `openssl passwd`; with bcrypt at the lowest cost.
const USERS: &str = "
# a comment
bcrypt:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW
apr1:$apr1$R8rKu0tB$voQtmtZjBcJo8puo0lxpU0
crypt:$1$R8rKu0tB$F.CF0srkKD2UOw5XRStPb1
sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=
ssha:{SSHA}8bX4JQDfZqtTfvnQ4ssDmWb17/FTQUxU
plain:secret
";

fn server(settings: Value) -> Arc<dyn ServerAuth> {
    let (context, _) = on_this_machine();
    let offers = offers::<BasicAuth>(json!({ "htpasswd": settings }), &context).expect("valid");
    assert!(offers.client_auth.is_none());
    offers.server_auth.expect("a server")
}

fn credentials(user: &str, password: &str) -> HeaderMap {
    let pair = STANDARD.encode(format!("{user}:{password}"));
    headers(&[("authorization", &format!("Basic {pair}"))])
}

#[tokio::test]
async fn every_kind_of_hash_is_understood() {
    let server = server(json!({ "inline": USERS }));
    for user in ["bcrypt", "apr1", "crypt", "sha", "ssha", "plain"] {
        // The second time from memory.
        for _ in 0..2 {
            assert_eq!(server.authenticate(&credentials(user, "secret")).await, Ok(()), "{user}");
            for wrong in ["", "Secret", "secret ", "secre"] {
                let denied = server.authenticate(&credentials(user, wrong)).await;
                assert_eq!(denied, Err(Denied::Credentials("user and password do not fit")), "{user}");
            }
        }
    }
    server.authenticate(&credentials("nobody", "secret")).await.expect_err("unknown");
}

#[tokio::test]
async fn headers_of_another_form_are_refused() {
    let server = server(json!({ "inline": "a:b:c" }));
    assert_eq!(server.authenticate(&credentials("a", "b:c")).await, Ok(()));
    let malformed = Err(Denied::Credentials("the header is not of the form that Basic has"));
    for header in ["", "Basic", "Basic ", "Basic !", "Bearer YTpi", "Basic YWI="] {
        let denied = server.authenticate(&headers(&[("authorization", header)])).await;
        assert_eq!(denied, malformed, "{header}");
    }
    let none = server.authenticate(&HeaderMap::new()).await;
    assert_eq!(none, Err(Denied::Credentials("no credentials were sent")));
    assert!(server.challenge().starts_with("Basic realm="));
}

#[tokio::test(start_paused = true)]
async fn what_was_checked_is_forgotten_when_the_users_change() {
    let (_folder, path) = file(USERS);
    let server = server(json!({ "file": path, "inline": "plain:inline" }));
    assert_eq!(server.authenticate(&credentials("bcrypt", "secret")).await, Ok(()));
    assert_eq!(server.authenticate(&credentials("plain", "inline")).await, Ok(()));
    server.authenticate(&credentials("plain", "secret")).await.expect_err("inline wins");

    std::fs::write(&path, "bcrypt:$2y$04$abcdefghijklmnopqrstuu0HtfOlPbTiymk5tcV.3TsFPDd3SYZqu")
        .expect("written");
    a_second_later().await;

    server.authenticate(&credentials("bcrypt", "secret")).await.expect_err("another password now");
    assert_eq!(server.authenticate(&credentials("bcrypt", "other")).await, Ok(()));
}

#[tokio::test]
async fn guessing_keeps_no_user_out_who_is_known() {
    let server = server(json!({ "inline": USERS }));
    assert_eq!(server.authenticate(&credentials("bcrypt", "secret")).await, Ok(()));
    // A user who does not exist is checked as well: what is answered, and when, does not tell.
    for user in ["bcrypt", "nobody"] {
        let guesses = (0..100).map(|number| {
            let server = Arc::clone(&server);
            async move { server.authenticate(&credentials(user, &format!("guess {number}"))).await }
        });

        let mut guesses = futures_util::future::join_all(guesses).await;
        guesses.push(server.authenticate(&credentials("bcrypt", "secret")).await);

        assert_eq!(guesses.pop(), Some(Ok(())));
        let busy = guesses.iter().filter(|answer| **answer == Err(Denied::Busy)).count();
        assert!((1..=100 - 32).contains(&busy), "{user}: as many are checked as may wait: {busy} are not");
        assert!(guesses.iter().all(Result::is_err));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_sends_user_and_password() {
    let (_folder, path) = file("secret\n");
    let (context, _) = on_this_machine();
    let client = |settings: Value| {
        let offers = offers::<BasicAuth>(json!({ "client_auth": settings }), &context).expect("valid");
        offers.client_auth.expect("a client")
    };
    let written = client(json!({ "username": "me", "password": "secret" }));
    let from_file = client(json!({ "username": "me", "password": "unused", "password_file": path }));
    for client in [&written, &from_file] {
        let mut sent = HeaderMap::new();
        client.authenticate(&mut sent).await.expect("credentials");
        assert_eq!(sent, credentials("me", "secret"));
        assert!(sent["authorization"].is_sensitive());
        assert!(!client.refused(&sent).await);
    }

    std::fs::write(&path, "changed\n").expect("written");

    assert!(from_file.refused(&credentials("me", "secret")).await);
    let mut sent = HeaderMap::new();
    from_file.authenticate(&mut sent).await.expect("credentials");
    assert_eq!(sent, credentials("me", "changed"));
}

#[test]
fn settings_that_cannot_work_are_reported() {
    let cases = [
        (json!({}), "htpasswd: is missing; write htpasswd for a receiver, or client_auth for an exporter"),
        (json!({"htpasswd": {}, "client_auth": {}}), "client_auth: stands beside htpasswd; "),
        (json!({"htpasswd": {}}), "htpasswd.file: is missing; "),
        (
            json!({"htpasswd": {"inline": "a:b\nc"}}),
            "htpasswd.inline: line 2 has no colon behind a user's name",
        ),
        (
            json!({"htpasswd": {"inline": "a:$6$x$y"}}),
            "htpasswd.inline: line 1 has a hash of a kind that is not in this build; ",
        ),
        (json!({"htpasswd": {"inline": "a:$2y$x"}}), "htpasswd.inline: line 1 has a damaged bcrypt hash"),
        (json!({"htpasswd": {"inline": "a:$apr1$x"}}), "htpasswd.inline: line 1 has a damaged MD5 hash"),
        (json!({"htpasswd": {"file": "/missing"}}), "htpasswd.file: /missing: cannot be read: "),
        (json!({"client_auth": {"password": "x"}}), "client_auth.username: is missing; "),
        (json!({"client_auth": {"username": "a:b"}}), "client_auth.username: holds a colon"),
    ];
    for (settings, expected) in cases {
        let told = problem::<BasicAuth>(settings);
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let printed = printed::<BasicAuth>(json!({
        "htpasswd": {"inline": "me:very secret"}, "client_auth": {"password": "very secret"}
    }));
    assert!(!printed.contains("very secret"), "{printed}");
}
