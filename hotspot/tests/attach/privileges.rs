//! Who may speak to whom.

use std::path::Path;
use std::process::{Child, Command as Program, Output};
use std::{env, fs};

use edgewatch_hotspot::attach::{Attach, Command};

use crate::jvm::{Jvm, is_root, javas};
use crate::talk::{PATIENCE, known};

const OTHER_USER: [&str; 4] = ["setpriv", "--reuid=23456", "--regid=23457", "--clear-groups"];
const AGENT: [&str; 4] = ["setpriv", "--reuid=34567", "--regid=34568", "--clear-groups"];

#[test]
fn root_speaks_to_jvms_of_other_users() {
    if !is_root() {
        return;
    }
    for java in javas() {
        speaks(java.start_under(&OTHER_USER, &[]), java.version);
    }
}

#[test]
fn root_speaks_to_jvms_in_namespaces_of_their_own() {
    if !is_root() {
        return;
    }
    for java in javas() {
        let namespaces = ["unshare", "--pid", "--fork", "--mount", "--net", "--ipc", "--uts", "--mount-proc"];
        let own_tmp = "mount -t tmpfs tmpfs /tmp && exec \"$@\"";
        let wrapper = [namespaces.as_slice(), &["sh", "-c", own_tmp, "sh"]].concat();
        speaks(java.start_under(&wrapper, &[]), java.version);
    }
}

#[test]
fn root_speaks_to_jvms_in_user_namespaces() {
    if !is_root() {
        return;
    }
    for java in javas() {
        let own_tmp = "mount -t tmpfs tmpfs /tmp && exec \"$@\"";
        let mapped_root =
            ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount", "--mount-proc"];
        speaks(
            java.start_under(&[mapped_root.as_slice(), &["sh", "-c", own_tmp, "sh"]].concat(), &[]),
            java.version,
        );

        let holder = RemappedNamespace::new();
        let user = format!("--user={}", holder.path());
        let remapped = ["nsenter", &user, "--setuid=0", "--setgid=0"];
        let namespaces = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "sh", "-c", own_tmp, "sh"];
        let jvm = java.start_under(&[remapped.as_slice(), &namespaces].concat(), &[]);
        assert_eq!(jvm.process().uid, 200_000);
        speaks(jvm, java.version);
    }
}

/// A user namespace in which no number means what it means outside.
struct RemappedNamespace(Child);

impl RemappedNamespace {
    fn new() -> Self {
        let holder = Program::new("unshare").args(["--user", "sleep", "600"]).spawn().expect("a namespace");
        let namespace = Self(holder);
        let own = fs::read_link("/proc/self/ns/user").expect("a namespace");
        while fs::read_link(namespace.path()).expect("a namespace") == own {
            std::thread::yield_now();
        }
        for map in ["uid_map", "gid_map"] {
            fs::write(format!("/proc/{}/{map}", namespace.0.id()), "0 200000 1000").expect("a map");
        }
        namespace
    }

    fn path(&self) -> String {
        format!("/proc/{}/ns/user", self.0.id())
    }
}

impl Drop for RemappedNamespace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn speaks(jvm: Jvm, version: u32) {
    let mut attach = Attach::new(&jvm.process(), known(version)).expect("a willing JVM");
    for _ in 0..2 {
        attach.ask(&Command::Uptime, PATIENCE).expect("an answer");
    }
    drop(attach);
    let tmp = jvm.process().root.join("tmp");
    assert!(!tmp.join(format!(".attach_pid{}", jvm.process().ns_pid)).exists());
    jvm.ends_quietly();
}

#[test]
fn three_capabilities_are_enough() {
    if !is_root() {
        return;
    }
    let capabilities = "--ambient-caps=-all,+sys_ptrace,+setuid,+setgid";
    let inherited = "--inh-caps=-all,+sys_ptrace,+setuid,+setgid";
    for java in javas() {
        let jvm = java.start_under(&OTHER_USER, &[]);
        let output = as_agent(&[inherited, capabilities], jvm.pid);
        assert_eq!(output, "answered", "{}", java.version);
        jvm.ends_quietly();
    }
}

#[test]
fn without_capabilities_they_are_named() {
    if !is_root() {
        return;
    }
    for java in javas() {
        let jvm = java.start_under(&OTHER_USER, &[]);
        let output = as_agent(&["--inh-caps=-all"], jvm.pid);
        assert!(output.contains("CAP_SYS_PTRACE, CAP_SETUID and CAP_SETGID"), "{output}");
        // Half of them.
        let output = as_agent(&["--inh-caps=-all,+sys_ptrace", "--ambient-caps=-all,+sys_ptrace"], jvm.pid);
        assert!(output.contains("CAP_SYS_PTRACE, CAP_SETUID and CAP_SETGID"), "{output}");
        jvm.ends_quietly();
    }
}

#[test]
fn a_user_speaks_to_its_own_jvms() {
    if !is_root() {
        return;
    }
    for java in javas() {
        let jvm = java.start_under(&AGENT, &[]);
        assert_eq!(as_agent(&["--inh-caps=-all"], jvm.pid), "answered");
        jvm.ends_quietly();
    }
}

/// What the example `ask` says when it runs as the user of an agent that is not root.
fn as_agent(options: &[&str], pid: u32) -> String {
    let program = env::current_exe().expect("this program");
    let folder = program.parent().and_then(Path::parent).expect("a folder");
    // Where every user may run it.
    let copy = Path::new("/var/tmp").join(format!("edgewatch-ask-{}-{pid}", std::process::id()));
    fs::copy(folder.join("examples/ask"), &copy)
        .expect("run all tests, or `cargo build -p edgewatch-hotspot --examples` before");
    let output =
        Program::new(AGENT[0]).args(&AGENT[1..]).args(options).arg(&copy).arg(pid.to_string()).output();
    fs::remove_file(&copy).expect("a copy");
    let Output { stdout, .. } = output.expect("a run");
    String::from_utf8_lossy(&stdout).trim_end().to_owned()
}
