use proptest::collection::vec;
use proptest::prelude::*;

use super::{four_days, score};
use crate::score::picture::{Buckets, Look, Pictures, plot, svg};
use crate::score::report::Row;
use crate::score::scorer::Verdict;
use crate::score::summary::Found;

const PLAIN: Look = Look { width: 80, coloured: false };
const START: u64 = 1_772_323_200_000_000_000;
const MINUTE: u64 = 60_000_000_000;

fn row(series: usize, label: Option<&str>, anomalous: bool) -> Row<'_> {
    let (time, number) = (None, None);
    Row {
        line: 1,
        timestamp: b"",
        value: b"",
        time,
        number,
        series,
        label,
        verdict: Verdict::Open,
        anomalous,
    }
}

fn picture(pictures: &Pictures, title: &str, events: &[Found]) -> String {
    let mut out = Vec::new();
    svg(pictures, title, events, &mut out).expect("a vector");
    String::from_utf8(out).expect("text")
}

#[test]
fn a_series_is_drawn_in_the_terminal() {
    let outcome = score(four_days().as_bytes());

    insta::assert_snapshot!(plot(&outcome.report.pictures.expect("wanted"), "cpu.csv", PLAIN));
}

#[test]
fn events_are_red_where_colours_are_wanted() {
    let mut pictures = Pictures::default();
    (0..100).for_each(|at| {
        pictures.add(&row(0, None, (40..60).contains(&at)), START + at * MINUTE, at as f64, 0.0)
    });

    let plain = plot(&pictures, "a", PLAIN);
    let coloured = plot(&pictures, "a", Look { coloured: true, ..PLAIN });

    assert!(!plain.contains('\x1b'));
    assert!(coloured.contains("\x1b[31m━━━━━━━━━━━━━━━\x1b[0m"), "{coloured}");
}

#[test]
fn a_picture_has_axes_scores_and_events_with_what_is_known_of_them() {
    let outcome = score(four_days().as_bytes());
    let events = &outcome.report.summary.events;
    let text = picture(&outcome.report.pictures.expect("wanted"), "cpu.csv", events);

    let document = roxmltree::Document::parse(&text).expect("XML");

    let words: Vec<&str> = document
        .descendants()
        .filter(|node| node.is_text())
        .filter_map(|node| node.text())
        .filter(|text| !text.trim().is_empty())
        .collect();
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn a_small_picture_is_drawn_point_by_point() {
    let mut pictures = Pictures::default();
    for at in 0..24_u64 {
        let (value, score) = if (12..15).contains(&at) { (90.0, 50.0) } else { ((at % 3) as f64, 1.0) };
        // A gap of half an hour breaks the line.
        let minute = if at < 20 { at } else { at + 30 };
        pictures.add(
            &row(0, Some("load <1m> & \"more\""), score > 1.0),
            START + minute * MINUTE,
            value,
            score,
        );
    }

    insta::assert_snapshot!(picture(&pictures, "", &[]));
}

#[test]
fn twenty_series_are_drawn_the_most_anomalous_first_and_the_rest_is_named() {
    let mut pictures = Pictures::default();
    for series in 0..75_usize {
        let label = format!("series {series}");
        pictures.add(&row(series, Some(&label), false), START, 1.0, series as f32);
    }

    let text = plot(&pictures, "", PLAIN);

    let drawn: Vec<String> =
        text.lines().filter(|line| line.starts_with("series")).map(str::to_owned).collect();
    assert_eq!(drawn, (55..75).rev().map(|series| format!("series {series}")).collect::<Vec<_>>());
    let rest = text.lines().last().expect("the rest");
    assert!(rest.starts_with("not drawn, less anomalous or later: series 54, series 53, "), "{rest}");
    assert!(rest.ends_with("series 5, and 5 more"), "{rest}");
}

proptest! {
    #[test]
    fn no_spike_is_lost_and_memory_has_an_end(
        points in vec((0_u64..=u64::MAX, -1e3..1e3_f64, 0.0..100_f32), 1..300),
        columns in 1_usize..500,
    ) {
        let mut buckets = Buckets::new(points[0].0);
        for (time, value, score) in &points {
            buckets.add(*time, *value, *score, *score > 50.0);
            prop_assert!(buckets.len() <= 2048);
        }

        let columns = buckets.columns(columns);

        let filled = || columns.iter().filter(|column| column.count > 0);
        let least = |numbers: Vec<f64>| numbers.into_iter().fold(f64::INFINITY, f64::min);
        prop_assert_eq!(filled().map(|column| column.count).sum::<u64>(), points.len() as u64);
        prop_assert_eq!(least(filled().map(|column| column.low).collect()), least(points.iter().map(|point| point.1).collect()));
        prop_assert_eq!(
            least(filled().map(|column| -column.high).collect()),
            least(points.iter().map(|point| -point.1).collect())
        );
        let top = points.iter().map(|point| point.2).fold(0.0, f32::max);
        prop_assert_eq!(filled().map(|column| column.score).fold(0.0, f32::max), top);
        prop_assert_eq!(filled().any(|column| column.anomalous), top > 50.0);
    }

    #[test]
    fn any_series_of_any_name_is_a_valid_picture(
        label in any::<String>(),
        points in vec((any::<u64>(), any::<f64>().prop_filter("finite", |value| value.is_finite()), 0.0..100_f32), 1..50),
    ) {
        let mut pictures = Pictures::default();
        for (time, value, score) in points {
            pictures.add(&row(0, Some(&label), score > 50.0), time, value, score);
        }

        let text = picture(&pictures, &label, &[]);

        prop_assert!(roxmltree::Document::parse(&text).is_ok(), "{text}");
        prop_assert!(!text.contains("NaN") || label.contains("NaN"));
        prop_assert!(!plot(&pictures, &label, PLAIN).contains('\x1b'));
    }
}
