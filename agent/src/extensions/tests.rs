//! Extensions that use each other, as a configuration brings them together, and the examples of their manuals.

use edgewatch_core::config::ProcessEnvironment;
use edgewatch_core::testing::check_examples;

use super::EXTENSIONS;
use crate::config::{Components, load};

/// The ids of the extensions in the order in which they start; the error is the report.
fn order(extensions: &str, listed: &str) -> Result<Vec<String>, String> {
    let text = format!(
        "receivers: {{otlp: }}\nexporters: {{debug: }}\nextensions:\n{extensions}\n\
         service: {{extensions: [{listed}], pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}}}\n"
    );
    let texts = [("test.yaml".to_owned(), text)];
    let outcome = load(&texts, &[], &ProcessEnvironment, &Components::of_this_build());
    match outcome.config {
        Some(config) => Ok(config.plan.extensions.into_iter().map(|named| named.id).collect()),
        None => Err(outcome.problems.render(&outcome.sources, false)),
    }
}

#[test]
fn an_extension_starts_after_those_that_it_uses() {
    let extensions = "
  headers_setter/outer: {headers: [{key: a, value: b}], additional_auth: headers_setter/inner}
  headers_setter/inner: {headers: [{key: a, value: b}], additional_auth: bearertokenauth}
  bearer_token_auth: {token: t}
  health_check:";

    let ordered =
        order(extensions, "health_check, headers_setter/outer, headers_setter/inner, bearer_token_auth");

    let expected = ["health_check", "bearer_token_auth", "headers_setter/inner", "headers_setter/outer"];
    assert_eq!(ordered, Ok(expected.map(str::to_owned).to_vec()));
}

#[test]
fn extensions_that_wait_for_each_other_are_reported() {
    let extensions = "
  headers_setter/a: {headers: [{key: a, value: b}], additional_auth: headers_setter/b}
  headers_setter/b: {headers: [{key: a, value: b}], additional_auth: headers_setter/a}";

    let report = order(extensions, "headers_setter/a, headers_setter/b").expect_err("a ring");

    let expected = "extensions use each other in a ring, which none of them can begin: headers_setter/a, headers_setter/b";
    assert!(report.contains(expected), "{report}");
}

#[test]
fn an_extension_that_authenticates_nobody_cannot_be_named_for_it() {
    let extensions = "
  headers_setter: {headers: [{key: a, value: b}], additional_auth: health_check}
  health_check:";

    let report = order(extensions, "headers_setter, health_check").expect_err("not an authenticator");

    assert!(
        report.contains("`health_check` is not an extension that authenticates requests that go out"),
        "{report}"
    );
}

#[test]
fn the_examples_of_the_manuals_are_valid() {
    let manuals = [
        ("basic_auth", include_str!("basic_auth/README.md")),
        ("bearer_token_auth", include_str!("bearer_token_auth/README.md")),
        ("headers_setter", include_str!("headers_setter/README.md")),
        ("health_check", include_str!("health_check/README.md")),
        ("oauth2_client", include_str!("oauth2_client/README.md")),
    ];
    assert_eq!(manuals.len(), EXTENSIONS.len());
    for (name, manual) in manuals {
        let factory = EXTENSIONS.iter().find(|factory| factory.answers_to(name)).expect("in this build");
        assert_eq!(check_examples(manual, factory), "", "{name}");
    }
}
