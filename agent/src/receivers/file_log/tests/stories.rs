//! Starting, restarting, many files, odd lines.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::bench::{Bench, attributes, body, records};

#[test]
fn start_at_end_concerns_only_files_that_are_there_at_the_first_start() {
    let mut bench = Bench::new(json!({ "start_at": "end" }));
    bench.append("old.log", "before\n");
    assert!(bench.poll().is_empty());

    bench.append("old.log", "after\n");
    bench.append("new.log", "first\n");

    let mut lines = bench.poll();
    lines.sort();
    assert_eq!(lines, ["after", "first"]);
}

#[test]
fn what_was_written_while_the_agent_was_down_is_read_even_with_start_at_end() {
    let mut bench = Bench::new(json!({ "start_at": "end" }));
    bench.append("app.log", "before\n");
    bench.append("rotated.log", "before\n");
    assert!(bench.poll().is_empty());
    bench.stop();

    bench.append("app.log", "down 1\n");
    bench.append("rotated.log", "down 2\n");
    bench.rename("rotated.log", "rotated.log.1");
    bench.append("rotated.log", "down 3\n");
    bench.append("new.log", "down 4\n");
    bench.kill();

    let mut lines = bench.poll();
    lines.sort();
    assert_eq!(lines, ["down 1", "down 2", "down 3", "down 4"]);
}

#[test]
fn a_kill_repeats_what_was_not_delivered_and_skips_nothing() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);
    assert!(bench.poll().is_empty(), "the position is on disk after this poll");

    bench.append("app.log", "two\n");
    bench.now += Duration::from_secs(2);
    let (sent, _) = bench.step(usize::MAX);
    assert_eq!(sent.iter().flat_map(records).map(|record| body(&record)).collect::<Vec<_>>(), ["two"]);
    bench.append("app.log", "three\n");
    bench.kill();

    assert_eq!(bench.poll(), ["two", "three"]);
}

#[test]
fn an_orderly_end_repeats_nothing() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);
    bench.stop();
    bench.kill();

    assert!(bench.poll().is_empty());
}

#[test]
fn a_file_that_was_truncated_while_the_agent_was_down_is_finished_in_its_copy() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    assert_eq!(bench.poll(), ["one"]);
    bench.stop();

    bench.append("app.log", "two\n");
    bench.copy("app.log", "app.log.1");
    bench.truncate("app.log");
    bench.append("app.log", "three and more\n");
    bench.kill();

    let mut lines = bench.poll();
    lines.sort();
    assert_eq!(lines, ["three and more", "two"]);
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", "one\n");
    bench.poll();
    bench.poll();
    bench.append("app.log", "two\n");
    bench.poll();
    bench.stop();

    let path = bench.state().join("file_log/file_log.checkpoint");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    bench.kill();

    assert_eq!(bench.poll(), ["two"]);
}

#[test]
fn excluded_files_and_directories_are_left_alone() {
    let mut bench = Bench::new(json!({ "include": ["**/*.log"], "exclude": ["**/secret/*", "skip.log"] }));
    fs::create_dir_all(bench.path("a/b")).unwrap();
    fs::create_dir_all(bench.path("a/secret")).unwrap();
    fs::create_dir_all(bench.path("a/directory.log")).unwrap();
    bench.append("top.log", "top\n");
    bench.append("skip.log", "skip\n");
    bench.append("a/b/deep.log", "deep\n");
    bench.append("a/b/deep.txt", "text\n");
    bench.append("a/secret/key.log", "secret\n");

    let mut lines = bench.poll();
    lines.sort();
    assert_eq!(lines, ["deep", "top"]);
}

#[test]
fn thousands_of_files_are_read_with_few_descriptors_and_none_starves() {
    let mut bench = Bench::new(json!({ "max_concurrent_files": 8 }));
    for file in 0..2000 {
        bench.append(&format!("{file}.log"), format!("{file} a\n"));
    }
    assert_eq!(bench.poll().len(), 2000);
    assert!(bench.count("otelcol_fileconsumer_open_files") <= 8);

    for file in 0..2000 {
        bench.append(&format!("{file}.log"), format!("{file} b\n"));
    }
    // A busy file does not keep the others waiting.
    bench.append("0.log", "x".repeat(100).repeat(100_000));
    bench.now += Duration::from_mins(1);
    let (chunks, more) = bench.step(1024 * 1024);
    assert!(more || chunks.len() > 1);
    let mut lines: Vec<_> = chunks.iter().flat_map(records).map(|record| body(&record)).collect();
    lines.extend(bench.poll());
    let short: Vec<_> = lines.iter().filter(|line| line.len() < 20).collect();
    assert_eq!(short.len(), 2000);
    assert!(bench.count("otelcol_fileconsumer_open_files") <= 8);
}

#[test]
fn an_unfinished_line_becomes_a_record_when_nothing_follows_it() {
    let mut bench = Bench::new(json!({ "force_flush_period": "500ms" }));
    bench.append("app.log", "one\ntwo");
    assert_eq!(bench.poll_after(Duration::from_millis(200)), ["one"]);
    assert!(bench.poll_after(Duration::from_millis(400)).is_empty());

    bench.append("app.log", " and");
    assert!(bench.poll_after(Duration::from_millis(200)).is_empty(), "it has grown");
    assert!(bench.poll_after(Duration::from_millis(499)).is_empty());
    assert_eq!(bench.poll_after(Duration::from_millis(200)), ["two and"]);

    bench.append("app.log", " three\n");
    assert_eq!(bench.poll_after(Duration::from_millis(200)), ["three"]);
}

#[test]
fn an_unfinished_line_waits_for_ever_when_told_so() {
    let mut bench = Bench::new(json!({ "force_flush_period": "0s" }));
    bench.append("app.log", "one");
    assert!(bench.poll_after(Duration::from_hours(1)).is_empty());

    bench.append("app.log", " two\n");
    assert_eq!(bench.poll(), ["one two"]);
}

#[test]
fn a_huge_line_is_split_with_little_memory() {
    let mut bench = Bench::new(json!({}));
    let line = "0123456789".repeat(1024 * 1024);
    for _ in 0..10 {
        bench.append("app.log", &line);
    }
    bench.append("app.log", "\nnext\n");
    bench.now += Duration::from_secs(2);

    let mut bytes = 0;
    let mut last = String::new();
    loop {
        let (chunks, more) = bench.step(1);
        assert!(chunks.iter().map(|chunk| chunk.request.len()).sum::<usize>() < 2 * 1024 * 1024);
        for record in chunks.iter().flat_map(records) {
            last = body(&record);
            assert!(last.len() <= 1024 * 1024);
            bytes += last.len();
        }
        if !more {
            break;
        }
    }
    assert_eq!(last, "next");
    assert_eq!(bytes, line.len() * 10 + 4);
    assert_eq!(
        bench.count("edgewatch_file_log_oversized_lines"),
        100 - 1 + usize::from(bytes % (1 << 20) != 4)
    );
}

#[test]
fn a_huge_line_is_truncated_when_told_so_and_a_restart_in_its_middle_does_not_matter() {
    let mut bench = Bench::new(json!({ "max_log_size": "1KiB", "max_log_size_behavior": "truncate" }));
    bench.append("app.log", "a".repeat(100_000));
    assert_eq!(bench.poll(), ["a".repeat(1024)]);
    bench.poll();
    bench.stop();
    bench.kill();

    bench.append("app.log", "a".repeat(100_000));
    assert!(bench.poll().is_empty());
    bench.append("app.log", "\nnext\n");
    assert_eq!(bench.poll(), ["next"]);
    assert_eq!(bench.count("edgewatch_file_log_oversized_lines"), 1);
}

#[test]
fn invalid_bytes_are_replaced_and_counted() {
    let mut bench = Bench::new(json!({}));
    bench.append("app.log", b"caf\xe9 au lait\nfine\n");
    assert_eq!(bench.poll(), ["caf\u{fffd} au lait", "fine"]);
    assert_eq!(bench.count("edgewatch_file_log_invalid_lines"), 1);
}

#[test]
fn zeros_left_by_a_truncation_are_passed_over_and_reserved_room_is_left_alone() {
    let mut bench = Bench::new(json!({}));
    let mut sparse = vec![0; 3 * 1024 * 1024];
    sparse.extend(b"after the hole\n");
    bench.append("sparse.log", sparse);
    assert_eq!(bench.poll(), ["after the hole"]);
    assert_eq!(bench.count("edgewatch_file_log_nul_bytes"), 3 * 1024 * 1024);

    // A program that reserves room and fills it later.
    let mut reserved = b"one\ntw".to_vec();
    reserved.resize(300_000, 0);
    fs::write(bench.path("reserved.log"), &reserved).unwrap();
    assert_eq!(bench.poll(), ["one"]);
    reserved[..14].copy_from_slice(b"one\ntwo\nthree\n");
    let file = fs::File::options().write(true).open(bench.path("reserved.log")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &reserved[..14], 0).unwrap();
    assert_eq!(bench.poll(), ["two", "three"]);
}

#[test]
fn records_say_where_they_come_from_when_asked() {
    let mut bench = Bench::new(json!({
        "include_file_name": false,
        "include_file_record_number": true,
        "include_file_record_offset": true,
        "attributes": { "env": "test" },
    }));
    bench.append("app.log", "one\n\n  two  \n");
    let records = bench.records_after(Duration::from_secs(2));
    assert_eq!(
        records.iter().map(attributes).collect::<Vec<_>>(),
        [
            ["env=test", "log.file.record_number=1", "log.file.record_offset=0"],
            ["env=test", "log.file.record_number=3", "log.file.record_offset=5"],
        ]
    );
    assert_eq!(records.iter().map(body).collect::<Vec<_>>(), ["one", "two"]);
    assert!(records.iter().all(|record| record.observed_time_unix_nano > 0 && record.severity_number == 0));
}

#[test]
fn other_encodings_are_read_as_what_they_are() {
    let mut bench = Bench::new(json!({ "encoding": "UTF-16LE" }));
    let text = "\u{feff}größe 𝄞\r\nzwei\n";
    bench.append("app.log", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    assert_eq!(bench.poll(), ["größe 𝄞", "zwei"]);

    let mut bench = Bench::new(json!({ "encoding": "nop" }));
    bench.append("app.log", [1, 10, 2]);
    assert_eq!(bench.poll(), ["[1, 10, 2]"]);

    let mut bench = Bench::new(json!({ "encoding": "utf-8-raw" }));
    bench.append("app.log", b"ok\n\xff\n");
    assert_eq!(bench.poll(), ["ok", "[255]"]);
}
