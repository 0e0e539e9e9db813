use std::sync::Arc;

use edgewatch_core::auth::ClientAuth;
use edgewatch_core::extension::{Offers, Service, Use};
use edgewatch_core::factory::ComponentConfig;
use http::HeaderMap;
use serde_json::{Value, json};

use super::super::bearer_token_auth::BearerTokenAuth;
use super::super::testing::{a_second_later, file, headers, offers, on_this_machine, printed, problem};
use super::HeadersSetter;
use super::config::Config;

fn setter(settings: Value, other: Option<Offers>) -> Arc<dyn ClientAuth> {
    let (mut context, _) = on_this_machine();
    if let Some(other) = other {
        context.offered.insert("other", other);
    }
    offers::<HeadersSetter>(settings, &context).expect("valid").client_auth.expect("a client")
}

async fn set(setter: &dyn ClientAuth, before: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = headers(before);
    setter.authenticate(&mut headers).await.expect("set");
    headers
}

#[tokio::test]
async fn each_action_does_what_its_name_says() {
    let cases = [
        ("insert", &[][..], &[("x-a", "new")][..]),
        ("insert", &[("x-a", "old")], &[("x-a", "old")]),
        ("update", &[], &[]),
        ("update", &[("x-a", "old"), ("x-a", "older")], &[("x-a", "new")]),
        ("upsert", &[], &[("x-a", "new")]),
        ("upsert", &[("x-a", "old")], &[("x-a", "new")]),
        ("delete", &[("x-a", "old"), ("x-a", "older"), ("x-b", "b")], &[("x-b", "b")]),
    ];
    for (action, before, after) in cases {
        let setter = setter(json!({"headers": [{"action": action, "key": "X-A", "value": "new"}]}), None);
        assert_eq!(set(&*setter, before).await, headers(after), "{action} {before:?}");
    }
    let by_default = setter(json!({"headers": [{"key": "x-a", "value": "new"}]}), None);
    assert_eq!(set(&*by_default, &[("x-a", "old")]).await, headers(&[("x-a", "new")]));
}

#[tokio::test(start_paused = true)]
async fn a_value_in_a_file_is_read_again() {
    let (_folder, path) = file("one\n");
    let setter = setter(json!({"headers": [{"key": "x-a", "value_file": path}]}), None);
    assert_eq!(set(&*setter, &[]).await, headers(&[("x-a", "one")]));

    std::fs::write(&path, "two\n").expect("written");
    a_second_later().await;

    assert_eq!(set(&*setter, &[]).await, headers(&[("x-a", "two")]));
    assert!(setter.refused(&headers(&[("x-a", "one")])).await);
    assert!(!setter.refused(&headers(&[("x-a", "two")])).await);
}

#[tokio::test]
async fn another_authenticator_comes_after_it() {
    let (context, _) = on_this_machine();
    let bearer = offers::<BearerTokenAuth>(json!({"token": "t"}), &context).expect("valid");
    let edits = json!([{"key": "x-a", "value": "a"}, {"key": "authorization", "value": "mine"}]);

    let setter = setter(json!({"headers": edits, "additional_auth": "other"}), Some(bearer));

    let expected = headers(&[("x-a", "a"), ("authorization", "Bearer t")]);
    assert_eq!(set(&*setter, &[]).await, expected);
}

#[test]
fn the_other_authenticator_is_checked_with_the_configuration() {
    let config: Config =
        serde_json::from_value(json!({"additional_auth": "oauth2_client/a"})).expect("readable");
    assert_eq!(config.uses(), [Use::new("additional_auth", "oauth2_client/a", Service::ClientAuth)]);
}

#[test]
fn settings_that_cannot_work_are_reported() {
    assert_eq!(
        problem::<HeadersSetter>(json!({})),
        "headers: is missing; list what to do, such as {key: X-Scope-OrgID, value: a}"
    );
    let edits = json!([
        {"key": "x-a"}, {"value": "a"}, {"key": "te", "value": "a"}, {"key": "x-a", "value": "a", "value_file": "b"},
        {"key": "x-a", "from_context": "tenant", "default_value": "a"}
    ]);
    assert_eq!(
        problem::<HeadersSetter>(json!({"headers": edits})),
        "headers.0.value: is missing; write what the header shall say, or value_file; \
         headers.1.key: is missing; write the name of the header; \
         headers.2.key: `te` is set by the protocol itself; name another header; \
         headers.3.value_file: stands beside value; remove one of them; \
         headers.4.from_context: what clients send beside telemetry does not travel with it in this build; \
         write value, or give each tenant a pipeline with an exporter of its own"
    );
}

#[test]
fn secrets_are_not_printed() {
    let printed = printed::<HeadersSetter>(json!({"headers": [{"key": "x-a", "value": "very secret"}]}));
    assert!(!printed.contains("very secret"), "{printed}");
}
