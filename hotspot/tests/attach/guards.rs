//! JVMs that must not be signalled, and what stands in place of their sockets.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command as Program, Stdio};
use std::time::Duration;

use edgewatch_hotspot::attach::{Attach, AttachError, Command, Known, Reason, identify};
use rustix::process::{Pid, Signal, kill_process};

use crate::jvm::{Jvm, is_root, javas};
use crate::talk::{PATIENCE, known};

const SHORT: Duration = Duration::from_millis(300);

#[test]
fn a_jvm_that_does_not_catch_the_signal_does_not_get_it() {
    for java in javas() {
        // Such a JVM opens its socket when it starts.
        let jvm = java.start(&["-Xrs"]);
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");

        fs::remove_file(socket(&jvm)).expect("its socket");
        let refused = attach.ask(&Command::Uptime, PATIENCE);
        assert!(matches!(refused, Err(AttachError::Later { reason: Reason::NoHandler, .. })), "{refused:?}");
        drop(attach);
        assert_no_trigger(&jvm);
        jvm.ends_quietly();
    }
}

#[test]
fn a_process_that_would_be_ended_by_the_signal_does_not_get_it() {
    let mut sleep = Program::new("sleep").arg("60").stdout(Stdio::null()).spawn().expect("a process");
    let process = identify(Path::new("/proc"), sleep.id()).expect("a process");
    let mut attach = Attach::new(&process, known(17)).expect("not known to be unwilling");
    let refused = attach.ask(&Command::Uptime, PATIENCE);
    assert!(matches!(refused, Err(AttachError::Later { reason: Reason::NoHandler, .. })), "{refused:?}");
    assert!(sleep.try_wait().expect("a state").is_none());
    sleep.kill().expect("an end");
    sleep.wait().expect("an end");

    let gone = attach.ask(&Command::Uptime, PATIENCE);
    assert!(matches!(gone, Err(AttachError::Gone { .. })), "{gone:?}");
}

#[test]
fn a_jvm_that_is_closed_to_attaching_is_left_alone() {
    for java in javas() {
        let jvm = java.start(&["-XX:+DisableAttachMechanism"]);
        for known in [Known::default(), Known { capabilities: Some("0100000000000000"), version: None }] {
            let refused = Attach::new(&jvm.process(), known);
            assert!(
                matches!(refused, Err(AttachError::Never { reason: Reason::Disabled, .. })),
                "{refused:?}"
            );
        }
        jvm.ends_quietly();
    }
}

#[test]
fn a_stopped_jvm_is_asked_when_it_goes_on() {
    for java in javas() {
        let jvm = java.start(&[]);
        let pid = Pid::from_raw(jvm.pid as i32).expect("a number");
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        for _ in 0..2 {
            kill_process(pid, Signal::STOP).expect("a signal");
            while !stat(jvm.pid).contains(") T ") {
                std::thread::yield_now();
            }
            let refused = attach.ask(&Command::Uptime, PATIENCE);
            assert!(
                matches!(refused, Err(AttachError::Later { reason: Reason::Stopped(_), .. })),
                "{refused:?}"
            );
            kill_process(pid, Signal::CONT).expect("a signal");
            while stat(jvm.pid).contains(") T ") {
                std::thread::yield_now();
            }
            attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
        }
        jvm.ends_quietly();
    }
}

#[test]
fn the_socket_of_a_dead_jvm_is_replaced() {
    for java in javas() {
        let jvm = java.start(&[]);
        drop(UnixListener::bind(socket(&jvm)).expect("a socket"));
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");

        // The JVM thinks that it has a socket now: it would print its threads at a further signal.
        fs::remove_file(socket(&jvm)).expect("its socket");
        drop(UnixListener::bind(socket(&jvm)).expect("a socket"));
        let refused = attach.ask(&Command::Uptime, PATIENCE);
        assert!(matches!(refused, Err(AttachError::Later { reason: Reason::Deaf(_), .. })), "{refused:?}");

        fs::remove_file(socket(&jvm)).expect("a socket");
        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
        jvm.ends_quietly();
    }
}

#[test]
fn a_jvm_that_may_be_too_old_to_renew_its_socket_is_not_signalled_again() {
    for java in javas() {
        let jvm = java.start(&[]);
        let mut attach = Attach::new(&jvm.process(), Known::default()).expect("a willing JVM");
        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
        fs::remove_file(socket(&jvm)).expect("its socket");
        let refused = attach.ask(&Command::Uptime, PATIENCE);
        assert!(matches!(refused, Err(AttachError::Never { reason: Reason::Lost, .. })), "{refused:?}");
        jvm.ends_quietly();
    }
}

#[test]
fn a_socket_of_somebody_else_is_not_believed() {
    for java in javas() {
        let jvm = java.start(&[]);
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        let mut is_refused = || {
            let refused = attach.ask(&Command::Uptime, PATIENCE);
            assert!(
                matches!(refused, Err(AttachError::Later { reason: Reason::Planted(_), .. })),
                "{refused:?}"
            );
        };
        // Of the right user, but another process listens.
        let listener = UnixListener::bind(socket(&jvm)).expect("a socket");
        is_refused();
        if is_root() {
            chown(socket(&jvm), Some(12345), Some(12345)).expect("another owner");
            is_refused();
        }
        drop(listener);
        fs::remove_file(socket(&jvm)).expect("a socket");
        // A link to a socket elsewhere, and something else altogether.
        std::os::unix::fs::symlink("/dev/null", socket(&jvm)).expect("a link");
        is_refused();
        fs::remove_file(socket(&jvm)).expect("a link");
        fs::write(socket(&jvm), "").expect("a file");
        is_refused();
        fs::remove_file(socket(&jvm)).expect("a file");

        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
        jvm.ends_quietly();
    }
}

#[test]
fn while_another_program_attaches_no_signal_is_sent() {
    for java in javas() {
        let jvm = java.start(&[]);
        let trigger = format!("/tmp/.attach_pid{}", jvm.pid);
        fs::write(&trigger, "").expect("a trigger");
        let mut attach = Attach::new(&jvm.process(), known(java.version)).expect("a willing JVM");
        let refused = attach.ask(&Command::Uptime, SHORT);
        assert!(matches!(refused, Err(AttachError::Later { reason: Reason::Busy, .. })), "{refused:?}");

        // A trigger that nobody waits for any more is taken away.
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        fs::File::options().write(true).open(&trigger).expect("it").set_modified(long_ago).expect("a time");
        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
        assert_no_trigger(&jvm);
        jvm.ends_quietly();
    }
}

fn socket(jvm: &Jvm) -> String {
    format!("/tmp/.java_pid{}", jvm.pid)
}

fn assert_no_trigger(jvm: &Jvm) {
    assert!(!fs::exists(format!("/tmp/.attach_pid{}", jvm.pid)).expect("a look"));
}

fn stat(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process")
}
