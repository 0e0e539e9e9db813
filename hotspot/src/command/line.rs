//! Looks flags and properties up.

use crate::counters::Layout;
use crate::process::Cpus;

/// Longest text that is kept of each counter. HotSpot cuts command lines long before.
const LONGEST: usize = 64 << 10;

/// What a JVM was started with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Command {
    /// Main class or jar, and its arguments.
    java: String,
    /// Options of the JVM, one word each.
    options: Vec<String>,
}

impl Command {
    /// The command line in the texts of the counters `sun.rt.javaCommand`, `java.rt.vmArgs` and `java.rt.vmFlags`.
    #[must_use]
    pub fn new(java: &str, arguments: &str, flags: &str) -> Self {
        let mut options = Vec::new();
        // What stands in files is overruled by the command line.
        for text in [flags, arguments] {
            split(cut(text), &mut options);
        }
        Self { java: cut(java).trim().to_owned(), options }
    }

    /// The command line in a block of counters.
    #[must_use]
    pub fn of(layout: &Layout, block: &[u8]) -> Self {
        let text = |name| layout.text(block, name).unwrap_or_default();
        Self::new(&text("sun.rt.javaCommand"), &text("java.rt.vmArgs"), &text("java.rt.vmFlags"))
    }

    /// The command line in `/proc/<pid>/cmdline`, for a JVM without counters. What comes from the environment or from files is not in it.
    #[must_use]
    pub fn of_words(line: &[u8]) -> Self {
        let line = line.get(..LONGEST).unwrap_or(line);
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).skip(1).peekable();
        let mut command = Self::default();
        while let Some(word) = words.next_if(|word| word.starts_with('-')) {
            match &*word {
                "-jar" | "-m" | "--module" => break,
                "-cp"
                | "-classpath"
                | "--class-path"
                | "-p"
                | "--module-path"
                | "--add-opens"
                | "--add-exports"
                | "--add-modules"
                | "--add-reads"
                | "--upgrade-module-path"
                | "--limit-modules"
                | "--source" => {
                    words.next();
                }
                _ => command.options.push(word.into_owned()),
            }
        }
        command.java = words.collect::<Vec<_>>().join(" ").trim().to_owned();
        command
    }

    /// Main class or path of the jar.
    #[must_use]
    pub fn main(&self) -> &str {
        let first = self.java.split(' ').next().unwrap_or_default();
        // A path may have spaces.
        if first.contains('/') && !is_archive(first) {
            let ends = self.java.match_indices(' ').map(|(at, _)| at).chain([self.java.len()]);
            for end in ends {
                if let Some(path) = self.java.get(..end).filter(|path| is_archive(path)) {
                    return path;
                }
            }
        }
        first
    }

    /// The arguments of the program, put together with spaces. May hold secrets.
    #[must_use]
    pub fn arguments(&self) -> &str {
        self.java.get(self.main().len()..).unwrap_or_default().trim_start()
    }

    /// The value of `-XX:name=value`.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&str> {
        let options = self.options.iter().rev();
        options.filter_map(|option| option.strip_prefix("-XX:")?.strip_prefix(name)?.strip_prefix('=')).next()
    }

    /// Whether `-XX:+name` or `-XX:-name` was written.
    #[must_use]
    pub fn switch(&self, name: &str) -> Option<bool> {
        self.options.iter().rev().find_map(|option| {
            let (sign, rest) = option.strip_prefix("-XX:")?.split_at_checked(1)?;
            match (sign, rest == name) {
                ("+", true) => Some(true),
                ("-", true) => Some(false),
                _ => None,
            }
        })
    }

    /// The value of the system property `-Dname=value`. May be a secret.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        let options = self.options.iter().rev();
        options.filter_map(|option| option.strip_prefix("-D")?.strip_prefix(name)?.strip_prefix('=')).next()
    }

    /// Whether `option` was written as it is, such as `-Xrs`.
    #[must_use]
    pub fn has(&self, option: &str) -> bool {
        self.options.iter().any(|word| word == option)
    }

    /// Whether a Java agent of OpenTelemetry was loaded with it, one that its file or its folder calls so: such as
    /// `opentelemetry-javaagent.jar`, those that vendors build of it, and what the operator for Kubernetes mounts.
    #[must_use]
    pub fn has_otel_agent(&self) -> bool {
        let mut agents = self.options.iter().filter_map(|option| option.strip_prefix("-javaagent:"));
        agents.any(|agent| {
            let path = agent.split('=').next().unwrap_or(agent).to_ascii_lowercase();
            path.contains("opentelemetry") || path.contains("otel")
        })
    }

    /// The options of the JVM. May hold secrets.
    pub fn options(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.options.iter().map(String::as_str)
    }

    /// What it says about CPUs.
    #[must_use]
    pub fn cpus(&self) -> Cpus {
        Cpus {
            fixed: self.flag("ActiveProcessorCount").and_then(|count| count.parse().ok()),
            obeys_groups: self.switch("UseContainerSupport") != Some(false),
        }
    }
}

/// Whether `path` is that of an archive with classes.
fn is_archive(path: &str) -> bool {
    path.ends_with(".jar") || path.ends_with(".war")
}

/// The beginning of `text` that is kept.
fn cut(text: &str) -> &str {
    (0..=LONGEST.min(text.len())).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Adds the options in `text`. What does not begin as an option belongs to the one before.
fn split(text: &str, options: &mut Vec<String>) {
    for word in text.split_whitespace() {
        match options.last_mut() {
            Some(last) if !word.starts_with('-') => {
                last.push(' ');
                last.push_str(word);
            }
            _ => options.push(word.to_owned()),
        }
    }
}
