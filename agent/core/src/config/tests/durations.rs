use proptest::prelude::*;

use super::super::Duration;

#[test]
fn go_durations_are_read_and_written() {
    for (text, shown) in [
        ("0", "0s"),
        ("0s", "0s"),
        ("200ms", "200ms"),
        ("1m30s", "1m30s"),
        ("1.5s", "1.5s"),
        ("90s", "1m30s"),
        ("1h", "1h"),
        ("36h15m0.25s", "36h15m0.25s"),
        (".5s", "500ms"),
        ("1.s", "1s"),
        ("1us", "1us"),
        ("1µs", "1us"),
        ("1500ns", "1.5us"),
        ("+3s", "3s"),
        ("100000h", "100000h"),
    ] {
        assert_eq!(text.parse::<Duration>().map(|found| found.to_string()), Ok(shown.to_owned()), "{text}");
    }
}

#[test]
fn anything_else_is_refused() {
    for text in
        ["", "1", "10", "s", "1x", "1 s", "-1s", "1m 30s", "1..5s", ".s", "1e3s", "99999999999h", "1s5", "1d"]
    {
        assert!(text.parse::<Duration>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same(nanos in any::<u64>()) {
        let duration = Duration::from(std::time::Duration::from_nanos(nanos));
        prop_assert_eq!(duration.to_string().parse::<Duration>(), Ok(duration));
    }
}
