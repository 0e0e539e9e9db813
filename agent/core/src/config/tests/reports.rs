use super::super::{ConfigError, Problem, Problems, Sources};
use super::loaded;

#[test]
fn rules_between_keys_point_at_the_key_or_its_nearest_parent() {
    let mut loaded = loaded("batch:\n  send_batch_size: 10\n  tls:\n    ca_file: x\n  list: [a, b]\n");
    let error = ConfigError::all([
        Err(ConfigError::new("send_batch_size", "10 is above send_batch_max_size (9)").with_help("raise it")),
        Ok(()),
        Err(ConfigError::new("cert_file", "needs key_file").under("tls")),
        Err(ConfigError::new("list.1", "b is already there")),
        Err(ConfigError::new("", "nothing to do")),
    ])
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "send_batch_size: 10 is above send_batch_max_size (9); tls.cert_file: needs key_file; list.1: b is already there; nothing to do"
    );
    let node = loaded.root.get("batch").cloned().unwrap();
    loaded.problems.push_invalid(&node, "processors.batch", error);
    insta::assert_snapshot!(loaded.report());
}

#[test]
fn colours_are_added_only_when_asked_for() {
    let loaded = loaded("a: ${NOT_SET}\n");
    assert!(!loaded.problems.render(&loaded.sources, false).contains('\u{1b}'));
    assert!(loaded.problems.render(&loaded.sources, true).contains('\u{1b}'));
}

#[test]
fn problems_without_a_place_come_last_and_numbers_are_capped() {
    let mut problems = Problems::new();
    problems.push(Problem::error("a", None, "no place"));
    for number in 0..600 {
        problems.push(Problem::warning("", None, format!("warning {number}")));
    }
    assert_eq!((problems.len(), problems.omitted()), (500, 101));
    assert_eq!(problems.summary(), "1 error, 499 warnings (and 101 more, not shown)");
    assert!(problems.render(&Sources::default(), false).starts_with("error: a: no place"));
}

#[test]
fn rules_between_keys_do_not_show_values_from_outside() {
    let mut loaded = loaded("x:\n  a: ${env:SWITCH}\n  b: [\"x-${env:SWITCH}-y\"]\n");
    let node = loaded.root.get("x").cloned().unwrap();
    let error =
        ConfigError::new("b.0", "x-hush-hush-y and hush-hush do not go together").with_help("not hush-hush");
    loaded.problems.push_invalid(&node, "x", error);
    let report = loaded.report();
    assert!(report.contains("x.b[0]: [hidden] and [hidden] do not go together"), "{report}");
    assert!(report.contains("help: not [hidden]"), "{report}");
}
