//! Starts real JVMs and watches what they print.

use std::fs::Permissions;
use std::hash::{DefaultHasher, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs};

use edgewatch_hotspot::attach::identify;
use edgewatch_hotspot::find::Process;

/// A Java installation of `EDGEWATCH_JAVA`.
#[derive(Clone, Debug)]
pub struct Java {
    /// Its feature version.
    pub version: u32,
    home: PathBuf,
}

/// Every version that there is, as `EDGEWATCH_JAVA` says: `17=/usr/lib/jvm/java-17,21=...`. One of them has to be able to compile.
pub fn javas() -> Vec<Java> {
    let list = env::var("EDGEWATCH_JAVA").unwrap_or_default();
    let javas: Vec<Java> = list
        .split(',')
        .filter_map(|entry| {
            let (version, home) = entry.trim().split_once('=')?;
            Some(Java { version: version.parse().expect("a version"), home: home.into() })
        })
        // One that lives in a file system of its own sees neither the test program nor this `/tmp`.
        .filter(|java| java.home.join("lib").is_dir())
        .collect();
    if javas.is_empty() {
        eprintln!("skipped: EDGEWATCH_JAVA names no JVM; set it to version=java_home,...");
    }
    javas
}

/// Whether this may become other users; otherwise says that the test is left out.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root can start JVMs of other users");
    }
    root
}

/// Classes of the test program, compiled once for all runs, where every user and namespace sees them.
pub fn classes() -> &'static Path {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/java/AttachTarget.java");
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(&source).expect("a program"));
        let directory =
            Path::new("/var/tmp").join(format!("edgewatch-test-classes-{:016x}", hasher.finish()));
        if directory.exists() {
            return directory;
        }
        let compiler =
            javas().into_iter().map(|java| java.home.join("bin/javac")).find(|javac| javac.exists());
        let fresh = tempfile::tempdir_in("/var/tmp").expect("a directory");
        let done = Command::new(compiler.expect("one of EDGEWATCH_JAVA with a compiler"))
            .args(["--release", "8", "-nowarn", "-d"])
            .args([fresh.path(), &source])
            .stderr(Stdio::null())
            .status();
        assert!(done.expect("a compiler that runs").success());
        fs::set_permissions(fresh.path(), Permissions::from_mode(0o755)).expect("its directory");
        // Another run may have been faster; what it has made is the same.
        let _ = fs::rename(fresh.path(), &directory);
        directory
    })
}

/// A running test program.
pub struct Jvm {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// Its process, which is a child of a wrapper's in some cases.
    pub pid: u32,
}

impl Java {
    /// Starts it with `options`.
    pub fn start(&self, options: &[&str]) -> Jvm {
        self.start_under(&[], options)
    }

    /// Starts it under a program that runs others, such as `setpriv`.
    pub fn start_under(&self, wrapper: &[&str], options: &[&str]) -> Jvm {
        let java = self.home.join("bin/java");
        let mut words: Vec<&str> = wrapper.to_vec();
        words.push(java.to_str().expect("a path"));
        words.extend(["-Xmx128m", "-Xshare:auto"]);
        words.extend(options);
        words.extend(["-cp", classes().to_str().expect("a path"), "AttachTarget"]);
        let (program, arguments) = words.split_first().expect("a program");
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a JVM");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        while line != "ready\n" {
            line.clear();
            assert!(stdout.read_line(&mut line).expect("output") > 0, "{words:?} has ended");
        }
        let pid = innermost(child.id());
        Jvm { stdin: child.stdin.take(), child, stdout, pid }
    }
}

/// The last of the only children.
fn innermost(pid: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().next().map_or(pid, |child| innermost(child.parse().expect("a number")))
}

impl Jvm {
    /// As the search would describe it.
    pub fn process(&self) -> Process {
        identify(Path::new("/proc"), self.pid).expect("a process")
    }

    /// What the program answers to a line.
    pub fn tell(&mut self, line: &str) -> Vec<String> {
        writeln!(self.stdin.as_mut().expect("open"), "{line}").expect("a JVM that reads");
        let mut answer = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).expect("output") > 0, "it has ended");
            match line.trim_end() {
                "end" => return answer,
                line => answer.push(line.to_owned()),
            }
        }
    }

    /// Asserts that it is alive and has printed nothing of its own, such as its threads, and ends it.
    pub fn ends_quietly(mut self) {
        assert_eq!(self.tell("nothing"), [""; 0]);
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("output");
        assert_eq!(rest, "");
        assert!(self.child.wait().expect("its end").success());
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        // Of a test that has failed.
        if let Ok(None) = self.child.try_wait() {
            let _ = rustix::process::kill_process(
                rustix::process::Pid::from_raw(self.pid as i32).expect("a number"),
                rustix::process::Signal::KILL,
            );
            let _ = self.child.wait();
        }
    }
}
