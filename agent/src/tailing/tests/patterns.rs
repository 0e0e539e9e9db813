//! Patterns that come and go.

use std::fs;
use std::time::Duration;

use super::bench::{Bench, from_end};
use crate::tailing::{Options, Tag};

#[test]
fn files_carry_the_tag_of_their_pattern_and_batches_keep_to_one() {
    let mut bench = Bench::new(Options::default());
    bench.write("a.log", "one\n");
    bench.write("b.log", "two\n");
    bench.tailer.set_patterns(vec![bench.pattern("a.log", 1), bench.pattern("b.log", 2)]);

    assert_eq!(bench.look(), ["1 a.log: one", "2 b.log: two"]);
    let batches = std::mem::take(&mut bench.tailer.records().batches);
    assert_eq!(batches.into_iter().filter(|tags| !tags.is_empty()).count(), 2);
}

#[test]
fn the_first_pattern_counts_when_several_match() {
    let mut bench = Bench::new(Options::default());
    bench.write("a.log", "one\n");
    bench.tailer.set_patterns(vec![bench.pattern("a.log", 1), bench.pattern("*.log", 2)]);
    assert_eq!(bench.look(), ["1 a.log: one"]);
}

#[test]
fn a_withdrawn_pattern_is_read_to_its_end_and_given_up() {
    let mut bench = Bench::new(Options::default());
    bench.write("a.log", "one\n");
    bench.tailer.set_patterns(vec![bench.pattern("a.log", 1)]);
    assert_eq!(bench.look(), ["1 a.log: one"]);

    bench.write("a.log", "two\nunfinished");
    bench.tailer.set_patterns(Vec::new());
    assert_eq!(bench.look_after(Duration::from_millis(300)), ["1 a.log: two"]);
    bench.look_after(Duration::from_secs(6));
    bench.look_after(Duration::from_secs(1));
    assert_eq!(bench.tailer.followed(), 0);

    bench.write("a.log", "\nthree\n");
    assert!(bench.look().is_empty());
    bench.tailer.set_patterns(vec![bench.pattern("a.log", 3)]);
    assert_eq!(bench.look(), ["3 a.log: three"], "it goes on where it was left");
}

#[test]
fn a_deleted_file_of_a_withdrawn_pattern_is_read_to_its_end() {
    let mut bench = Bench::new(Options::default());
    bench.write("a.log", "one\n");
    bench.tailer.set_patterns(vec![bench.pattern("a.log", 1)]);
    assert_eq!(bench.look(), ["1 a.log: one"]);

    bench.write("a.log", "last");
    fs::remove_file(bench.directory.path().join("a.log")).unwrap();
    bench.tailer.set_patterns(Vec::new());
    let mut texts = bench.look_after(Duration::from_millis(300));
    texts.extend(bench.look_after(Duration::from_secs(6)));
    texts.extend(bench.look_after(Duration::from_secs(1)));
    assert_eq!(texts, ["1 a.log: last"]);
    assert_eq!(bench.count("test_lost_bytes"), 0);
}

#[test]
fn a_pattern_that_comes_later_begins_where_it_says() {
    let mut bench = Bench::new(Options::default());
    bench.write("old.log", "before\n");
    let born = fs::metadata(bench.directory.path().join("old.log")).unwrap().created().is_ok();
    // The clock of file systems is coarse.
    std::thread::park_timeout(Duration::from_millis(30));
    assert!(bench.look().is_empty());
    std::thread::park_timeout(Duration::from_millis(30));
    bench.write("young.log", "first\n");

    bench.tailer.set_patterns(vec![from_end(bench.pattern("*.log", 1))]);
    let expected: &[&str] = if born { &["1 young.log: first"] } else { &[] };
    assert_eq!(bench.look(), expected);

    bench.write("old.log", "after\n");
    bench.write("new.log", "new\n");
    assert_eq!(bench.look(), ["1 new.log: new", "1 old.log: after"]);
}

#[test]
fn what_is_no_glob_is_passed_over() {
    let mut bench = Bench::new(Options::default());
    bench.write("a.log", "one\n");
    bench.tailer.set_patterns(vec![bench.pattern("[", 1), bench.pattern("a.log", 2)]);
    assert_eq!(bench.look(), ["2 a.log: one"]);
}

#[test]
fn patterns_that_stay_are_not_looked_for_anew() {
    let mut bench = Bench::new(Options::default());
    let first = from_end(bench.pattern("a.log", 1));
    bench.tailer.set_patterns(vec![first.clone()]);
    assert!(bench.look().is_empty());

    bench.tailer.set_patterns(vec![bench.pattern("b.log", 2), first]);
    bench.write("a.log", "one\n");
    assert_eq!(bench.look(), ["1 a.log: one"]);
    assert!(bench.tailer.finder.has(Tag(2)));
}
