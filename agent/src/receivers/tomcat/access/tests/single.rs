use super::super::redact::redact;
use super::super::request::Trace;
use super::*;

#[test]
fn a_user_may_have_blanks_and_quotes_in_the_name() {
    let mut reader = reader("common");
    let line = r#"10.0.0.1 - mo \"n Smith [20/Nov/2026:13:00:01 +0100] "GET /a?b=c HTTP/2.0" 200 -"#;
    let request = read(&mut reader, line);
    assert_eq!(plain(request.user).as_deref(), Some("mo \"n Smith"));
    assert_eq!(request.client_host, Some("10.0.0.1"));
    assert_eq!((request.method, request.path, request.query), (Some("GET"), Some("/a"), Some("b=c")));
    assert_eq!((request.status, request.bytes), (Some(200), None));
    assert_eq!(request.time, Some(1_795_176_001_000_000_000));
}

#[test]
fn lines_that_are_none_are_told_from_those_that_are() {
    let mut reader = reader("combined");
    for line in [
        "",
        "garbage",
        "10.0.0.1 - - [20/Nov/2026:13:00:01 +0100]",
        r#"10.0.0.1 - - [20/Nov/2026:13:00:01 +0100] "GET / HTTP/1.1" 200 5 "-" "unended"#,
        r#"10.0.0.1 - - [20/Nov/2026:13:00:01 +0100] "GET / HTTP/1.1" 200 5 "-" "a" more"#,
    ] {
        assert_eq!(reader.read(line, &mut Request::default()), Outcome::Malformed, "{line}");
    }
}

#[test]
fn a_quote_in_what_is_not_escaped_ends_nothing() {
    let mut reader = reader(r#""%r" %s"#);
    let request = read(&mut reader, r#""GET /a"b" c HTTP/1.1" 404"#);
    assert_eq!(request.path, Some(r#"/a"b" c"#));
    assert_eq!(request.status, Some(404));
}

#[test]
fn units_of_durations_depend_on_the_release() {
    let duration = |release, pattern: &str, line: &'static str| {
        let mut reader = Reader::new(Format::pattern(pattern, release), TimeZone::UTC);
        read(&mut reader, line).duration
    };
    assert_eq!(duration(OLD, "%D", "250"), Some(250_000_000));
    assert_eq!(duration(NEW, "%D", "250"), Some(250_000));
    assert_eq!(duration(Release { major: 10, minor: 0 }, "%D", "250"), Some(250_000_000));
    assert_eq!(duration(NEW, "%T", "2"), Some(2_000_000_000));
    assert_eq!(duration(OLD, "%T", "0.431"), Some(431_000_000));
    assert_eq!(duration(NEW, "%{fracsec}T", "0.431"), Some(431_000_000));
    assert_eq!(duration(NEW, "%{ns}T", "431"), Some(431));
    assert_eq!(duration(OLD, "%{us}T %D", "??? 7"), Some(7_000_000));
    // The finer one counts, wherever it stands.
    assert_eq!(duration(NEW, "%T %D %{ms}T", "1 1250000 1250"), Some(1_250_000_000));
}

#[test]
fn times_of_all_forms_are_read() {
    let time = |pattern: &str, line: &'static str| read(&mut reader(pattern), line).time;
    const AT: u64 = 1_795_176_001_000_000_000;
    assert_eq!(time("%t", "[20/Nov/2026:12:00:01 +0000]"), Some(AT));
    assert_eq!(time("%{end}t", "[20/Nov/2026:12:00:01 +0000]"), Some(AT));
    assert_eq!(time("%{sec}t", "1795176001"), Some(AT));
    assert_eq!(time("%{msec}t", "1795176001007"), Some(AT + 7_000_000));
    assert_eq!(time("%{sec}t.%{msec_frac}t", "1795176001.007"), Some(AT + 7_000_000));
    assert_eq!(time("%t.%{msec_frac}t", "[20/Nov/2026:12:00:01 +0000].007"), Some(AT + 7_000_000));
    assert_eq!(time("%{yyyy-MM-dd}t %{HH:mm:ss}t %s", "2026-11-20 12:00:01 200"), Some(AT));
    assert_eq!(
        time("%{yyyy-MM-dd HH:mm:ss.SSS Z}t%s", "2026-11-20 13:00:01.007 +0100200"),
        Some(AT + 7_000_000)
    );
    assert_eq!(time("%{begin:sec}t %{end:sec}t", "1795176000 1795176001"), Some(AT));
    assert_eq!(time("%{begin:sec}t", "1795176001"), Some(AT));
    // In a language that is not known: passed over.
    assert_eq!(time("%{dd MMM yyyy}t|%s", "20 листопада 2026|200"), None);
}

#[test]
fn a_trace_context_becomes_one() {
    let mut reader = reader("%{traceparent}i");
    let request = read(&mut reader, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let trace = request.trace.unwrap();
    assert_eq!((trace.trace[0], trace.span[7], trace.flags), (0x4b, 0xb7, 1));
    let none = |text| assert_eq!(Trace::parse(text), None, "{text}");
    none("00-00000000000000000000000000000000-00f067aa0ba902b7-01");
    none("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01");
    none("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    none("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01");
    none("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x");
    assert!(Trace::parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x").is_some());
}

#[test]
fn credentials_and_sessions_become_no_attributes() {
    let format = Format::pattern("%{Authorization}i %{Cookie}i %{Set-Cookie}o %S %{a}c %{b}s %{X-Id}i", NEW);
    let keys: Vec<_> = format.named().iter().map(|named| named.key.as_str()).collect();
    assert_eq!(keys, ["http.request.header.x-id"]);
}

#[test]
fn values_that_cannot_be_told_apart_are_passed_over() {
    let mut reader = reader("%h%v %m%u %U%q %s");
    let request = read(&mut reader, "10.0.0.1localhost GET- /a?b=1 200");
    assert_eq!((request.client_host, request.server, request.method), (None, None, None));
    assert_eq!((request.path, request.query, request.status), (Some("/a"), Some("b=1"), Some(200)));
}

#[test]
fn braces_that_are_not_closed_are_codes_of_their_own() {
    let mut reader = reader("%{a %s");
    let request = read(&mut reader, "???{???a 200");
    assert_eq!(request.status, Some(200));
}

#[test]
fn values_of_signatures_are_replaced_wherever_they_stand() {
    let mut scratch = String::new();
    let mut check = |line: &str, expected: &str| assert_eq!(redact(line, &mut scratch), expected);
    check("GET /a?x=1&y=2 HTTP/1.1", "GET /a?x=1&y=2 HTTP/1.1");
    check("GET /a?sig=abc HTTP/1.1", "GET /a?sig=REDACTED HTTP/1.1");
    check(
        "?x=1&Signature=ab&y=2&sig=c\" \"?sig=d#e",
        "?x=1&Signature=REDACTED&y=2&sig=REDACTED\" \"?sig=REDACTED#e",
    );
    check("?signal=1&SIG=2&sig=", "?signal=1&SIG=2&sig=");
}

#[test]
fn escapes_are_resolved() {
    let mut reader = reader("\"%{A}i\"");
    let mut value = |line: &str| plain(Some(read(&mut reader, line).named[0].1)).unwrap();
    assert_eq!(value(r#""a\"b\\c\td\u00fc\ud83d\ude00\ud83dx""#), "a\"b\\c\tdü\u{1f600}\u{fffd}x");
    assert_eq!(value(r#""\x \u00""#), r"\x \u00");
}
