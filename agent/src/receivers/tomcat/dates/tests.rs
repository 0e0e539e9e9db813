use std::path::Path;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::files::Files;
use super::civil::{self, Moment};
use super::format::Format;
use super::zone::{Clock, Signs, find};

fn moment(format: &str, text: &str) -> Option<Moment> {
    let mut moment = Moment::default();
    let length = Format::compile(format)?.read(text.as_bytes(), &mut moment)?;
    (length == text.len()).then_some(moment)
}

fn utc(format: &str, text: &str) -> Option<u64> {
    Clock::new(TimeZone::UTC).resolve(&moment(format, text)?)
}

const NOON: u64 = 1_795_176_000_000_000_000;

#[test]
fn reads_formats_of_java() {
    let of = |format, text| utc(format, text);
    assert_eq!(of("dd-MMM-yyyy HH:mm:ss.SSS", "20-Nov-2026 12:00:00.250"), Some(NOON + 250_000_000));
    assert_eq!(of("yyyy-MM-dd'T'HH:mm:ssX", "2026-11-20T12:00:00Z"), Some(NOON));
    assert_eq!(of("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-11-20T13:00:00+01:00"), Some(NOON));
    assert_eq!(of("yyyyMMddHHmmssSSS", "20261120120000007"), Some(NOON + 7_000_000));
    assert_eq!(of("EEE, d MMM yy hh:mm:ss a Z", "Fri, 20 Nov 26 12:00:00 PM +0000"), Some(NOON));
    assert_eq!(of("h 'o''clock' a d.M.yyyy", "12 o'clock PM 20.11.2026"), Some(NOON));
    assert_eq!(of("HH:mm:ss", "12:00:00"), None);
    assert_eq!(of("yyyy-MM-dd", "2026-13-01"), None);
    assert_eq!(Format::compile("yyyy z"), None);
    assert_eq!(Format::compile("'unended"), None);
}

#[test]
fn a_format_is_a_glob_of_file_names() {
    assert_eq!(Format::compile(".yyyy-MM-d").unwrap().glob(), ".[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9]*");
}

#[test]
fn summer_time_ends_in_order() {
    let zone =
        find(&Files::new(Path::new("/")), Signs { property: Some("Europe/Berlin"), variable: None }).unwrap();
    let mut clock = Clock::new(zone);
    let mut at = |text| clock.resolve(&moment("yyyy-MM-dd HH:mm:ss", text).unwrap()).unwrap() / 1_000_000_000;
    let midnight = 1_792_879_200; // 2026-10-25 00:00 in Berlin
    assert_eq!(at("2026-10-25 00:00:00"), midnight);
    assert_eq!(at("2026-10-25 02:30:00"), midnight + 9_000);
    assert_eq!(at("2026-10-25 02:59:59"), midnight + 10_799);
    // It was later already: this is the second time.
    assert_eq!(at("2026-10-25 02:10:00"), midnight + 600 + 10_800);
    assert_eq!(at("2026-10-25 02:59:59"), midnight + 10_799 + 3600);
    assert_eq!(at("2026-10-25 03:00:00"), midnight + 14_400);
    // Summer time began: half past two did not come that night.
    assert_eq!(at("2027-03-28 02:30:00"), 1_806_197_400);
}

#[test]
fn zones_are_found_by_name_and_never_outside_of_their_folder() {
    let zone = |name| {
        find(&Files::new(Path::new("/nowhere")), Signs { property: Some(name), variable: Some("UTC") })
    };
    let hour = |name| {
        let moment = moment("yyyy-MM-dd HH", "2026-11-20 13").unwrap();
        Clock::new(zone(name).unwrap()).resolve(&moment)
    };
    assert_eq!(hour("GMT+1"), Some(NOON));
    assert_eq!(hour("GMT+01:00"), Some(NOON));
    assert_eq!(hour("Europe/Berlin"), Some(NOON));
    assert_eq!(hour("CET-1CEST,M3.5.0,M10.5.0/3"), Some(NOON));
    assert!(zone("../../../etc/passwd").is_err());
    assert!(zone("Mars/Olympus").unwrap_err().contains("Mars/Olympus"));
}

proptest! {
    #[test]
    fn days_count_as_the_calendar_library_counts(days in -700_000_i64..2_900_000) {
        let datetime = TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(days * 86_400).unwrap());
        let counted = civil::days(datetime.year().into(), datetime.month().into(), datetime.day().into());
        prop_assert_eq!(counted, days);
    }

    #[test]
    fn any_format_and_text_is_read_without_a_panic(format in ".{0,40}", text in ".{0,60}") {
        let _ = moment(&format, &text).and_then(|moment| Clock::new(TimeZone::UTC).resolve(&moment));
    }
}
