//! Files inside of the roots of processes, which are plain directories here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use super::bench::{Bench, from_end};
use crate::tailing::{Options, Pattern, Tag};

#[test]
fn links_stay_inside_of_the_root() {
    let mut bench = Bench::new(Options::default());
    let path = |name: &str| bench.directory.path().join(name);
    bench.write("host/secret.log", "secret\n");
    bench.write("1/logs/real.log", "inside\n");
    bench.write("1/data/deep/x.log", "deep\n");
    symlink(path("host/secret.log"), path("1/logs/absolute.log")).unwrap();
    symlink("../../host/secret.log", path("1/logs/above.log")).unwrap();
    symlink("/data/deep", path("1/linked")).unwrap();
    symlink("/logs/real.log", path("1/logs/again.log")).unwrap();
    symlink("/proc/self/root/etc/passwd", path("1/logs/magic.log")).unwrap();
    symlink(path("host"), path("1/outside")).unwrap();

    bench.tailer.set_patterns(vec![
        bench.rooted("1", "/logs/*.log", 1),
        bench.rooted("1", "/linked/x.log", 2),
        bench.rooted("1", "/outside/*.log", 3),
        bench.rooted("1", "/../host/*.log", 4),
    ]);
    assert_eq!(bench.look().iter().map(|text| &text[..1]).collect::<Vec<_>>(), ["1", "2"]);
    bench.write("1/logs/real.log", "more\n");
    assert!(bench.look()[0].ends_with(": more"));
}

#[test]
fn the_root_of_a_living_process_is_a_root() {
    let mut bench = Bench::new(Options::default());
    bench.write("a.log", "one\n");
    let path = Pattern::literal(&bench.directory.path().join("a.log").display().to_string());
    let root = format!("/proc/{}/root", std::process::id());
    let pattern = Pattern { root: Some(Path::new(&root).into()), ..Pattern::new(&path, Tag(1)) };
    bench.tailer.set_patterns(vec![pattern]);
    assert_eq!(bench.look(), ["1 a.log: one"]);
    bench.write("a.log", "two\n");
    assert_eq!(bench.look(), ["1 a.log: two"]);
}

#[test]
fn a_pipe_holds_nobody_up() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/logs/real.log", "inside\n");
    let fifo = bench.directory.path().join("1/logs/pipe.log");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    bench.tailer.set_patterns(vec![bench.rooted("1", "/logs/*.log", 1)]);
    assert_eq!(bench.look(), ["1 real.log: inside"]);
}

#[test]
fn a_file_goes_on_under_the_root_of_the_next_process() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/logs/a.log", "one\n");
    bench.tailer.set_patterns(vec![from_end(bench.rooted("1", "/logs/*.log", 1))]);
    assert!(bench.look().is_empty());
    bench.write("1/logs/a.log", "two\n");
    assert_eq!(bench.look(), ["1 a.log: two"]);

    // The root of the process is gone, the file is not.
    fs::rename(bench.directory.path().join("1"), bench.directory.path().join("2")).unwrap();
    bench.write("2/logs/a.log", "three\n");
    bench.tailer.set_patterns(Vec::new());
    assert_eq!(bench.look_after(Duration::from_secs(1)), ["1 a.log: three"]);
    bench.write("2/logs/a.log", "four\n");
    bench.tailer.set_patterns(vec![from_end(bench.rooted("2", "/logs/*.log", 2))]);
    assert_eq!(bench.look(), ["2 a.log: four"]);
    bench.write("2/logs/a.log", "five\n");
    assert_eq!(bench.look(), ["2 a.log: five"]);
}

#[test]
fn a_file_whose_place_is_numbered_anew_goes_on_at_its_position() {
    for given_up in [false, true] {
        let mut bench = Bench::new(Options::default());
        let line = "x".repeat(300);
        bench.write("1/logs/a.log", &format!("{line}\ntwo\n"));
        bench.tailer.set_patterns(vec![bench.rooted("1", "/logs/*.log", 1)]);
        assert_eq!(bench.look().len(), 2);
        bench.tailer.set_patterns(Vec::new());
        bench.look_after(Duration::from_secs(1));
        if given_up {
            bench.look_after(Duration::from_secs(6));
            bench.look_after(Duration::from_secs(1));
            assert_eq!(bench.tailer.followed(), 0);
        }

        bench.write("2/logs/a.log", &format!("{line}\ntwo\nthree\n"));
        bench.tailer.set_patterns(vec![bench.rooted("2", "/logs/*.log", 2)]);
        assert_eq!(bench.look(), ["2 a.log: three"]);
        assert_eq!(bench.tailer.followed(), 1);
    }
}

#[test]
fn after_a_restart_of_the_agent_the_number_of_the_process_does_not_matter() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/logs/a.log", "one\n");
    bench.tailer.set_patterns(vec![bench.rooted("1", "/logs/*.log", 1)]);
    assert_eq!(bench.look(), ["1 a.log: one"]);
    bench.restart();
    bench.look();
    assert_eq!(bench.count("test_lost_bytes"), 0, "processes are found later");

    fs::rename(bench.directory.path().join("1"), bench.directory.path().join("2")).unwrap();
    bench.write("2/logs/a.log", "two\n");
    bench.tailer.set_patterns(vec![from_end(bench.rooted("2", "/logs/*.log", 2))]);
    assert_eq!(bench.look(), ["2 a.log: two"]);
}

#[test]
fn rotation_is_followed_inside_of_a_root() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/gc.log", "one\n");
    bench.tailer.set_patterns(vec![bench.rooted("1", "/gc.log", 1)]);
    assert_eq!(bench.look(), ["1 gc.log: one"]);
    bench.write("1/gc.log", "two\n");
    fs::rename(bench.directory.path().join("1/gc.log"), bench.directory.path().join("1/gc.log.0")).unwrap();
    bench.write("1/gc.log", "three\n");
    assert_eq!(bench.look(), ["1 gc.log: three", "1 gc.log: two"]);
}

#[test]
fn a_directory_that_two_processes_share_is_read_once() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/logs/a.log", "one\n");
    fs::create_dir(bench.directory.path().join("2")).unwrap();
    fs::create_dir(bench.directory.path().join("2/logs")).unwrap();
    // As a mount in both: one file, found below two roots.
    let path = |root: &str| bench.directory.path().join(root).join("logs/a.log");
    fs::hard_link(path("1"), path("2")).unwrap();

    let (one, two) = (bench.rooted("1", "/logs/*.log", 1), bench.rooted("2", "/logs/*.log", 2));
    bench.tailer.set_patterns(vec![two.clone(), one.clone()]);
    assert_eq!(bench.look(), ["2 a.log: one"], "the first pattern counts");
    bench.write("1/logs/a.log", "two\n");
    assert_eq!(bench.look(), ["2 a.log: two"]);

    // One of both goes, then there are others with other numbers.
    bench.tailer.set_patterns(vec![one.clone()]);
    bench.write("1/logs/a.log", "three\n");
    assert_eq!(bench.look(), ["1 a.log: three"]);
    bench.tailer.set_patterns(vec![one, bench.rooted("2", "/logs/*.log", 3)]);
    bench.write("2/logs/a.log", "four\n");
    assert_eq!(bench.look(), ["1 a.log: four"]);
    assert_eq!(bench.tailer.followed(), 1);
}

#[test]
fn a_new_file_that_begins_as_one_that_is_gone_is_read_from_its_beginning() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/logs/a.log", "[0.004s][info][gc] Using G1\n");
    bench.tailer.set_patterns(vec![bench.rooted("1", "/logs/*.log", 1)]);
    assert_eq!(bench.look().len(), 1);
    let born = fs::metadata(bench.directory.path().join("1/logs/a.log")).unwrap().created().is_ok();

    std::thread::park_timeout(Duration::from_millis(30));
    bench.write("2/logs/a.log", "[0.004s][info][gc] Using G1\n[1.0s] Pause\n");
    bench.tailer.set_patterns(vec![bench.rooted("2", "/logs/*.log", 2)]);
    assert_eq!(bench.look().len(), if born { 2 } else { 1 });
}

#[test]
fn a_directory_that_cannot_be_read_keeps_no_deleted_file_open() {
    let mut bench = Bench::new(Options::default());
    bench.write("1/logs/a.log", "one\n");
    let kept = bench.directory.path().join("1/logs/dir");
    fs::create_dir(&kept).unwrap();
    bench.tailer.set_patterns(vec![bench.rooted("1", "/logs/**/*.log", 1)]);
    assert_eq!(bench.look().len(), 1);
    // Links without end are neither a file nor nothing.
    symlink("loop.log", kept.join("loop.log")).unwrap();
    fs::remove_file(bench.directory.path().join("1/logs/a.log")).unwrap();
    for seconds in [1, 6, 1, 1] {
        bench.look_after(Duration::from_secs(seconds));
    }
    assert_eq!(bench.tailer.followed(), 0);
}
