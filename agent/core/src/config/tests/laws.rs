use proptest::prelude::*;
use serde::Deserialize;

use super::super::{Duration, Problems, from_node, load, suggest};
use super::outside;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Tree {
    a: Vec<Tree>,
    b: std::collections::BTreeMap<String, Tree>,
    c: Duration,
    d: u8,
    e: Option<Box<Tree>>,
    f: Option<Kind>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Unit,
    Struct { a: u8 },
    Other(Box<Tree>),
}

/// Pieces of YAML that meet each other in all the wrong places.
fn yaml() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("b"),
        Just("c"),
        Just("d"),
        Just("e"),
        Just("f"),
        Just("unit"),
        Just("struct"),
        Just("other"),
        Just(": "),
        Just("\n"),
        Just("  "),
        Just("- "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(", "),
        Just("&x "),
        Just("*x"),
        Just("<<: "),
        Just("\""),
        Just("'"),
        Just("${env:PORT}"),
        Just("${"),
        Just("$"),
        Just("1"),
        Just("-1"),
        Just("1s"),
        Just("~"),
        Just("# "),
        Just("|\n "),
        Just(">-\n"),
        Just("!!str "),
        Just("? "),
        Just("---\n"),
        Just("\r\n"),
        Just("\r"),
        Just("\t"),
        Just("\u{e9}"),
        Just("\u{1F600}"),
        Just("%"),
        Just("\u{feff}"),
        Just("${env:LOOP}"),
        Just("${file:x}"),
        Just("\u{85}"),
        Just("\u{2028}"),
        Just("\0"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn survive(text: &str, set: &str) {
    let texts = [("a.yaml".to_owned(), text.to_owned()), ("b.yaml".to_owned(), set.to_owned())];
    let mut loaded = load(&texts, &[set.to_owned()], &outside());
    let found = from_node::<Tree>(&loaded.root, "", &mut loaded.problems);
    assert!(found.is_some() || loaded.problems.has_errors());
    for problem in loaded.problems.iter() {
        if let Some(span) = problem.span {
            let text = &loaded.sources.get(span.source).unwrap().text;
            assert!(text.get(span.start..span.end).is_some(), "{problem:?} in {text:?}");
        }
    }
    assert!(!loaded.report().is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*", set in "\\PC*") {
        survive(&text, &set);
    }

    #[test]
    fn no_yaml_makes_the_reader_panic(text in yaml(), set in yaml()) {
        survive(&text, &set);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&String::from_utf8_lossy(&bytes), "a.b=1");
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised(name in "[a-z]{5,12}_[a-z]{3,8}", at in 0usize..5) {
        let mut slip = name.clone();
        slip.remove(at);
        prop_assert_eq!(suggest::suggest(&slip, ["else", name.as_str(), "other_thing"]), Some(name.as_str()));
    }
}

#[test]
fn spelling_habits_of_other_languages_are_recognised() {
    let names = ["max_recv_msg_size_mib", "endpoint", "tls"];
    assert_eq!(suggest::suggest("maxRecvMsgSizeMib", names), Some("max_recv_msg_size_mib"));
    assert_eq!(suggest::suggest("max-recv-msg-size-mib", names), Some("max_recv_msg_size_mib"));
    assert_eq!(suggest::suggest("endpiont", names), Some("endpoint"));
    assert_eq!(suggest::suggest("port", names), None);
}

#[test]
fn an_incomplete_read_never_passes_for_a_complete_one() {
    let loaded = load(&[("a".to_owned(), "d: 300".to_owned())], &[], &outside());
    let mut problems = Problems::new();
    assert!(from_node::<Tree>(&loaded.root, "", &mut problems).is_none());
    assert!(problems.has_errors());
}

#[test]
fn more_mistakes_than_anyone_reads_end_the_reading() {
    let text = format!("a: [{}]", "{d: 300}, ".repeat(2_000));
    let mut loaded =
        load(&[("a".to_owned(), text)], &[format!("{}=1", vec!["a"; 100_000].join("."))], &outside());
    assert!(from_node::<Tree>(&loaded.root, "", &mut loaded.problems).is_none());
    assert_eq!(loaded.problems.len(), 500);
    assert!(loaded.report().contains("more than 64 parts"));
}
