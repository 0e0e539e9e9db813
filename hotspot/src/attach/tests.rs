//! A JVM that is played by the test itself, and the wire.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use super::{
    Attach, AttachError, Command, Facts, GcLogDetail, Known, LARGEST_REPLY, Reason, Unsendable, identify,
};

#[test]
fn a_request_has_a_version_a_command_and_three_arguments() {
    let request = |command: Command| String::from_utf8(command.request().expect("a request")).expect("text");
    assert_eq!(request(Command::HeapInfo), "1\0jcmd\0GC.heap_info\0\0\0");
    assert_eq!(request(Command::ClassHistogram { live: false }), "1\0jcmd\0GC.class_histogram -all\0\0\0");
    let agent =
        |options: &str| Command::LoadAgent { jar: "/a b.jar".to_owned(), options: options.to_owned() };
    assert_eq!(request(agent("")), "1\0load\0instrument\0false\0/a b.jar\0");
    assert_eq!(request(agent("c=d e")), "1\0load\0instrument\0false\0/a b.jar=c=d e\0");
    let off = Command::LogOff { file: "/dev/shm/a.log".to_owned() };
    assert_eq!(request(off), "1\0jcmd\0VM.log output=\"/dev/shm/a.log\" what=all=off\0\0\0");
}

#[test]
fn what_would_mean_something_else_to_a_jvm_is_not_sent() {
    for file in ["/a\" what=all=trace", "/%p", "/a b", "/a\nb", "/a\0b", "/a\\b"] {
        let off = Command::LogOff { file: file.to_owned() };
        assert_eq!(off.request(), Err(Unsendable::Unquotable(file.to_owned())));
        let on = Command::LogOn { file: file.to_owned(), detail: GcLogDetail::Pauses };
        assert_eq!(on.request(), Err(Unsendable::Unquotable(file.to_owned())));
    }
    let zero = Command::LoadAgent { jar: "/a.jar".to_owned(), options: "a\0b".to_owned() };
    assert!(matches!(zero.request(), Err(Unsendable::Unquotable(_))));
    let long = Command::LoadAgent { jar: "/a.jar".to_owned(), options: "x".repeat(1018) };
    assert_eq!(long.request(), Err(Unsendable::TooLong(1025)));
}

#[test]
fn facts_are_read_whatever_the_name_of_the_process() {
    let stat = |state| {
        format!("7 (a) b (c) {state} 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 4711 1 2 3 4 5 6 7 8 9")
            .into_bytes()
    };
    let status = b"Name:\ta\nPid:\t7\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t7\t70\t700\nSigCgt:\t2000000181005ccf\n";
    let facts =
        Facts { start: 4711, ended: false, stopped: false, ns_pid: 700, uid: 2, gid: 6, catches_quit: true };
    assert_eq!(Facts::parse(&stat("S"), status), Some(facts));
    assert_eq!(Facts::parse(&stat("T"), status), Some(Facts { stopped: true, ..facts }));
    assert_eq!(Facts::parse(&stat("Z"), status), Some(Facts { ended: true, ..facts }));
    assert_eq!(Facts::parse(&stat("S"), b"Name:\ta\n"), None);
    assert_eq!(Facts::parse(b"7 (a", status), None);
}

/// One test, because the process that plays the JVM has one socket.
#[test]
fn bad_answers_are_given_up_in_time() {
    let jvm = Played::new();
    let process = identify(Path::new("/proc"), process::id()).expect("this process");
    let mut attach = Attach::new(&process, Known::default()).expect("nothing against it");
    let long = Duration::from_secs(20);

    jvm.will_answer(b"0\nhello\n");
    assert_eq!(attach.ask(&Command::Uptime, long).expect("an answer").text, b"hello\n");
    assert_eq!(jvm.was_asked(), "1\0jcmd\0VM.uptime\0\0\0");

    jvm.will_answer(b"-1\njava.lang.IllegalArgumentException: Unknown diagnostic command\n");
    let rejected = attach.ask(&Command::Metaspace, long);
    assert!(
        matches!(&rejected, Err(AttachError::Rejected { command: "VM.metaspace", said, .. }) if said.contains("Unknown")),
        "{rejected:?}"
    );

    for garbage in
        [b"".as_slice(), b"0", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"no number\n", &[0xff; 100_000]]
    {
        jvm.will_answer(garbage);
        let garbled = attach.ask(&Command::Uptime, long);
        assert!(matches!(garbled, Err(AttachError::Later { .. })), "{garbled:?}");
    }

    let mut endless = b"0\n".to_vec();
    endless.resize(LARGEST_REPLY + 100, b'x');
    jvm.will_answer(&endless);
    let long_one = attach.ask(&Command::Uptime, long);
    assert!(matches!(long_one, Err(AttachError::Later { reason: Reason::TooLong(_), .. })), "{long_one:?}");
    jvm.will_answer(&endless);
    let mut all = Vec::new();
    attach.stream(&Command::Uptime, long, &mut all).expect("an answer").expect("memory");
    assert_eq!(all.len(), endless.len() - 2);

    let begin = Instant::now();
    jvm.will_hang();
    let late = attach.ask(&Command::Uptime, Duration::from_millis(100));
    assert!(matches!(late, Err(AttachError::Later { reason: Reason::Timeout, .. })), "{late:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    jvm.will_answer(b"0\nback\n");
    assert_eq!(attach.ask(&Command::Uptime, long).expect("an answer").text, b"back\n");
}

/// The test as a JVM.
struct Played {
    socket: String,
    answers: std::sync::mpsc::Sender<Option<Vec<u8>>>,
    questions: Receiver<String>,
}

impl Played {
    fn new() -> Self {
        let socket = format!("/tmp/.java_pid{}", process::id());
        let _ = fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).expect("a socket");
        let (answers, next) = channel::<Option<Vec<u8>>>();
        let (asked, questions) = channel();
        thread::spawn(move || {
            let mut hanging = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                let mut question = Vec::new();
                while question.iter().filter(|byte| **byte == 0).count() < 5 {
                    let mut byte = [0];
                    if stream.read(&mut byte).expect("a question") == 0 {
                        break;
                    }
                    question.push(byte[0]);
                }
                asked.send(String::from_utf8(question).expect("text")).expect("a test");
                match next.recv() {
                    Ok(Some(answer)) => drop(stream.write_all(&answer)),
                    Ok(None) => hanging.push(stream),
                    Err(_) => return,
                }
            }
        });
        Self { socket, answers, questions }
    }

    fn will_answer(&self, answer: &[u8]) {
        self.answers.send(Some(answer.to_vec())).expect("a JVM");
    }

    fn will_hang(&self) {
        self.answers.send(None).expect("a JVM");
    }

    fn was_asked(&self) -> String {
        self.questions.recv().expect("a question")
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}
