//! Records of several lines.

use std::time::Duration;

use proptest::prelude::*;

use super::super::framing::Framing;
use super::super::options::{Encoding, Oversize};
use super::bench::Bench;
use crate::tailing::{Begins, Options, Pattern, Rule};

fn dated() -> Rule {
    Rule::Begins(Begins::new(|line| line.first().is_some_and(u8::is_ascii_digit)))
}

/// Cuts `text` as it is seen through reads that end at `reads`.
fn cut(framing: &Framing, begins: &Rule, text: &[u8], reads: &[usize]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut at = 0;
    for end in reads.iter().copied().chain([text.len()]) {
        while let Some(cut) = text.get(at..end.min(text.len())).and_then(|rest| framing.next_of(rest, begins))
        {
            assert!(cut.next > 0 && cut.end <= cut.next);
            records.push(text[at..at + cut.end].to_vec());
            at += cut.next;
        }
    }
    while let Some(cut) = framing.last_of(&text[at..], begins) {
        records.push(text[at..at + cut.end].to_vec());
        at += cut.next;
    }
    assert_eq!(at, text.len());
    records
}

/// The slow and obvious way: lines first, then records, then pieces of the right size.
fn reference(text: &str, max: usize) -> Vec<String> {
    let mut records: Vec<String> = Vec::new();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if text.is_empty() {
        lines.clear();
    }
    for line in lines {
        match records.last_mut() {
            Some(record) if !line.starts_with(|c: char| c.is_ascii_digit()) => record.push_str(line),
            _ => records.push(line.to_owned()),
        }
    }
    let mut pieces = Vec::new();
    for record in records {
        let record = record.strip_suffix('\n').unwrap_or(&record);
        let mut rest = record.strip_suffix('\r').filter(|_| record.len() > 1).unwrap_or(record);
        while rest.len() > max {
            let (piece, behind) = rest.split_at(max);
            pieces.push(piece.to_owned());
            rest = behind;
        }
        pieces.push(rest.to_owned());
    }
    pieces
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => "[a-z]{0,12}".prop_map(String::into_bytes),
        2 => "\n[0-9]".prop_map(String::into_bytes),
        2 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => "[äß€𝄞]{0,6}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
        1 => (1000_usize..1100).prop_map(|length| vec![b'y'; length]),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn where_reads_end_does_not_matter(
        text in text(),
        mut reads in proptest::collection::vec(0_usize..3000, 0..20),
        max in prop_oneof![4_usize..24, 1000_usize..2000],
        truncate in any::<bool>(),
    ) {
        reads.sort_unstable();
        let oversize = if truncate { Oversize::Truncate } else { Oversize::Split };
        let framing = Framing { encoding: Encoding::Utf8, max, oversize };
        let whole = cut(&framing, &dated(), &text, &[]);
        prop_assert_eq!(cut(&framing, &dated(), &text, &reads), whole);
    }

    #[test]
    fn records_are_those_of_the_slow_reference(text in "([a-c\n]|[0-9]|\n[0-9]){0,80}", max in 4_usize..40) {
        let framing = Framing { encoding: Encoding::Utf8, max, oversize: Oversize::Split };
        let nonempty = |records: Vec<String>| -> Vec<String> {
            records.iter().map(|record| record.trim().to_owned()).filter(|record| !record.is_empty()).collect()
        };
        let records = cut(&framing, &dated(), text.as_bytes(), &[]);
        let records = records.into_iter().map(|record| String::from_utf8(record).unwrap()).collect();
        prop_assert_eq!(nonempty(records), nonempty(reference(&text, max)));
    }
}

fn bench(options: Options) -> Bench {
    let mut bench = Bench::new(options);
    let pattern = Pattern { rule: Some(dated()), ..bench.pattern("a.log", 1) };
    bench.tailer.set_patterns(vec![pattern]);
    bench
}

#[test]
fn a_record_ends_where_the_next_begins_or_when_nothing_follows() {
    let mut bench = bench(Options::default());
    bench.write("a.log", "1 one\n\tat x\n\ncause\n2 two\n");
    assert_eq!(bench.look_after(Duration::from_millis(300)), ["1 a.log: 1 one\n\tat x\n\ncause"]);
    bench.write("a.log", "\tat y\n");
    assert!(bench.look_after(Duration::from_millis(300)).is_empty());
    assert_eq!(bench.look_after(Duration::from_millis(600)), ["1 a.log: 2 two\n\tat y"]);
}

#[test]
fn a_beginning_that_is_not_complete_waits_for_its_own_time() {
    let mut bench = bench(Options::default());
    bench.write("a.log", "1 one\n2 tw");
    assert_eq!(bench.look_after(Duration::from_millis(200)).len(), 0);
    assert_eq!(bench.look_after(Duration::from_secs(1)), ["1 a.log: 1 one", "1 a.log: 2 tw"]);
}

#[test]
fn what_is_too_long_is_split_and_counted() {
    let mut bench = bench(Options { max_record_size: 100_000, ..Options::default() });
    let line = "x".repeat(999);
    bench.write("a.log", &format!("1\n{}2 two\n", format!("{line}\n").repeat(250)));
    let mut texts = bench.look_after(Duration::from_secs(1));
    texts.extend(bench.look_after(Duration::from_secs(1)));
    assert_eq!(texts.len(), 4);
    assert_eq!(texts.iter().map(|text| text.matches('x').count()).sum::<usize>(), 250 * 999);
    assert_eq!(bench.count("test_oversized_lines"), 2);
}

#[test]
fn room_that_is_reserved_is_not_text() {
    let mut bench = bench(Options::default());
    bench.write("a.log", &format!("1 one\nmore\n{}", "\0".repeat(300_000)));
    assert!(bench.look_after(Duration::from_secs(1)).is_empty());
    assert_eq!(bench.look_after(Duration::from_secs(1)), ["1 a.log: 1 one\nmore"]);
    assert_eq!(bench.count("test_oversized_lines"), 0);
}
