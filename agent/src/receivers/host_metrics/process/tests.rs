//! Processes as the kernel tells them, and what is kept of them.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::details::{Cache, Details, MEMORY_BOUND, command, executable_name, user};
use super::sample::{Io, Status, parse_io, parse_status};
use super::table::{Row, Stat, parse};
use crate::measuring::owners;

const STAT: &str = "842 (tmux: server (x) S 1 842 842 0 -1 4194560 100 0 2 0 11 7 0 0 20 0 1 0 1042 9000000 \
                    800 18446744073709551615 1 1 0 0 0 0 0 4096 1256 0 0 0 17 1 0 0 33 0 0 0 0 0 0 0 0 0 0\n";

#[test]
fn names_with_spaces_and_parentheses_do_not_shift_the_columns() {
    let (name, stat) = parse(STAT.as_bytes()).expect("a line");

    assert_eq!(name, b"tmux: server (x");
    let expected = Stat {
        state: b'S',
        parent: 1,
        minor_faults: 100,
        major_faults: 2,
        user: 11,
        system: 7,
        threads: 1,
        start: 1042,
        virtual_bytes: 9_000_000,
        resident_pages: 800,
        wait: 33,
    };
    assert_eq!(stat, expected);
}

#[test]
fn a_line_of_an_old_kernel_has_no_waiting_time() {
    let short: Vec<&str> = STAT.split(' ').take(41).collect();

    let (_, stat) = parse(short.join(" ").as_bytes()).expect("a line");

    assert_eq!((stat.resident_pages, stat.wait), (800, 0));
}

#[test]
fn commands_are_the_words_between_zero_bytes() {
    let of = |line: &str| {
        let (first, all) = command(line.as_bytes());
        (first.into_string(), all.into_string())
    };

    assert_eq!(of("/bin/a b\0-c\0d\0"), ("/bin/a b".to_owned(), "/bin/a b -c d".to_owned()));
    assert_eq!(of("nginx: worker process"), ("nginx: worker process".into(), "nginx: worker process".into()));
    assert_eq!(of(""), (String::new(), String::new()));
    assert_eq!(of("a\0\0"), ("a".to_owned(), "a ".to_owned()));
}

#[test]
fn names_that_the_kernel_cut_are_completed_from_the_command() {
    assert_eq!(&*executable_name(b"postgres-autova", "/usr/bin/postgres-autovacuum"), "postgres-autovacuum");
    assert_eq!(&*executable_name(b"postgres-autova", "/usr/bin/other"), "postgres-autova");
    assert_eq!(&*executable_name(b"java", "/usr/bin/java-wrapper"), "java");
}

#[test]
fn the_files_of_a_process_are_understood() {
    let io =
        "rchar: 9\nwchar: 8\nsyscr: 3\nsyscw: 4\nread_bytes: 1\nwrite_bytes: 2\ncancelled_write_bytes: 7\n";
    assert_eq!(parse_io(io.as_bytes()), Io { read_bytes: 1, write_bytes: 2, reads: 3, writes: 4 });
    let status = "Name:\tx\nUid:\t1000\t0\t0\t0\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000004101\n\
                  voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t6\n";
    let expected = Status { voluntary: 5, involuntary: 6, signals: 3 };
    assert_eq!(parse_status(status.as_bytes()), expected);
    assert_eq!(user(status.as_bytes()), Some(1000));
    let users: Vec<(u64, String)> = owners::parse(b"root:x:0:0:r:/:/bin/sh\nbad\n:x:3:3\nlp:x:7:7::/:\n")
        .map(|(id, name)| (id, name.to_string()))
        .collect();
    assert_eq!(users, [(0, "root".to_owned()), (7, "lp".to_owned())]);
}

fn row(pid: u32, start: u64) -> Row {
    Row::of(pid, Stat { start, ..Stat::default() })
}

fn named(name: &str) -> Details {
    Details { name: name.into(), ..Details::default() }
}

#[test]
fn details_are_read_once_per_process_and_program() {
    let mut cache = Cache::default();
    let now = Instant::now();
    let mut reads = 0;
    let mut get = |cache: &mut Cache, pid, start, comm: &[u8], now| {
        let details = cache.get(&row(pid, start), comm, now, || {
            reads += 1;
            named(&format!("read {reads}"))
        });
        details.name.to_string()
    };

    assert_eq!(get(&mut cache, 1, 10, b"sh", now), "read 1");
    assert_eq!(get(&mut cache, 1, 10, b"sh", now), "read 1");
    assert_eq!(get(&mut cache, 1, 10, b"java", now), "read 2", "another program");
    assert_eq!(get(&mut cache, 1, 11, b"java", now), "read 3", "the number was given to another process");
    let later = now + Duration::from_secs(599);
    assert_eq!(get(&mut cache, 1, 11, b"java", later), "read 3");
    let much_later = now + Duration::from_secs(601);
    assert_eq!(get(&mut cache, 1, 11, b"java", much_later), "read 4", "after ten minutes");
}

#[test]
fn cpu_times_survive_another_program_but_not_another_process() {
    let mut cache = Cache::default();
    let now = Instant::now();
    cache.get(&row(1, 10), b"sh", now, || named("sh")).previous = Some((now, [1, 2, 3]));

    assert_eq!(cache.get(&row(1, 10), b"java", now, || named("java")).previous, Some((now, [1, 2, 3])));
    assert_eq!(cache.get(&row(1, 99), b"java", now, || named("java")).previous, None);
}

#[test]
fn processes_that_ended_are_forgotten() {
    let mut cache = Cache::default();
    let now = Instant::now();
    for pid in 0..100 {
        cache.get(&row(pid, 1), b"x", now, || named("x"));
    }
    cache.prune();
    for pid in 0..10 {
        cache.get(&row(pid, 1), b"x", now, || named("x"));
    }
    cache.prune();
    assert_eq!(cache.size().0, 10);

    cache.prune();
    assert_eq!(cache.size(), (0, 0));
}

#[test]
fn details_never_occupy_more_than_the_bound() {
    let mut cache = Cache::default();
    let now = Instant::now();
    let long = "x".repeat(4096);
    for pid in 0..4000 {
        let details = cache.get(&row(pid, 1), b"x", now, || Details {
            command_line: long.as_str().into(),
            ..named(&pid.to_string())
        });
        assert_eq!(&*details.name, pid.to_string(), "also those that are not kept are given");
    }

    let (kept, bytes) = cache.size();
    assert!(bytes <= MEMORY_BOUND && bytes > MEMORY_BOUND / 2, "{bytes}");
    assert!(kept < 4000);
}

proptest! {
    #[test]
    fn no_file_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0_usize..250) {
        parse(&bytes);
        parse_io(&bytes);
        parse_status(&bytes);
        user(&bytes);
        command(&bytes);
        executable_name(&bytes, &String::from_utf8_lossy(&bytes));
        owners::parse(&bytes).count();
        parse(&STAT.as_bytes()[..cut.min(STAT.len())]);
    }

    #[test]
    fn any_name_comes_back(name in proptest::collection::vec(any::<u8>(), 0..40)) {
        let rest = STAT.rsplit_once(')').expect("a parenthesis").1;
        let line = [b"7 (".as_slice(), &name, b")", rest.as_bytes()].concat();
        prop_assert_eq!(parse(&line).expect("a line").0, name);
    }
}
