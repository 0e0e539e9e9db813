use super::row::{Note, Row};
use super::show::text;

#[test]
fn jvms_are_shown_with_what_is_missing_and_why() {
    let whole = Row {
        pid: 812,
        name: Some("payment-service".to_owned()),
        user: Some("payment".to_owned()),
        version: Some("21.0.8".to_owned()),
        collector: Some("G1"),
        uptime_seconds: Some(3 * 86_400 + 7_260),
        heap_used_bytes: Some(3_400_000_000),
        heap_committed_bytes: Some(4 << 30),
        heap_limit_bytes: Some(8 << 30),
        gc_count: Some(1234),
        gc_seconds: Some(12.3456),
        threads: Some(212),
        read: Some("file"),
        ..Row::default()
    };
    let note =
        |what, why: &str, way_out: &str| Note { what, why: why.to_owned(), way_out: way_out.to_owned() };
    let hidden = |pid| Row {
        pid,
        name: Some("na\u{1b}[2Jme".to_owned()),
        missing: vec![note("counters", "its memory map may not be read", "run as root")],
        ..Row::default()
    };
    let shenandoah = Row {
        pid: 40_000,
        name: Some("größe".to_owned()),
        collector: Some("Shenandoah"),
        read: Some("memory"),
        heap_used_bytes: Some(999),
        missing: vec![note("collections", "not counted", "let it write a log")],
        ..Row::default()
    };

    insta::assert_snapshot!(text(&[whole, hidden(900), hidden(901), shenandoah], 7));
    assert_eq!(text(&[], 0), "no JVMs\n");
}

#[test]
fn json_names_units_and_says_null_for_what_is_not_known() {
    let json = serde_json::to_value(Row { pid: 7, gc_count: Some(3), ..Row::default() }).expect("JSON");
    assert_eq!(
        (&json["pid"], &json["gc_count"], &json["heap_used_bytes"]),
        (&7.into(), &3.into(), &serde_json::Value::Null)
    );
}

#[test]
fn this_host_can_be_listed() {
    let arguments = crate::cli::JvmListArguments { json: true, ..Default::default() };
    let json: serde_json::Value =
        serde_json::from_str(&super::list(&arguments).expect("processes")).expect("JSON");
    assert!(json.is_array());
    let arguments =
        crate::cli::JvmListArguments { root_path: "/nonexistent".to_owned(), ..Default::default() };
    let error = super::list(&arguments).expect_err("no processes there").to_string();
    assert!(error.contains("processes cannot be listed"), "{error}");
}
