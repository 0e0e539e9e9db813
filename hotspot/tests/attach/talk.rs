//! What JVMs answer when all is well.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use edgewatch_hotspot::attach::{Attach, AttachError, Command, GcLogDetail, Known};
use edgewatch_hotspot::replies::code::code_heaps;
use edgewatch_hotspot::replies::heap::heap;
use edgewatch_hotspot::replies::logs::log_files;
use edgewatch_hotspot::replies::metaspace::metaspace;
use edgewatch_hotspot::replies::{Pool, flags};

use crate::jvm::{Jvm, javas};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// What counters would say of a JVM of this version, in its 13th update.
pub fn known(version: u32) -> Known<'static> {
    Known { capabilities: Some("1100000000000000"), version: Some(i64::from(version) << 24 | 13 << 8) }
}

#[test]
fn every_version_answers_every_question_without_printing_anything() {
    for java in javas() {
        let jvm = java.start(&["-XX:+UseSerialGC"]);
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        let mut ask = |command: Command| attach.ask(&command, PATIENCE).expect("an answer").text;

        assert!(!heap(&ask(Command::HeapInfo)).pools.is_empty());
        assert!(!code_heaps(&ask(Command::CodeCache)).is_empty());
        assert!(metaspace(&ask(Command::Metaspace)).metaspace.is_some());
        assert_eq!(flags::is_on(&ask(Command::Flags { all: false }), "UseSerialGC"), Some(true));
        assert!(!ask(Command::Version).is_empty());
        assert!(!ask(Command::Uptime).is_empty());
        assert!(!ask(Command::CommandLine).is_empty());
        let threads = ask(Command::ThreadPrint { locks: true });
        assert!(memchr::memmem::find(&threads, b"\"main\"").is_some());
        let histogram = ask(Command::ClassHistogram { live: false });
        assert!(memchr::memmem::find(&histogram, b"java.lang.String").is_some());

        jvm.ends_quietly();
    }
}

#[test]
fn a_deleted_socket_is_made_again() {
    for java in javas() {
        let jvm = java.start(&[]);
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        for _ in 0..3 {
            attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
            fs::remove_file(format!("/tmp/.java_pid{}", jvm.pid)).expect("its socket");
        }
        assert!(!fs::exists(format!("/tmp/.attach_pid{}", jvm.pid)).expect("a look"));
        jvm.ends_quietly();
    }
}

#[test]
fn answers_agree_with_the_beans_of_the_jvm() {
    let collectors: [&[&str]; 5] = [
        &["-XX:+UseSerialGC"],
        &["-XX:+UseParallelGC"],
        &["-XX:+UseG1GC"],
        &["-XX:+UnlockExperimentalVMOptions", "-XX:+UseZGC"],
        &["-XX:+UseShenandoahGC"],
    ];
    for java in javas() {
        for options in collectors {
            let mut jvm = java.start(options);
            let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
            // Makes the JVM load what it needs for both, so that little moves between the two looks.
            for _ in 0..2 {
                jvm.tell("pools");
                attach.ask(&Command::HeapInfo, PATIENCE).expect("an answer");
            }
            jvm.tell("gc");
            let heap = heap(&attach.ask(&Command::HeapInfo, PATIENCE).expect("an answer").text);
            let code = code_heaps(&attach.ask(&Command::CodeCache, PATIENCE).expect("an answer").text);
            let meta = metaspace(&attach.ask(&Command::Metaspace, PATIENCE).expect("an answer").text);
            let beans = pools(&mut jvm);

            for Pool { name, usage } in &heap.pools {
                let (used, committed) = beans[*name];
                near(name, usage.used, used, 2 << 20);
                if let Some(ours) = usage.committed {
                    near(name, ours, committed, 0);
                }
            }
            let heap_used = |(name, (used, _)): (&String, &(u64, u64))| {
                let other =
                    name.starts_with("Code") || name.starts_with("Meta") || name.starts_with("Compressed");
                if other { 0 } else { *used }
            };
            if let Some(whole) = heap.whole {
                near("heap", whole.used, beans.iter().map(heap_used).sum(), 4 << 20);
            }
            for Pool { name, usage } in &code {
                let (used, committed) = beans[*name];
                near(name, usage.used, used, 256 << 10);
                near(name, usage.committed.expect("bounds"), committed, 0);
            }
            let (used, committed) = beans["Metaspace"];
            for usage in [heap.metaspace, meta.metaspace].into_iter().flatten() {
                near("Metaspace", usage.used, used, 64 << 10);
                near("Metaspace", usage.committed.expect("committed"), committed, 64 << 10);
            }
            jvm.ends_quietly();
        }
    }
}

#[test]
fn a_log_is_switched_on_and_off_again() {
    for java in javas() {
        let mut jvm = java.start(&["-XX:+UseSerialGC"]);
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        let file = format!("/dev/shm/edgewatch-test-{}.log", jvm.pid);
        let on = Command::LogOn { file: file.clone(), detail: GcLogDetail::Pauses };
        attach.ask(&on, PATIENCE).expect("a log");
        jvm.tell("gc");
        let list = attach.ask(&Command::LogList, PATIENCE).expect("a list").text;
        assert_eq!(log_files(&list).collect::<Vec<_>>(), [file.as_bytes()]);
        attach.ask(&Command::LogOff { file: file.clone() }, PATIENCE).expect("no log");
        let list = attach.ask(&Command::LogList, PATIENCE).expect("a list").text;
        assert_eq!(log_files(&list).count(), 0);
        let log = fs::read_to_string(&file).expect("a log");
        fs::remove_file(&file).expect("a log");
        assert!(log.contains("Pause Full (System.gc())"), "{log}");
        jvm.ends_quietly();
    }
}

#[test]
fn a_refused_command_is_told_in_the_words_of_the_jvm() {
    for java in javas() {
        let jvm = java.start(&[]);
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        let file = "/no/such/directory/gc.log".to_owned();
        let on = Command::LogOn { file, detail: GcLogDetail::Pauses };
        // Some versions answer with success all the same.
        match attach.ask(&on, PATIENCE) {
            Err(AttachError::Rejected { command: "VM.log", said, .. }) => assert!(!said.is_empty()),
            Err(error) => panic!("{error}"),
            Ok(reply) => assert_ne!(reply.text, b""),
        }
        jvm.ends_quietly();
    }
}

fn pools(jvm: &mut Jvm) -> HashMap<String, (u64, u64)> {
    let pool = |line: String| {
        let mut words = line.split('|').map(str::to_owned);
        let name = words.next().expect("a name");
        let mut number = || words.next().expect("a number").parse().expect("a number");
        (name, (number(), number()))
    };
    jvm.tell("pools").into_iter().map(pool).collect()
}

fn near(name: &str, ours: u64, theirs: u64, tolerance: u64) {
    eprintln!("{name}: {ours} {theirs} ({:+})", ours as i64 - theirs as i64);
    assert!(ours.abs_diff(theirs) <= tolerance, "{name}: {ours} is not near {theirs}");
}
