//! Laws of cutting files into records.

use proptest::prelude::*;

use super::super::framing::Framing;
use super::super::options::{Encoding, Oversize};

/// The slow and obvious way to cut a whole file: line by line, then each line to size.
fn reference(text: &[u8], max: usize) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        while line.len() > max {
            let starts = |at: &usize| line[*at] & 0xc0 != 0x80;
            let cut = (max - 3..=max).rev().find(starts).filter(|at| *at > 0).unwrap_or(max);
            records.push(line[..cut].to_vec());
            line = &line[cut..];
        }
        records.push(line.to_vec());
    }
    records
}

/// Cuts `text` as it is seen through reads that end at `reads`.
fn cut(framing: &Framing, text: &[u8], reads: &[usize]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut at = 0;
    let mut discarding = false;
    for end in reads.iter().copied().chain([text.len()]) {
        let end = end.min(text.len());
        while let Some(rest) = text.get(at..end) {
            if discarding {
                let (passed, ended) = framing.discard(rest);
                at += passed;
                discarding = !ended;
                if ended {
                    continue;
                }
                break;
            }
            let Some(cut) = framing.next(rest) else { break };
            assert!(cut.next > 0 && cut.end <= cut.next && cut.next <= rest.len());
            records.push(rest[..cut.end].to_vec());
            at += cut.next;
            discarding = cut.discard;
        }
    }
    if !discarding {
        let rest = &text[at..];
        records.push(rest.to_vec());
    }
    records
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z]{0,12}".prop_map(String::into_bytes),
        2 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => "[äß€𝄞]{0,6}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn where_reads_end_does_not_matter(
        text in text(),
        mut reads in proptest::collection::vec(0_usize..300, 0..20),
        max in 4_usize..24,
        truncate in any::<bool>(),
    ) {
        reads.sort_unstable();
        let oversize = if truncate { Oversize::Truncate } else { Oversize::Split };
        let framing = Framing { encoding: Encoding::Utf8, max, oversize };
        let nonempty = |records: Vec<Vec<u8>>| -> Vec<Vec<u8>> {
            records.into_iter().filter(|record| !record.is_empty()).collect()
        };
        let whole = nonempty(cut(&framing, &text, &[]));
        prop_assert_eq!(nonempty(cut(&framing, &text, &reads)), whole);
    }

    #[test]
    fn finished_lines_are_cut_as_the_slow_reference_cuts_them(text in text(), max in 4_usize..24) {
        let framing = Framing { encoding: Encoding::Utf8, max, oversize: Oversize::Split };
        let finished = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let expected = reference(&text[..finished], max);
        let nonempty = |records: Vec<Vec<u8>>| -> Vec<Vec<u8>> {
            records.into_iter().filter(|record| !record.is_empty()).collect()
        };
        prop_assert_eq!(nonempty(cut(&framing, &text[..finished], &[])), nonempty(expected));
    }

    #[test]
    fn utf_16_is_cut_where_its_lines_end(lines in proptest::collection::vec("[a-zÀ-ÿ\u{a0a}\u{d0a}𝄞]{0,12}", 0..8), big in any::<bool>()) {
        let encoding = if big { Encoding::Utf16Be } else { Encoding::Utf16Le };
        let framing = Framing { encoding, max: 1024, oversize: Oversize::Split };
        let bytes = |text: &str| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        let file: Vec<u8> = lines.iter().flat_map(|line| bytes(&format!("{line}\r\n"))).collect();
        let mut expected: Vec<_> = lines.iter().map(|line| bytes(line)).collect();
        expected.push(Vec::new());
        prop_assert_eq!(cut(&framing, &file, &[]), expected);
    }
}

#[test]
fn characters_are_not_torn_when_a_line_is_split() {
    let framing = Framing { encoding: Encoding::Utf8, max: 4, oversize: Oversize::Split };
    let records = cut(&framing, "ab€cd𝄞\n".as_bytes(), &[]);
    let texts: Vec<_> = records.iter().map(|record| str::from_utf8(record).unwrap()).collect();
    assert_eq!(texts, ["ab", "€c", "d", "𝄞", ""]);
}
