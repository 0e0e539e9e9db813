//! What a user may write.

use edgewatch_core::factory::ComponentConfig;
use serde_json::{Value, json};

use super::super::config::Config;

fn problem(settings: Value) -> String {
    let mut keys = json!({ "include": ["/var/log/*.log"] });
    keys.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    match serde_json::from_value::<Config>(keys) {
        Ok(config) => config.validate().err().map_or_else(String::new, |error| error.to_string()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn files_must_be_named() {
    let error = Config::default().validate().unwrap_err().to_string();
    assert_eq!(error, "include: names no files; write a list of globs, such as [/var/log/myapp/*.log]");
}

#[test]
fn a_collector_configuration_with_storage_is_taken_as_it_is() {
    assert_eq!(
        problem(json!({
            "exclude": ["/var/log/pods/*/otel-collector/*.log"],
            "start_at": "end",
            "retry_on_failure": { "enabled": true },
            "include_file_path": true,
            "storage": "file_storage",
            "operators": [],
            "multiline": null,
        })),
        ""
    );
}

#[test]
fn patterns_of_several_lines_are_checked() {
    assert_eq!(problem(json!({ "multiline": { "line_start_pattern": "^\\[\\d+\\b" } })), "");
    assert_eq!(problem(json!({ "multiline": { "line_end_pattern": "END$", "omit_pattern": true } })), "");
    for (settings, expected) in [
        (
            json!({ "multiline": { "line_start_pattern": "a", "line_end_pattern": "b" } }),
            "multiline: has both line_start_pattern and line_end_pattern",
        ),
        (
            json!({ "multiline": { "line_start_pattern": "(" } }),
            "multiline.line_start_pattern: is not a regular expression",
        ),
        (
            json!({ "multiline": { "line_end_pattern": "\\w{1000}{100}" } }),
            "multiline.line_end_pattern: is not a regular expression: is too large",
        ),
        (
            json!({ "multiline": { "line_start_pattern": "a" }, "encoding": "nop" }),
            "multiline.line_start_pattern: has nothing to match in",
        ),
        (
            json!({ "multiline": { "line_start_pattern": "a" }, "max_log_size_behavior": "truncate" }),
            "max_log_size_behavior: this build always splits",
        ),
        (json!({ "multiline": { "start": "a" } }), "unknown field `start`"),
    ] {
        let said = problem(settings);
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn what_would_have_no_effect_is_refused_with_its_name() {
    let operators = json!({ "operators": [{ "type": "container" }] });
    assert!(problem(operators).starts_with("operators: this build has no operators yet"));
    for (key, value) in [
        ("header", json!({ "pattern": "^#" })),
        ("ordering_criteria", json!({ "top_n": 1 })),
        ("compression", json!("gzip")),
        ("delete_after_read", json!(true)),
        ("acquire_fs_lock", json!(true)),
        ("on_truncate", json!("ignore")),
    ] {
        let said = problem(json!({ key: value }));
        assert!(said.starts_with(&format!("{key}: this build")), "{said}");
    }
}

#[test]
fn every_problem_is_reported_with_its_key() {
    let said = problem(json!({
        "include": ["/var/log/[.log"],
        "exclude": ["{a"],
        "fingerprint_size": "3",
        "attributes": { "host": "EXPR(env('HOST'))" },
    }));
    for key in ["include.0: ", "exclude.0: ", "fingerprint_size: ", "attributes.host: "] {
        assert!(said.contains(key), "{said}");
    }
    assert!(problem(json!({ "encoding": "big5" })).contains("\"big5\" is not in this build; write utf-8"));
}
