//! Logs that command lines name.

use std::path::Path;

use crate::collector::Collector;
use crate::gc_log::{Outputs, open_logs};

fn globs(arguments: &str, feature: u32) -> Vec<String> {
    let outputs = Outputs::of(arguments.split_whitespace(), Path::new("/app"), 7, Some(feature));
    outputs.0.into_iter().map(|output| output.glob).collect()
}

#[test]
fn files_are_found_where_they_are_written() {
    for (arguments, expected) in [
        (
            "-Xmx1g -Xlog:gc*:file=/var/log/gc.log:time,uptime:filecount=5,filesize=10M",
            vec!["/var/log/gc.log"],
        ),
        ("-Xlog:gc:gc.log", vec!["/app/gc.log"]),
        ("-Xlog:gc:./logs/gc.log", vec!["/app/logs/gc.log"]),
        ("-Xlog:gc*:file=\"/var/log/a:b.log\":time", vec!["/var/log/a:b.log"]),
        ("-Xlog:gc*:file=gc-%p-%t.log", vec!["/app/gc-7-????-??-??_??-??-??.log"]),
        ("-Xlog:gc:file=gc-%hn-100%.log", vec!["/app/gc-*-100%.log"]),
        ("-Xlog:gc:file=/a[1]/*.log", vec!["/a[[]1[]]/[*].log"]),
        ("-Xloggc:/a.log -Xlog:safepoint*:file=/b.log -Xlog:gc+phases:/a.log", vec!["/a.log", "/b.log"]),
        ("-Xlog:gc -Xlog:gc:stdout -Xlog:all::time -Xlog:disable -Xlog -version", vec![]),
    ] {
        assert_eq!(globs(arguments, 17), expected, "{arguments}");
    }
}

#[test]
fn jdk_8_names_and_numbers_files_in_its_own_way() {
    assert_eq!(globs("-Xloggc:gc-%p.log -XX:+PrintGCDetails", 8), ["/app/gc-pid7.log"]);
    assert_eq!(globs("-XX:+UseGCLogFileRotation -Xloggc:/gc.log", 8), ["/gc.log.*"]);
}

#[test]
fn a_log_tells_pauses_when_it_selects_their_lines() {
    for (what, g1, z) in [
        ("gc", true, false),
        ("gc*", true, true),
        ("gc=debug", true, false),
        ("gc=warning", false, false),
        ("gc,gc+phases", true, true),
        ("gc+phases", false, true),
        ("gc*,gc+phases=off", true, false),
        ("all", true, true),
        ("", true, true),
        ("safepoint", false, false),
        ("gc+heap*,gc+age", false, false),
    ] {
        let argument = format!("-Xlog:{what}:/gc.log");
        let outputs = Outputs::of([argument.as_str()], Path::new("/"), 1, Some(21));
        let tells = |collector| outputs.0[0].tells_pauses(collector);
        assert_eq!((tells(Collector::G1), tells(Collector::GenerationalZ)), (g1, z), "{what}");
    }
}

#[test]
fn many_logs_are_too_many() {
    let arguments: Vec<_> = (0..100).map(|number| format!("-Xlog:gc:/{number}.log")).collect();
    assert_eq!(globs(&arguments.join(" "), 17).len(), 8);
}

#[test]
fn open_files_that_are_named_like_logs_are_found() {
    let directory = tempfile::tempdir().unwrap();
    for (number, target) in
        ["/a/gc.log", "/a/app.log", "/a/gc.log (deleted)", "pipe:[1]", "/a/gc-1.log.0.current"]
            .into_iter()
            .enumerate()
    {
        std::os::unix::fs::symlink(target, directory.path().join(number.to_string())).unwrap();
    }
    assert_eq!(open_logs(directory.path()), [Path::new("/a/gc-1.log.0.current"), Path::new("/a/gc.log")]);
    assert!(open_logs(Path::new("/does/not/exist")).is_empty());
}
