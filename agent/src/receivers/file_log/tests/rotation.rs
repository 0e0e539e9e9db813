//! Files that are renamed, copied, truncated, deleted, replaced.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::json;

use super::bench::{Bench, attributes};

#[test]
fn lines_written_before_a_rename_are_read_though_the_new_name_does_not_match() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.append("app.log", "two\n");
    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "three\n");

    assert_eq!(bench.poll(), ["two", "three"]);
}

#[test]
fn what_a_program_writes_to_a_renamed_file_is_read() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.rename("app.log", "app.log.1");
    assert!(bench.poll().is_empty());
    bench.append("app.log.1", "late\n");

    assert_eq!(bench.poll(), ["late"]);
}

#[test]
fn a_renamed_file_that_matches_is_not_read_twice_and_takes_its_new_name() {
    let mut bench = Bench::new(json!({ "include": ["app.log*"] }));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.rename("app.log", "app.log.1");
    bench.append("app.log", "two\n");
    assert_eq!(bench.poll(), ["two"]);

    bench.append("app.log.1", "late\n");
    let records = bench.records_after(Duration::from_secs(2));
    assert_eq!(records.iter().map(attributes).collect::<Vec<_>>(), [["log.file.name=app.log.1"]]);
}

#[test]
fn unread_lines_keep_the_name_that_they_were_written_under() {
    let mut bench = Bench::new(json!({ "include": ["app.log*"] }));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.append("app.log", "two\n");
    bench.rename("app.log", "app.log.1");

    let records = bench.records_after(Duration::from_secs(2));
    assert_eq!(records.iter().map(attributes).collect::<Vec<_>>(), [["log.file.name=app.log"]]);
}

#[test]
fn a_deleted_file_is_read_to_its_end_and_then_closed() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.append("app.log", "two\nunfinished");
    bench.remove("app.log");
    assert_eq!(bench.poll(), ["two"]);
    assert_eq!(bench.poll(), ["unfinished"]);

    for _ in 0..6 {
        assert!(bench.poll().is_empty());
    }
    assert_eq!(bench.count("otelcol_fileconsumer_open_files"), 0);
    assert_eq!(bench.tailer.followed(), 0);
}

#[test]
fn after_copytruncate_the_unread_tail_comes_from_the_copy() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.append("app.log", "two\nthree\n");
    bench.copy("app.log", "app.log.1");
    bench.truncate("app.log");
    bench.append("app.log", "4\n");

    let mut lines = bench.poll();
    lines.extend(bench.poll());
    lines.sort();
    assert_eq!(lines, ["4", "three", "two"]);
    assert_eq!(bench.count("edgewatch_file_log_truncations"), 1);
    assert_eq!(bench.count("edgewatch_file_log_lost_bytes"), 0);
}

#[test]
fn a_copy_that_matches_is_not_read_twice() {
    let mut bench = Bench::new(json!({ "include": ["app.log*"] }));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    // The copy is there for a while before the file is truncated.
    bench.append("app.log", "two\n");
    bench.copy("app.log", "app.log.1");
    assert_eq!(bench.poll(), ["two"]);
    bench.append("app.log", "lost to the copy\n");
    bench.truncate("app.log");
    bench.append("app.log", "3\n");

    let mut lines = bench.poll();
    lines.extend(bench.poll());
    assert_eq!(lines, ["3"]);
}

#[test]
fn a_truncated_file_that_has_grown_beyond_its_old_size_is_recognised() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "short\n");
    assert_eq!(bench.poll(), ["short"]);

    bench.truncate("app.log");
    bench.append("app.log", "much longer than before\nand more\n");

    assert_eq!(bench.poll(), ["much longer than before", "and more"]);
}

#[test]
fn a_truncation_without_a_copy_is_counted() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.append("app.log", "two\nthree\n");
    // Seen, but nothing may be read: the destination is full.
    bench.now += Duration::from_secs(2);
    assert!(bench.step(0).0.is_empty());
    bench.truncate("app.log");
    bench.append("app.log", "4\n");

    assert_eq!(bench.poll(), ["4"]);
    assert_eq!(bench.count("edgewatch_file_log_lost_bytes"), "two\nthree\n".len());
}

#[test]
fn files_that_rotate_away_while_nothing_may_be_read_are_kept() {
    let mut bench = Bench::new(json!({}));
    for generation in 0..5 {
        bench.append("app.log", format!("line {generation}\n"));
        bench.now += Duration::from_secs(2);
        assert!(bench.step(0).0.is_empty());
        bench.rename("app.log", &format!("app.log.{generation}"));
    }
    bench.remove("app.log.0");

    let mut lines = bench.poll();
    lines.sort();
    assert_eq!(lines, ["line 0", "line 1", "line 2", "line 3", "line 4"]);
}

#[test]
fn an_inode_that_is_used_again_is_a_new_file() {
    let mut bench = Bench::new(json!({ "max_concurrent_files": 1 }));
    // With one open file at most, these are closed while they are idle, and inodes are free to be used again.
    for round in 0..20 {
        bench.append("a.log", format!("a {round}\n"));
        bench.append("b.log", format!("b {round}\n"));
        let mut lines = bench.poll();
        lines.sort();
        assert_eq!(lines, [format!("a {round}"), format!("b {round}")]);
        bench.remove("a.log");
        bench.remove("b.log");
    }
    assert_eq!(bench.count("edgewatch_file_log_lost_bytes"), 0);
}

#[test]
fn a_rotated_file_that_is_compressed_is_not_read_again() {
    let mut bench = Bench::new(json!({ "include": ["app.log*"] }));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);

    bench.append("app.log", "two\n");
    bench.rename("app.log", "app.log.1");
    let gzip = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, b'\n', b'x', b'\n'];
    bench.append("app.log.1.gz", gzip);
    bench.remove("app.log.1");

    assert_eq!(bench.poll(), ["two"]);
    assert!(bench.poll().is_empty());
}

#[test]
fn a_symbolic_link_is_followed_to_its_next_target() {
    let mut bench = Bench::new(json!({ "include_file_name_resolved": true }));
    bench.append("target-1", "one\n");
    symlink(bench.path("target-1"), bench.path("pod.log")).unwrap();
    let records = bench.records_after(Duration::from_secs(2));
    let names = ["log.file.name=pod.log", "log.file.name_resolved=target-1"];
    assert_eq!(records.iter().map(attributes).collect::<Vec<_>>(), [names]);

    bench.append("target-1", "two\n");
    bench.append("target-2", "three\n");
    fs::remove_file(bench.path("pod.log")).unwrap();
    symlink(bench.path("target-2"), bench.path("pod.log")).unwrap();

    let mut lines = bench.poll();
    lines.sort();
    assert_eq!(lines, ["three", "two"]);
}

#[test]
fn one_file_with_two_names_is_read_once() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    fs::hard_link(bench.path("app.log"), bench.path("same.log")).unwrap();
    symlink(bench.path("app.log"), bench.path("again.log")).unwrap();

    assert_eq!(bench.poll(), ["one"]);
    bench.append("same.log", "two\n");
    assert_eq!(bench.poll(), ["two"]);
}
