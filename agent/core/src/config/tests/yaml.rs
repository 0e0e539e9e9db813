use serde_json::json;

use super::super::{Span, load};
use super::{json as as_json, loaded, outside, tree};

#[test]
fn unquoted_words_have_the_types_that_the_collector_gives_them() {
    let text = "[yes, on, true, ~, 12, 0x1F, 0o17, 017, 0b11, 1_000, -3, 1.5, 1e3, .inf, '12', \"true\", 1.2.3, 18446744073709551615, inf, 0x, -x, +.inf]";
    let found = as_json(&tree(&format!("list: {text}")));
    let wanted = json!([
        "yes",
        "on",
        true,
        null,
        12,
        31,
        15,
        15,
        3,
        1000,
        -3,
        1.5,
        1000.0,
        "inf",
        "12",
        "true",
        "1.2.3",
        18_446_744_073_709_551_615_u64,
        "inf",
        "0x",
        "-x",
        "inf"
    ]);
    assert_eq!(found, json!({ "list": wanted }));
}

#[test]
fn anchors_aliases_and_merge_keys_are_resolved() {
    let node = tree(
        "base: &base {a: 1, b: 2}\nother: &other {c: 3}\none: {<<: *base, b: 4}\ntwo: {<<: [*base, *other]}\nsame: *base\n",
    );
    let found = as_json(&node);
    assert_eq!(found["one"], json!({ "b": 4, "a": 1 }));
    assert_eq!(found["two"], json!({ "a": 1, "b": 2, "c": 3 }));
    assert_eq!(found["same"], json!({ "a": 1, "b": 2 }));
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = level - 1;
        text += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 10].join(", "));
    }
    let report = loaded(&text).report();
    assert!(report.contains("aliases add more than 50000 values"), "{report}");
}

#[test]
fn nesting_that_is_too_deep_is_refused() {
    let report = loaded(&format!("a: {}", "[".repeat(70))).report();
    assert!(report.contains("nested deeper than 64 levels"), "{report}");
    let blocks: String = (0..5_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(loaded(&blocks).report().contains("nested deeper than 64 levels"));
    assert!(loaded(&"[".repeat(1_000_000)).problems.has_errors());
}

#[test]
fn places_count_characters_in_columns_and_bytes_in_ranges() {
    let text = "\u{feff}a: 1\r\nnäme: größe # why\r\n";
    let loaded = loaded(text);
    let (key, node) = loaded.root.as_map().and_then(|map| map.entry("näme")).unwrap();
    assert_eq!((key.span.line, key.span.column), (2, 1));
    let Span { line, column, start, end, .. } = node.span;
    assert_eq!((line, column, &text[start..end]), (2, 7, "größe"));
}

#[test]
fn a_key_that_occurs_twice_is_reported_with_both_lines() {
    insta::assert_snapshot!(
        loaded("receivers:\n  otlp:\nexporters:\n  list:\n    - {a: 1, a: 2}\nreceivers:\n  a:\n").report()
    );
}

#[test]
fn broken_yaml_is_reported_where_it_breaks() {
    let mut reports = String::new();
    for text in [
        "a: b: c\n",
        "a:\n\t- b\n",
        "a: [1, 2\nb: 3\n",
        "a: *nowhere\n",
        "a: \"open\n",
        "{a: 1}: b\n",
        "- a\n- b\n",
    ] {
        reports += &loaded(text).report();
        reports += "\n---\n";
    }
    insta::assert_snapshot!(reports);
}

#[test]
fn later_texts_win_key_by_key_and_lists_are_replaced() {
    let texts = [
        ("a.yaml".to_owned(), "x: {a: 1, list: [1, 2], gone: {b: 1}}\nkeep: true\n".to_owned()),
        ("b.yaml".to_owned(), "x: {a: 2, list: [3], gone: }\n".to_owned()),
    ];
    let sets = ["x.new.deep=[4]".to_owned(), "x::a= 5".to_owned(), "y={z: \"${env:PORT}\"}".to_owned()];
    let loaded = load(&texts, &sets, &outside());
    assert_eq!(loaded.report(), "no problems");
    assert_eq!(
        as_json(&loaded.root),
        json!({
            "x": { "a": 5, "list": [3], "gone": null, "new": { "deep": [4] } },
            "keep": true,
            "y": { "z": 4317 },
        })
    );
}

#[test]
fn places_in_a_set_argument_point_into_that_argument() {
    let sets = [
        "a.b::c=[1, 2".to_owned(),
        "nothing".to_owned(),
        "a..b=1".to_owned(),
        "größe.x=${env:NOT_SET}".to_owned(),
    ];
    insta::assert_snapshot!(load(&[], &sets, &outside()).report());
}

#[test]
fn an_empty_text_is_an_empty_configuration() {
    for text in ["", "# only a comment\n", "---\n", "\u{feff}"] {
        assert!(tree(text).is_null(), "{text:?}");
    }
}
