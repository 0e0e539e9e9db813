//! Where a JVM writes logs of its collections: what its command line says, and what it has open.

use std::fs;
use std::path::{Path, PathBuf};

use crate::collector::Collector;

/// Logs of one JVM at most. What a command line names beyond that is passed over.
const MOST: usize = 8;

/// Descriptors of one JVM that are looked at.
const MOST_DESCRIPTORS: usize = 65_536;

/// What `%t` becomes, as a glob.
const TIME: &str = "????-??-??_??-??-??";

/// A file that a JVM was told to write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Output {
    /// The glob that the file matches, as the JVM sees it: its path, with wildcards only where the path is not known. Files that were
    /// rotated away do not match, unless the file that is being written is itself numbered (JDK 8).
    pub glob: String,
    pauses: bool,
    phases: bool,
}

impl Output {
    /// Whether every pause under `collector` is in the log.
    #[must_use]
    pub const fn tells_pauses(&self, collector: Collector) -> bool {
        match collector {
            Collector::Z | Collector::GenerationalZ => self.phases,
            Collector::G1
            | Collector::Parallel
            | Collector::Serial
            | Collector::Cms
            | Collector::Shenandoah
            | Collector::GenerationalShenandoah
            | Collector::Epsilon => self.pauses,
        }
    }
}

/// The logs that a JVM was told to write.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outputs(pub Vec<Output>);

/// What is known about a JVM apart from its arguments.
#[derive(Clone, Copy, Debug)]
struct Jvm<'a> {
    cwd: &'a Path,
    pid: u32,
    /// JDK 8 or before.
    legacy: bool,
}

impl Outputs {
    /// What `arguments` say: of `java.rt.vmArgs`, split at white space, or of a command line. `cwd` is the current directory of the
    /// process, and `pid` its number, both as it sees them; `feature` is its version.
    #[must_use]
    pub fn of<'a>(
        arguments: impl IntoIterator<Item = &'a str>,
        cwd: &Path,
        pid: u32,
        feature: Option<u32>,
    ) -> Self {
        let jvm = Jvm { cwd, pid, legacy: feature.is_some_and(|feature| feature <= 8) };
        let mut outputs = Self::default();
        let (mut rotates, mut last) = (false, None);
        for argument in arguments {
            if let Some(name) = argument.strip_prefix("-Xloggc:") {
                last = outputs.add(&jvm, name, "gc");
            } else if let Some(options) = argument.strip_prefix("-Xlog:") {
                outputs.unified(&jvm, options);
            } else if argument == "-XX:+UseGCLogFileRotation" {
                rotates = true;
            } else if argument == "-XX:-UseGCLogFileRotation" {
                rotates = false;
            }
        }
        if jvm.legacy
            && rotates
            && let Some(output) = last.and_then(|index: usize| outputs.0.get_mut(index))
        {
            // `gc.log.0.current` while it is written, `gc.log.0` afterwards.
            output.glob.push_str(".*");
        }
        outputs
    }

    /// `what:output:decorators:options`.
    fn unified(&mut self, jvm: &Jvm<'_>, options: &str) {
        let Some((what, rest)) = options.split_once(':') else { return };
        let rest = rest.strip_prefix("file=").unwrap_or(rest);
        let name = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => rest.split(':').next(),
        };
        match name {
            None | Some("" | "stdout" | "stderr" | "none") => {}
            Some(name) => {
                self.add(jvm, name, if what.is_empty() { "all" } else { what });
            }
        }
    }

    fn add(&mut self, jvm: &Jvm<'_>, name: &str, what: &str) -> Option<usize> {
        let glob = glob(jvm, name);
        let known = self.0.iter().position(|output| output.glob == glob);
        let index = match known {
            Some(index) => index,
            None if self.0.len() >= MOST => return None,
            None => {
                self.0.push(Output { glob, pauses: false, phases: false });
                self.0.len() - 1
            }
        };
        let output = self.0.get_mut(index)?;
        for selection in what.split(',') {
            let (tags, level) = selection.split_once('=').unwrap_or((selection, "info"));
            let wanted = matches!(level, "info" | "debug" | "trace");
            if selects(tags, &["gc"]) {
                output.pauses = wanted;
            }
            if selects(tags, &["gc", "phases"]) {
                output.phases = wanted;
            }
        }
        Some(index)
    }
}

/// Whether `selection`, such as `gc`, `gc+phases` or `gc*`, has the lines with exactly `tags`.
fn selects(selection: &str, tags: &[&str]) -> bool {
    if selection == "all" {
        return true;
    }
    let (names, wide) = selection.strip_suffix('*').map_or((selection, false), |names| (names, true));
    let known = names.split('+').all(|name| tags.contains(&name));
    known && (wide || names.split('+').count() == tags.len())
}

/// The glob of the file called `name` on the command line.
fn glob(jvm: &Jvm<'_>, name: &str) -> String {
    let mut glob = String::with_capacity(name.len() + 32);
    if !name.starts_with('/') {
        escape(&mut glob, &jvm.cwd.to_string_lossy());
        if !glob.ends_with('/') {
            glob.push('/');
        }
    }
    let mut rest = name.strip_prefix("./").unwrap_or(name);
    while let Some((before, behind)) = rest.split_once('%') {
        escape(&mut glob, before);
        rest = if let Some(behind) = behind.strip_prefix("hn") {
            glob.push('*');
            behind
        } else if let Some(behind) = behind.strip_prefix('p') {
            let sign = if jvm.legacy { "pid" } else { "" };
            glob.push_str(&format!("{sign}{}", jvm.pid));
            behind
        } else if let Some(behind) = behind.strip_prefix('t') {
            glob.push_str(TIME);
            behind
        } else {
            glob.push('%');
            behind
        };
    }
    escape(&mut glob, rest);
    glob
}

/// Adds `text`, in which nothing is a wildcard.
fn escape(glob: &mut String, text: &str) {
    for sign in text.chars() {
        if matches!(sign, '?' | '*' | '[' | ']' | '{' | '}') {
            glob.extend(['[', sign, ']']);
        } else {
            glob.push(sign);
        }
    }
}

/// Files that a process has open and whose names are those of logs of collections, from its directory of descriptors (`/proc/<pid>/fd`):
/// logs that were switched on after its start. What is in them is for their lines to say.
#[must_use]
pub fn open_logs(descriptors: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(descriptors) else { return Vec::new() };
    let mut paths = Vec::new();
    for entry in entries.take(MOST_DESCRIPTORS).flatten() {
        let Ok(path) = fs::read_link(entry.path()) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let named = name.contains("gc") && (name.contains(".log") || name.ends_with(".current"));
        if path.is_absolute()
            && named
            && !name.ends_with("(deleted)")
            && !paths.contains(&path)
            && paths.len() < MOST
        {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}
