//! Records that begin or end where an expression matches.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use regex::Regex;

use super::super::framing::Framing;
use super::super::options::{Encoding, Oversize};
use super::bench::Bench;
use crate::tailing::{Options, Pattern, Rule, Separator, Side};

fn rule(side: Side, pattern: &str, omit: bool) -> Rule {
    Rule::Separated(Arc::new(Separator::new(side, pattern, omit).unwrap()))
}

fn framing(max: usize) -> Framing {
    Framing { encoding: Encoding::Utf8, max, oversize: Oversize::Split }
}

/// Cuts `text` as it is seen through reads that end at `reads`.
fn cut(framing: &Framing, rule: &Rule, text: &[u8], reads: &[usize]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut at = 0;
    for end in reads.iter().copied().chain([text.len()]) {
        while let Some(cut) = text.get(at..end.min(text.len())).and_then(|rest| framing.next_of(rest, rule)) {
            assert!(cut.next > 0 && cut.start <= cut.end && cut.end <= cut.next);
            records.push(text[at + cut.start..at + cut.end].to_vec());
            at += cut.next;
        }
    }
    while let Some(cut) = framing.last_of(&text[at..], rule) {
        records.push(text[at + cut.start..at + cut.end].to_vec());
        at += cut.next;
    }
    assert_eq!(at, text.len());
    records
}

/// What the Collector makes of `text` when it sees all of it at once.
fn reference(side: Side, pattern: &str, omit: bool, text: &str) -> Vec<String> {
    let expression = Regex::new(&format!("(?m){}", pattern.replace("\\b", "(?-u:\\b)"))).unwrap();
    let mut records = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let first = expression.find(rest);
        let (record, next) = match (side, first) {
            (_, None) => (rest, rest.len()),
            (Side::End, Some(found)) => {
                (&rest[..if omit { found.start() } else { found.end() }], found.end())
            }
            (Side::Start, Some(found)) if found.start() > 0 => (&rest[..found.start()], found.start()),
            (Side::Start, Some(first)) => {
                let second = expression.find_iter(rest).skip(1).find(|next| next.start() > first.end());
                let end = second.map_or(rest.len(), |second| second.start());
                (&rest[if omit { first.end() } else { 0 }..end], end)
            }
        };
        records.push(record.to_owned());
        rest = &rest[next..];
    }
    records
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-c ]{0,6}",
        3 => "(\n|\r\n)?[0-9]{1,3}",
        2 => Just("\n".to_owned()),
        1 => Just("END".to_owned()),
        1 => Just("\nEND\n".to_owned()),
        1 => "[äß€𝄞]{0,3}",
        1 => Just("\tat x\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Expressions that match something, at the beginnings and ends of lines, within them and over them.
const PATTERNS: [&str; 12] = [
    r"^\d",
    r"^[0-9]+ ",
    r"\d+",
    r"^END|^\d\d",
    "END",
    "END$",
    r"^END\n",
    r"\n\d",
    r"^\S.*",
    r"\bEND\b",
    "(?s)1.*?2",
    "ä+",
];

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn records_are_the_collectors_wherever_reads_end(
        text in text(),
        mut reads in prop::collection::vec(0_usize..200, 0..20),
        pattern in prop::sample::select(PATTERNS.to_vec()),
        start in any::<bool>(),
        omit in any::<bool>(),
    ) {
        reads.sort_unstable();
        let side = if start { Side::Start } else { Side::End };
        let rule = rule(side, pattern, omit);
        let expected = reference(side, pattern, omit, &text);
        let records = cut(&framing(10_000), &rule, text.as_bytes(), &reads);
        let records: Vec<String> = records.into_iter().map(|record| String::from_utf8(record).unwrap()).collect();
        prop_assert_eq!(&records, &expected);

        for (encoding, unit) in [(Encoding::Utf16Le, u16::to_le_bytes as fn(u16) -> _), (Encoding::Utf16Be, u16::to_be_bytes)] {
            let expected: Vec<_> = expected.iter().map(|record| utf16(record, unit)).collect();
            let records = cut(&Framing { encoding, ..framing(10_000) }, &rule, &utf16(&text, unit), &reads);
            prop_assert_eq!(records, expected);
        }
    }

    #[test]
    fn what_is_too_long_does_not_depend_on_reads(
        pieces in prop::collection::vec(prop_oneof![4 => "[a-z]{0,40}", 2 => "\n[0-9]{1,4} ", 1 => "[x]{900,1400}", 1 => "\u{0}{1,4}"], 0..12),
        mut reads in prop::collection::vec(0_usize..4000, 0..20),
        pattern in prop::sample::select(PATTERNS.to_vec()),
        max in 4_usize..200,
    ) {
        reads.sort_unstable();
        let text = pieces.concat();
        let rule = rule(Side::Start, pattern, false);
        let whole = cut(&framing(max), &rule, text.as_bytes(), &[]);
        prop_assert!(whole.iter().all(|record| record.len() <= max));
        prop_assert_eq!(whole.concat(), text.as_bytes());
        // Zeros may be room that was reserved: where those end is not known before.
        if !text.contains('\0') {
            prop_assert_eq!(cut(&framing(max), &rule, text.as_bytes(), &reads), whole);
        }
    }

    #[test]
    fn bytes_that_are_no_text_lose_nothing(text in prop::collection::vec(any::<u8>(), 0..400), max in 4_usize..100) {
        for encoding in [Encoding::Utf8, Encoding::Utf16Le] {
            let text = &text[..text.len() - text.len() % 2];
            for side in [Side::Start, Side::End] {
                let framing = Framing { encoding, ..framing(max) };
                prop_assert_eq!(cut(&framing, &rule(side, r"\d|\n", false), text, &[100, 200]).concat(), text);
            }
        }
    }
}

#[test]
fn empty_matches_get_on() {
    for pattern in ["^", "x*", "$", ""] {
        for side in [Side::Start, Side::End] {
            let records = cut(&framing(100), &rule(side, pattern, false), b"one\ntwo\n", &[3]);
            assert_eq!(records.concat(), b"one\ntwo\n", "{pattern:?}");
        }
    }
    assert_eq!(cut(&framing(100), &rule(Side::Start, "^", false), b"one\ntwo\n", &[]), [b"one\n", b"two\n"]);
}

fn bench(options: Options, rule: Rule) -> Bench {
    let mut bench = Bench::new(options);
    let pattern = Pattern { rule: Some(rule), ..bench.pattern("a.log", 1) };
    bench.tailer.set_patterns(vec![pattern]);
    bench
}

#[test]
fn a_record_waits_for_the_next_or_for_its_time() {
    let mut bench = bench(Options::default(), rule(Side::Start, r"^\d", false));
    bench.write("a.log", "before\n1 one\r\n\tat x\r\n2 two\n");
    assert_eq!(bench.look_after(Duration::from_millis(300)), ["1 a.log: 1 one\r\n\tat x", "1 a.log: before"]);
    bench.write("a.log", "\tat y\n");
    assert!(bench.look_after(Duration::from_millis(300)).is_empty());
    assert_eq!(bench.look_after(Duration::from_millis(600)), ["1 a.log: 2 two\n\tat y"]);
}

#[test]
fn a_record_is_whole_after_the_agent_was_killed_in_it() {
    let mut bench = bench(Options::default(), rule(Side::End, "END\n", true));
    bench.write("a.log", "one\nEND\ntwo\n");
    assert_eq!(bench.look_after(Duration::from_millis(300)), ["1 a.log: one"]);
    bench.restart();
    bench.write("a.log", "more\nEND\n");
    let pattern = Pattern { rule: Some(rule(Side::End, "END\n", true)), ..bench.pattern("a.log", 1) };
    bench.tailer.set_patterns(vec![pattern]);
    assert_eq!(bench.look_after(Duration::from_millis(300)), ["1 a.log: two\nmore"]);
}

#[test]
fn rotation_ends_no_record_early() {
    let mut bench = bench(Options::default(), rule(Side::Start, r"^\d", false));
    bench.write("a.log", "1 one\n2 two\n");
    assert_eq!(bench.look_after(Duration::from_millis(300)), ["1 a.log: 1 one"]);
    let path = |name: &str| bench.directory.path().join(name);
    std::fs::rename(path("a.log"), path("a.log.1")).unwrap();
    bench.write("a.log.1", "\tat x\n");
    bench.write("a.log", "3 three\n");
    assert!(bench.look_after(Duration::from_millis(300)).is_empty());
    assert_eq!(bench.look(), ["1 a.log: 2 two\n\tat x", "1 a.log: 3 three"]);
}

#[test]
fn half_a_line_has_a_time_of_its_own() {
    let options = Options { half_line_period: Duration::ZERO, ..Options::default() };
    let mut bench = bench(options, rule(Side::Start, r"^\d", false));
    bench.write("a.log", "1 one\n2 tw");
    assert_eq!(bench.look_after(Duration::from_secs(9)), ["1 a.log: 1 one"]);
    assert!(bench.look_after(Duration::from_secs(9)).is_empty());
    bench.write("a.log", "o\n");
    assert!(bench.look_after(Duration::from_millis(300)).is_empty());
    assert_eq!(bench.look_after(Duration::from_secs(1)), ["1 a.log: 2 two"]);
    bench.write("a.log", "3 thr");
    bench.look();
    bench.tailer.set_patterns(Vec::new());
    let mut ended = bench.look_after(Duration::from_secs(1));
    ended.extend(bench.look_after(Duration::from_secs(6)));
    ended.extend(bench.look_after(Duration::from_secs(1)));
    assert_eq!(ended, ["1 a.log: 3 thr"]);
}
