use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::super::exceptions;
use super::super::super::juli::{Entry, Layout, Reader};

/// The records of a file, cut as the engine cuts them.
fn records(text: &str, layout: &Layout) -> Vec<String> {
    let mut records: Vec<String> = Vec::new();
    for line in text.lines() {
        match records.last_mut() {
            Some(last) if !layout.begins(line.as_bytes()) => {
                last.push('\n');
                last.push_str(line);
            }
            _ => records.push(line.to_owned()),
        }
    }
    records
}

fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

#[test]
fn recorded_records_of_every_release_and_format_say_the_same() {
    let files = [
        include_str!("../../testdata/9.0/localhost.log"),
        include_str!("../../testdata/10.1/localhost.log"),
        include_str!("../../testdata/11.0/localhost.log"),
    ];
    for text in files {
        let layout = Layout::file(None);
        let records: Vec<_> = records(text, &layout)
            .into_iter()
            .filter(|record| !record.contains("ContextListener") && !record.contains("SessionListener"))
            .collect();
        let mut reader = Reader::new(layout, berlin());
        let entries: Vec<Entry<'_>> = records.iter().map(|record| reader.read(record)).collect();
        assert_eq!(entries.len(), 5, "{entries:#?}");
        for entry in &entries {
            let time = entry.time.unwrap();
            assert!((1_795_188_040..1_795_188_080).contains(&(time / 1_000_000_000)));
            assert!(entry.thread.as_deref().unwrap().starts_with("http-nio-127.0.0.1-2839"));
        }
        let functions: Vec<_> = entries.iter().map(|entry| entry.function.as_deref().unwrap()).collect();
        assert_eq!(functions[0], "org.apache.catalina.core.StandardWrapperValve.invoke");
        assert!(functions[1..].iter().all(|name| *name == "org.apache.catalina.core.ApplicationContext.log"));
        let levels: Vec<_> = entries.iter().map(|entry| (entry.level, entry.severity)).collect();
        assert_eq!(levels, [("SEVERE", 17), ("INFO", 9), ("SEVERE", 17), ("INFO", 9), ("SEVERE", 17)]);

        // The failure of a page: source lines in the message, the root cause as exception.
        let page = &entries[0];
        assert!(page.message.starts_with("Servlet.service() for servlet [jsp]"), "{}", page.message);
        assert!(page.message.ends_with("Stacktrace:] with root cause"), "{}", page.message);
        let thrown = page.exception.as_ref().unwrap();
        assert_eq!(thrown.kind, "java.lang.RuntimeException");
        assert_eq!(thrown.message.as_deref(), Some("inner Ã¼nÃ¯"));
        assert!(thrown.trace.contains("org.apache.jsp.boom_jsp._jspService(boom_jsp.java:"));

        assert_eq!((&*entries[1].message, entries[1].exception.is_none()), ("ctx log line", true));
        let failed = entries[2].exception.as_ref().unwrap();
        assert_eq!(entries[2].message, "ctx failed");
        assert_eq!((&*failed.kind, failed.message.as_deref()), ("java.io.IOException", Some("outer")));
        assert!(failed.trace.contains("Caused by: java.lang.RuntimeException: cause"));
        assert_eq!(entries[3].message, "two\nlines Ã¼nÃ¯code");
        let nested = entries[4].exception.as_ref().unwrap();
        assert_eq!(
            (&*nested.kind, nested.message.as_deref()),
            ("java.lang.Exception", Some("java.lang.FakeException: text"))
        );
    }
}

#[test]
fn the_whole_trace_stays_together() {
    let text = include_str!("../../testdata/10.1/localhost.log");
    let layout = Layout::file(None);
    let whole = records(text, &layout).join("\n");
    assert_eq!(whole, text.trim_end_matches('\n'));
    let records = records(text, &layout);
    let mut reader = Reader::new(layout, berlin());
    let failed = records.iter().find(|record| record.contains("ctx failed")).unwrap();
    let trace = reader.read(failed).exception.unwrap().trace.into_owned();
    assert!(trace.starts_with("java.io.IOException: outer\n"));
    assert!(trace.contains("Suppressed: java.lang.IllegalArgumentException: suppressed"));
    assert!(trace.trim_end().ends_with("... 34 more"), "{trace}");
}

#[test]
fn a_console_has_records_of_other_frameworks() {
    let layout = Layout::console(None);
    let mut reader = Reader::new(layout.clone(), TimeZone::UTC);
    let mut check = |text: &'static str, time: Option<u64>, severity, thread: Option<&str>| {
        assert!(layout.begins(text.lines().next().unwrap().as_bytes()), "{text}");
        let entry = reader.read(text);
        assert_eq!(entry.time.map(|time| time / 1_000_000), time, "{text}");
        assert_eq!((entry.severity, entry.thread.as_deref()), (severity, thread), "{text}");
    };
    const AT: Option<u64> = Some(1_795_176_001_007);
    check("20-Nov-2026 12:00:01.007 WARNING [main] a.B.c text", AT, 13, Some("main"));
    check("2026-11-20 12:00:01,007 [main] ERROR a.B - text", AT, 17, Some("main"));
    check("2026-11-20 12:00:01.007 [main] DEBUG a.B -- text", AT, 5, Some("main"));
    check("2026-11-20T13:00:01.007+01:00  INFO 1 --- [           main] a.B : text", AT, 9, Some("main"));
    check("12:00:01.007 [main] INFO a.B -- text", None, 9, Some("main"));
    check("Nov 20, 2026 12:00:01 PM a.B c\nWARNING: text", Some(1_795_176_001_000), 13, None);
    for line in [
        "",
        "\tat a.B.c(B.java:1)",
        "Stacktrace:] with root cause",
        "java.lang.Error: x",
        "2026 was a good year",
    ] {
        assert!(!layout.begins(line.as_bytes()), "{line}");
    }
}

#[test]
fn what_is_not_understood_is_a_message() {
    let mut reader = Reader::new(Layout::file(None), TimeZone::UTC);
    for text in [
        "",
        "System.out line",
        "{\"time\": \"x\"}",
        "20-Nov-2026 12:00:01.007 ",
        "20-Nov-2026 12:00:01.007 INFO",
    ] {
        assert_eq!(reader.read(text), Entry::plain(text), "{text}");
    }
}

#[test]
fn exceptions_are_told_from_words() {
    let find = |text| exceptions::find(text).map(|found| (found.kind, found.message));
    assert_eq!(find("the Error: happened\nand more"), None);
    assert_eq!(find("text\njava.lang.Error: in a message\nmore"), None);
    assert_eq!(
        find("java.lang.Error: first\n\tat a.B.c(B.java:1)"),
        Some(("java.lang.Error", Some("first")))
    );
    assert_eq!(find("x\njava.lang.Error\n\tat a.B.c(B.java:1)"), Some(("java.lang.Error", None)));
    assert_eq!(find("x\n\tcom.Strange$Thing: a\nb\n\t\tat a.B.c(B.java:1)"), None);
    assert_eq!(
        find("x\n\tcom.Strange$Thing: a\n\t\tat a.B.c(B.java:1)"),
        Some(("com.Strange$Thing", Some("a")))
    );
    let several = "x\n\tjava.lang.IllegalStateException: a\nb\n\t\tat a.B.c(B.java:1)";
    assert_eq!(find(several), Some(("java.lang.IllegalStateException", Some("a\nb"))));
    assert_eq!(find("x\n\tjava.lang.StackOverflowError"), Some(("java.lang.StackOverflowError", None)));
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "(\\PC|\n|\t| at |: |Error|20-Nov-2026 12:00:01.007 |\\[|\\]){0,40}") {
        for layout in [Layout::file(None), Layout::console(None)] {
            layout.begins(text.as_bytes());
            let entry = Reader::new(layout, TimeZone::UTC).read(&text).message.len();
            prop_assert!(entry <= text.len());
        }
    }
}
