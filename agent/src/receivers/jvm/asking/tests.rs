//! A JVM that is played by the test itself is asked.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_hotspot::attach::{GcLogDetail, identify};
use edgewatch_hotspot::collector::Collector;

use super::super::config::{Attach, GcLog};
use super::super::neighbours::{LivePool, Mailbox, Message};
use super::interview::is_known;
use super::{Askable, Asking};

const HEAP: &str = "0\nDefNew     total 39296K, used 7590K [0x00000000f8000000, 0x00000000faaa0000, 0x00000000faaa0000)\n \
    eden space 34944K,  21% used [0x00000000f8000000, 0x00000000f8769b00, 0x00000000fa220000)\n";
const METASPACE: &str = "0\nMetaspace        used 6221K, committed 6400K, reserved 1114112K\n";
const UNKNOWN: &str = "-1\njava.lang.IllegalArgumentException: Unknown diagnostic command\n";

/// One test, because the process that plays the JVM has one socket.
#[test]
fn a_jvm_is_asked_and_left_as_it_was_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| format!("{}/{name}", directory.path().display());
    // What an agent that crashed has left behind, and what somebody else has.
    let (leftover, foreign) = (path("edgewatch-gc-1-00.log"), path("gc.log"));
    for file in [&leftover, &format!("{leftover}.0"), &foreign] {
        fs::write(file, "").expect("a file");
    }
    let list =
        format!("0\n #0: stdout all=warning\n #2: file={foreign} gc=info\n #3: file={leftover} gc=info\n");
    let played = Played::new([
        ("GC.heap_info", HEAP.to_owned()),
        ("Compiler.codecache", UNKNOWN.to_owned()),
        ("VM.metaspace basic", METASPACE.to_owned()),
        ("VM.log list", list),
    ]);
    let registry = Registry::default();
    let attach = Attach { enabled: true, interval: milliseconds(10), ..Attach::default() };
    let gc_log = GcLog { switch_on: true, directory: path(""), ..GcLog::default() };
    let (sender, messages) = mailbox();
    let asking = Asking::start("jvm", &attach, &gc_log, &Telemetry::new(registry.clone()), sender);
    let asking = asking.expect("a configuration").expect("switched on");
    let jvm = this_process();
    let id = jvm.process.id;

    asking.add(jvm);

    let pool = |name: &'static str, heap, used, committed| LivePool {
        name: Some(name.into()),
        heap,
        used: Some(used),
        committed: Some(committed),
        limit: None,
    };
    let pools = vec![
        pool("Eden Space", true, 0x76_9b00, 34944 << 10),
        pool("Metaspace", false, 6221 << 10, 6400 << 10),
    ];
    assert_eq!(messages.recv().expect("a message"), Message::Pools(id, pools));
    let log = until(|| played.switched_on());
    assert!(log.starts_with(&path("edgewatch-gc-")), "{log}");
    assert!(fs::exists(&log).expect("a look"));
    // Again and again, but what it does not know once.
    until(|| (played.count("GC.heap_info") > 3).then_some(()));
    assert_eq!(played.count("Compiler.codecache"), 1);
    assert_eq!(count(&registry, "edgewatch_jvm_attach_failures"), 0.0);
    assert_eq!(count(&registry, "edgewatch_jvm_gc_logs_switched_on"), 1.0);

    drop(asking);

    assert_eq!(played.count(&format!("VM.log output=\"{log}\" what=all=off")), 1);
    assert_eq!(played.count(&format!("VM.log output=\"{leftover}\" what=all=off")), 1);
    let left: Vec<_> =
        fs::read_dir(&directory).expect("a directory").map(|file| file.expect("a file").path()).collect();
    assert_eq!(left, [Path::new(&foreign)]);

    // Another agent, and the JVM answers nothing any more when its log is on.
    let attach =
        Attach { enabled: true, interval: milliseconds(10), timeout: milliseconds(500), ..Attach::default() };
    let gc_log = GcLog { switch_on: true, directory: path(""), ..GcLog::default() };
    let registry = Registry::default();
    let telemetry = Telemetry::new(registry.clone());
    let asking = Asking::start("jvm", &attach, &gc_log, &telemetry, mailbox().0);
    let asking = asking.expect("a configuration").expect("switched on");
    asking.add(this_process());
    until(|| (count(&registry, "edgewatch_jvm_gc_logs_switched_on") > 0.0).then_some(()));
    played.hangs.store(true, Ordering::Relaxed);
    until(|| (count(&registry, "edgewatch_jvm_attach_failures") > 0.0).then_some(()));

    let begin = Instant::now();
    drop(asking);

    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_version_is_asked_only_what_it_knows() {
    use super::super::config::AttachCommand::{CodeCache, HeapInfo, Metaspace};
    for (feature, known) in [
        (Some(8), vec![HeapInfo]),
        (Some(9), vec![HeapInfo, CodeCache]),
        (Some(11), vec![HeapInfo, CodeCache, Metaspace]),
        (None, vec![HeapInfo, CodeCache, Metaspace]),
    ] {
        let asked = [HeapInfo, CodeCache, Metaspace].into_iter();
        assert_eq!(
            asked.filter(|command| is_known(*command, feature)).collect::<Vec<_>>(),
            known,
            "{feature:?}"
        );
    }
}

#[test]
fn what_is_not_wanted_is_not_asked() {
    let registry = Registry::default();
    let telemetry = Telemetry::new(registry.clone());
    let start = |attach: &Attach| {
        Asking::start("jvm", attach, &GcLog::default(), &telemetry, mailbox().0).expect("a configuration")
    };
    assert!(start(&Attach::default()).is_none());

    let names = vec!["payment-*".to_owned()];
    let others = start(&Attach { enabled: true, names, ..Attach::default() }).expect("switched on");
    others.add(this_process());
    drop(others);
    assert_eq!(count(&registry, "edgewatch_jvm_attach_failures"), 0.0);
}

#[test]
fn a_process_that_would_be_ended_is_asked_in_vain_and_lives() {
    let mut sleep = process::Command::new("sleep").arg("600").spawn().expect("a process");
    let registry = Registry::default();
    let attach = Attach { enabled: true, interval: milliseconds(1), ..Attach::default() };
    let telemetry = Telemetry::new(registry.clone());
    let asking = Asking::start("jvm", &attach, &GcLog::default(), &telemetry, mailbox().0);
    let asking = asking.expect("a configuration").expect("switched on");
    let process = identify(Path::new("/proc"), sleep.id()).expect("a process");
    asking.add(Askable { process: process.clone(), ..this_process() });
    // It may be a JVM that starts, for a while.
    until(|| (count(&registry, "edgewatch_jvm_attach_failures") > 2.0).then_some(()));
    assert_eq!(sleep.try_wait().expect("a state"), None);
    asking.remove(process.id);
    drop(asking);
    sleep.kill().expect("an end");
    sleep.wait().expect("an end");
}

#[test]
fn a_glob_that_is_none_is_a_problem() {
    let attach = Attach { enabled: true, names: vec!["[".to_owned()], ..Attach::default() };
    let started =
        Asking::start("jvm", &attach, &GcLog::default(), &Telemetry::new(Registry::default()), mailbox().0);
    assert!(started.err().expect("a problem").to_string().contains("attach.names"));
}

fn mailbox() -> (Mailbox, Receiver<Message>) {
    let (sender, messages) = sync_channel(1024);
    (Mailbox(sender), messages)
}

fn milliseconds(milliseconds: u64) -> edgewatch_core::config::Duration {
    edgewatch_core::config::Duration::from_millis(milliseconds)
}

fn this_process() -> Askable {
    Askable {
        process: identify(Path::new("/proc"), process::id()).expect("this process"),
        name: "test".to_owned(),
        capabilities: Some("1100".to_owned()),
        version: Some(17 << 24),
        feature: Some(17),
        collector: Some(Collector::Serial),
        gc_log: Some(GcLogDetail::Pauses),
    }
}

fn count(registry: &Registry, name: &str) -> f64 {
    registry
        .read()
        .iter()
        .filter(|reading| reading.description.name == name)
        .map(|reading| reading.value)
        .sum()
}

fn until<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "it has not come true");
        thread::yield_now();
    }
}

/// The test as a JVM.
struct Played {
    socket: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// Whether questions are taken and not answered.
    hangs: Arc<AtomicBool>,
}

impl Played {
    fn new<const N: usize>(answers: [(&'static str, String); N]) -> Self {
        let socket = format!("/tmp/.java_pid{}", process::id());
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).expect("a socket");
        let answers = HashMap::from(answers);
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let list = Arc::clone(&asked);
        let hangs: Arc<AtomicBool> = Arc::default();
        let is_hanging = Arc::clone(&hangs);
        thread::spawn(move || {
            let mut on = String::new();
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                if is_hanging.load(Ordering::Relaxed) {
                    held.push(stream);
                    continue;
                }
                let question = question(&mut stream);
                let mut answer = answers.get(question.as_str()).cloned().unwrap_or_else(|| "0\n".to_owned());
                if question.contains("what=\"gc\"") {
                    let file = question.split('"').nth(1).expect("a file");
                    fs::write(file, "").expect("a log");
                    on.push_str(&format!(" #4: file={file} gc=info\n"));
                }
                if question == "VM.log list" {
                    answer.push_str(&on);
                }
                list.lock().expect("a list").push(question);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { socket, asked, hangs }
    }

    /// The log that was switched on.
    fn switched_on(&self) -> Option<String> {
        let asked = self.asked.lock().expect("a list");
        let question = asked.iter().find(|question| question.contains("what=\"gc\""))?;
        Some(question.split('"').nth(1).expect("a file").to_owned())
    }

    fn count(&self, question: &str) -> usize {
        self.asked.lock().expect("a list").iter().filter(|asked| *asked == question).count()
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

/// The first argument of a request.
fn question(stream: &mut UnixStream) -> String {
    let mut request = Vec::new();
    while request.iter().filter(|byte| **byte == 0).count() < 5 {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a request");
        request.push(byte[0]);
    }
    let text = String::from_utf8(request).expect("text");
    text.split('\0').nth(2).expect("a command").to_owned()
}
