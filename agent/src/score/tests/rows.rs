use edgewatch_processors::anomaly::detector::{Detector, Settings};

use super::{Outcome, four_days, score, score_as};
use crate::score::cli::Format;
use crate::score::input::parse;
use crate::text_file::Source;

#[test]
fn tells_start_end_and_reason_of_an_event_and_nothing_of_what_is_usual() {
    let outcome = score(four_days().as_bytes());

    outcome.done.as_ref().expect("scores");
    assert_eq!(outcome.rows().len(), 4 * 288);
    assert_eq!(outcome.rows()[0], "2026-03-01 00:00:00,50.42,0,1,,");
    let telling: Vec<&str> = outcome.rows().into_iter().filter(|row| !row.ends_with(",,")).collect();
    insta::assert_snapshot!(telling.join("\n"));
    insta::assert_snapshot!("summary", outcome.report.summary.render());
}

#[test]
fn says_what_the_detector_says() {
    let text = four_days();
    let (settings, mut detector) = (Settings::default(), Detector::default());
    let expected: Vec<f32> = text
        .lines()
        .skip(1)
        .map(|row| {
            let (time, value) = row.split_once(',').expect("two columns");
            let time = parse(time.as_bytes()).expect("a time");
            detector
                .observe(&settings, time, value.parse().expect("a number"))
                .map_or(0.0, |scored| scored.score)
        })
        .collect();

    let outcome = score(text.as_bytes());

    let column = |row: &str| row.split(',').nth(2).expect("a score").parse::<f32>().expect("a number");
    assert_eq!(outcome.rows().into_iter().map(column).collect::<Vec<_>>(), expected);
}

#[test]
fn columns_are_found_by_name_whatever_is_beside_them() {
    let rows = |text: &str| score(text.as_bytes()).csv;
    let expected = "timestamp,value,score,p,event,reason\n2026-03-01,1,0,1,,\n2026-03-02,2,0,1,,\n";

    assert_eq!(rows("timestamp,value\n2026-03-01,1\n2026-03-02,2\n"), expected);
    assert_eq!(rows("host,Value,note,TIMESTAMP\na,1,x,2026-03-01\nb,2,y,2026-03-02"), expected);
    assert_eq!(rows("\u{feff}\"timestamp\";\"value\"\r\n\"2026-03-01\";1\r\n2026-03-02;\"2\"\r\n"), expected);
    assert_eq!(rows("\nvalue\ttimestamp\n\n1\t2026-03-01\n   \n2\t2026-03-02\n\n"), expected);
}

#[test]
fn a_row_that_cannot_be_scored_says_why_and_changes_nothing() {
    let outcome = score(
        b"timestamp,value\n2026-03-01 00:00:00,1\n2026-03-01 00:05:00,2\n2026-03-01 00:05:00,3\n\
          2026-03-01 00:04:00,4\n2026-03-01 00:10:00,NaN\n2026-03-01 00:10:00,-inf\n2026-03-01 00:10:00,\n\
          2026-03-01 00:10:00\n2026-03-01 00:10:00,five\n2026-02-30 00:10:00,5\n,5\n1969-03-01 00:00:00,5\n\
          2026-03-01 00:10:00,\"6\n2026-03-01 00:10:00,6\n",
    );

    outcome.done.as_ref().expect("scores what can be scored");
    insta::assert_snapshot!(outcome.csv);
    assert_eq!((outcome.report.summary.rows, outcome.report.summary.refused), (14, 11));
}

#[test]
fn a_quoted_field_may_have_several_lines() {
    let outcome =
        score(b"timestamp,note,value\n2026-03-01,\"two\nlines, \"\"and\"\" more\",1\n2026-03-02,,\"2\"\n");

    assert_eq!(outcome.rows(), ["2026-03-01,1,0,1,,", "2026-03-02,2,0,1,,"]);
}

#[test]
fn timestamp_and_value_are_told_as_written() {
    let outcome = score(b"value,timestamp\n +1.50e0 ,\"2026-03-01T00:00:00,5Z\"\n0x10,\"say \"\"now\"\"\"\n");

    assert_eq!(
        outcome.rows(),
        [
            "\"2026-03-01T00:00:00,5Z\", +1.50e0 ,0,1,,",
            "\"say \"\"now\"\"\",0x10,,,,the timestamp cannot be read"
        ]
    );
}

#[test]
fn points_of_a_step_have_its_score_in_the_row_that_completes_it() {
    let row = |point: u64| {
        let value = if point < 6 * 60 * 30 { point * point % 97 } else { 1000 };
        format!("{}.{},{value}\n", 1_772_323_200 + point * 10, point % 10)
    };
    let text: String =
        std::iter::once("timestamp,value\n".to_owned()).chain((0..6 * 60 * 31).map(row)).collect();

    let outcome = score(text.as_bytes());

    let scores = outcome.rows().into_iter().map(|row| row.split(',').nth(2).expect("a score") != "0");
    let places: Vec<usize> = scores.enumerate().filter(|(_, scored)| *scored).map(|(at, _)| at % 6).collect();
    assert!(places.len() > 10);
    assert_eq!(places, vec![5; places.len()]);
}

#[test]
fn a_step_that_ended_with_a_gap_is_scored_in_the_row_that_shows_it() {
    let row = |point: u64| format!("{},{}\n", 1_772_323_200 + point * 10, point % 7);
    let mut text: String =
        std::iter::once("timestamp,value\n".to_owned()).chain((0..6 * 60 * 30).map(row)).collect();
    // Two points of a step, then an hour of nothing.
    let next = 1_772_323_200 + 6 * 60 * 300;
    text.push_str(&format!("{},5000\n{},5000\n{},3\n", next, next + 10, next + 3600));

    let outcome = score(text.as_bytes());

    let rows = outcome.rows();
    let last = rows.last().expect("rows");
    assert!(last.contains(",start,until 2026-03-02T06:00:10Z: "), "{last}");
}

#[test]
fn an_input_without_anything_to_score_is_an_error_that_says_what_to_do() {
    let error = |text: &str| score(text.as_bytes()).error();

    insta::assert_snapshot!(
        [
            error(""),
            error("date,cpu\n2026-03-01,1\n"),
            error("timestamp,value\n"),
            error("timestamp,value\n\nyesterday,1\n2026-03-01,\n"),
            error("{\"resourceMetrics\":[]}\n"),
            error("{\n  \"resourceMetrics\": []\n}\n"),
        ]
        .join("\n")
    );
}

#[test]
fn the_format_can_be_said() {
    let as_otlp = |text: &str| -> Outcome { score_as(Source::of(text.as_bytes()), Format::Otlp) };

    let outcome = as_otlp("timestamp,value\n");

    assert_eq!(outcome.csv.lines().next(), Some("timestamp,value,score,p,event,reason,series"));
    assert!(outcome.error().contains("line 1: not OTLP JSON"), "{}", outcome.error());
}
