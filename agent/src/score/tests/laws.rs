use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{four_days, score, score_as};
use crate::score::cli::Format;
use crate::score::input::Records;
use crate::text_file::{Source, csv};

/// Cells that say something, and cells that say anything.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "2026-0[1-3]-[0-3][0-9]( [0-2][0-9]:[0-5][0-9]:00)?",
        "[0-9]{1,3}(\\.[0-9])?",
        "[a \",;\n\u{e9}]{0,8}",
        any::<f64>().prop_map(|number| number.to_string()),
    ]
}

fn written(rows: &[[String; 3]]) -> Vec<u8> {
    let mut text = b"note,timestamp,value\n".to_vec();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            csv::field(cell.as_bytes(), &mut text).expect("a vector");
        }
        text.push(b'\n');
    }
    text
}

/// The first two cells of every record below the header.
fn read(text: &str) -> Vec<[String; 2]> {
    let mut source = Cursor::new(text.as_bytes());
    let mut records = Records::new(&mut source);
    let mut record = Vec::new();
    let mut rows = Vec::new();
    while records.next(&mut record, b',').expect("reads").is_some() {
        let mut cells = crate::score::input::fields(&record, b',');
        let mut cell = || String::from_utf8(cells.next().expect("a cell").into_owned()).expect("text");
        rows.push([cell(), cell()]);
    }
    rows.split_off(1)
}

proptest! {
    #[test]
    fn every_row_gives_a_row_with_its_timestamp_and_value(rows in vec([cell(), cell(), cell()], 0..40)) {
        let outcome = score(&written(&rows));

        let expected: Vec<[String; 2]> = rows.into_iter().map(|[_, time, value]| [time, value]).collect();
        prop_assert_eq!(read(&outcome.csv), expected);
    }

    #[test]
    fn foreign_bytes_are_survived(
        bytes in vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",;\n\r\t0123456789-: ".to_vec())], 0..2000),
    ) {
        let mut named = b"timestamp,value\n".to_vec();
        named.extend_from_slice(&bytes);
        let outcome = score(&named);
        prop_assert!(outcome.report.summary.rows <= bytes.split(|byte| *byte == b'\n').count() as u64);
        score(&bytes);
        score_as(Source::of(&bytes), Format::Otlp);
    }
}

proptest! {
    // Each case scores days.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nothing_is_known_of_rows_to_come(rows in 2_usize..1152) {
        let text = four_days();
        let whole = score(text.as_bytes()).csv;
        let beginning: String = text.split_inclusive('\n').take(rows).collect();
        prop_assert!(whole.starts_with(&score(beginning.as_bytes()).csv));
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row() {
    let mut text = "timestamp,value\n1772366400,\"1\n".to_owned();
    (1..2000).for_each(|point| text.push_str(&format!("{},{point}\n", 1_772_366_400 + 60 * point)));

    let outcome = score(text.as_bytes());

    assert_eq!(outcome.rows()[0], "1772366400,1,,,,a quote is not closed");
    assert_eq!((outcome.report.summary.rows, outcome.report.summary.refused), (2000, 1));
}
