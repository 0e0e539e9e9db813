use crate::score::input::parse;

#[test]
fn times_are_read_in_every_way_that_is_promised() {
    const TIME: u64 = 1_772_366_400_500_000_000;
    for text in [
        "2026-03-01T12:00:00.5Z",
        "2026-03-01 12:00:00.500",
        "2026-03-01T12:00:00.5",
        " 2026-03-01T13:00:00.500000000+01:00 ",
        "2026-03-01T06:30:00.5-05:30",
        "2026-03-01 12:00:00.5z",
        "1772366400.5",
        "1772366400500",
        "1772366400500.0",
        "1772366400500000",
        "1772366400500000000",
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(TIME), "{text}");
    }
    assert_eq!(parse(b"2026-03-01 12:00:00"), Ok(TIME - 500_000_000));
    assert_eq!(parse(b"2026-03-01 12:00"), Ok(TIME - 500_000_000));
    assert_eq!(parse(b"2026-03-01"), Ok(TIME - 500_000_000 - 12 * 3_600_000_000_000));
}

#[test]
fn what_could_be_several_times_is_none() {
    for text in
        ["12", "177236640", "17723664005", "01/03/2026", "12:00", "2026-13-01", "now", "\u{661}", "-1", "1e9"]
    {
        assert_eq!(parse(text.as_bytes()), Err("the timestamp cannot be read"), "{text}");
    }
    assert_eq!(parse(b"\xff"), Err("the timestamp cannot be read"));
    assert_eq!(parse(b"  "), Err("there is no timestamp"));
    assert_eq!(parse(b"1969-12-31 23:59:59"), Err("the timestamp is before 1970 or after 2554"));
    assert_eq!(parse(b"2600-01-01T00:00:00Z"), Err("the timestamp is before 1970 or after 2554"));
}
