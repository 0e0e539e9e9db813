use serde_json::json;

use super::{json as as_json, loaded, tree};

#[test]
fn a_scalar_that_is_one_reference_takes_the_type_of_the_value() {
    let node = tree(
        "a: ${env:PORT}\nb: ${PORT}\nc: \"${env:ON}\"\nd: ${env:MAP}\ne: ${file:/etc/token}\nf: ${file:/etc/part.yaml}\n\
         g: ${env:NOPE:-7}\nh: ${NOPE:-${env:PORT}}\ni: ${yaml:[1]}\nj: ${env:EMPTY}\nk: ${env:NESTED}\nl: ${env:QUOTED}\n",
    );
    assert_eq!(
        as_json(&node),
        json!({
            "a": 4317, "b": 4317, "c": true, "d": { "a": 1, "b": ["x", "y"] }, "e": "abc",
            "f": { "timeout": "4317s" }, "g": 7, "h": 4317, "i": [1], "j": null, "k": 4317, "l": "00",
        })
    );
}

#[test]
fn inside_text_a_reference_is_text() {
    let node = tree(
        "a: localhost:${env:PORT}\nb: ${PADDED}-${env:ON}\nc: $${env:PORT} costs 5$ or $$5\nd: ${file:/etc/token}!\n\
         e: x${env:EMPTY}y\nf: ${open\ng: $PORT\nh: a${NOPE:-b${PORT}c}d\ni: $$$${x}$\n",
    );
    assert_eq!(
        as_json(&node),
        json!({
            "a": "localhost:4317", "b": "0123-true", "c": "${env:PORT} costs 5$ or $5", "d": "abc!",
            "e": "xy", "f": "${open", "g": "$PORT", "h": "ab4317cd", "i": "$${x}$",
        })
    );
}

#[test]
fn text_that_is_no_yaml_is_taken_as_it_is() {
    let node = tree("token: ${env:TOKEN}");
    assert_eq!(as_json(&node), json!({ "token": "s3cr3t: {with, yaml" }));
    assert!(node.get("token").unwrap().hidden);
}

#[test]
fn what_is_wrong_with_a_reference_is_reported_at_its_place() {
    insta::assert_snapshot!(
        loaded(
            "a: ${env:NOT_SET}\nb:\n  - ${file:/no/such/file}\nc: ${http://x/y}\nd: ${1}\ne: x${LOOP}y\nf: ${env:LOOP}\n"
        )
        .report()
    );
}

#[test]
fn two_trees_say_the_same_wherever_it_stands_and_comes_from() {
    let node = tree("a:\n  port: ${env:PORT}\n  list: [1, \"x\"]\n");

    assert!(node.says_the_same(&tree("\n# further down\na:\n  port: 4317\n  list:\n  - 1\n  - x\n")));
    for other in ["a: {port: 4318, list: [1, x]}", "a: {port: 4317, list: [1]}", "a: {port: 4317}"] {
        assert!(!node.says_the_same(&tree(other)), "{other}");
    }
}
