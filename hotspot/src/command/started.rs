//! How the process of a JVM was started, as far as the agent may know.

use std::path::PathBuf;

use super::{Command, ServiceName, environment_name};
use crate::counters::Layout;
use crate::find::Process;
use crate::procfs::{Opened, Stat};

/// How a JVM was started. Read once, when it is found.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// From its counters, or from its process where there are none.
    pub command: Command,
    /// What to call the service; `None` when nothing tells.
    pub name: Option<ServiceName>,
    /// The words of its command line. May hold secrets: see [`redacted`](super::redacted).
    pub words: Vec<String>,
    /// Its executable; needs `CAP_SYS_PTRACE`.
    pub executable: Option<PathBuf>,
    /// The name of its first thread, which is that of the executable as a rule.
    pub thread: String,
    /// The name of its user where it runs, which may be a container. Only known of JVMs that share their counters.
    pub user: Option<String>,
}

impl Started {
    /// Reads how `process` was started. `counters` are its block, if it can be read.
    #[must_use]
    pub fn read(process: &Process, counters: Option<(&Layout, &[u8])>) -> Self {
        let mut started = Self { user: user(process), ..Self::default() };
        let mut environment = None;
        let mut buffer = Vec::new();
        if let Some(opened) = process.root.parent().and_then(|path| Opened::at(path).ok())
            && let Ok(text) = opened.read("stat", &mut buffer)
            && let Some(stat) = Stat::parse(text).filter(|stat| stat.start == process.id.start)
        {
            started.thread = String::from_utf8_lossy(stat.name).into_owned();
            started.executable =
                opened.link("exe").ok().and_then(|path| String::from_utf8(path).ok()).map(Into::into);
            environment = opened.read("environ", &mut buffer).ok().and_then(environment_name);
            if let Ok(line) = opened.read("cmdline", &mut buffer) {
                started.command = Command::of_words(line);
                let line = line.strip_suffix(b"\0").unwrap_or(line);
                let words = line.split(|byte| *byte == 0).take(MOST_WORDS);
                started.words = words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
            }
        }
        if let Some((layout, block)) = counters {
            started.command = Command::of(layout, block);
        }
        // A property overrules the environment, and both what can only be guessed.
        let name = started.command.service_name();
        started.name = match name {
            Some(name) if name.given => Some(name),
            name => environment.or(name),
        };
        started
    }

    /// What to call the service, in any case.
    #[must_use]
    pub fn service_name(&self) -> &str {
        self.name.as_ref().map_or("java", |name| &name.name)
    }

    /// The name of the executable, without directories.
    #[must_use]
    pub fn executable_name(&self) -> &str {
        let path = self.executable.as_ref().and_then(|path| path.file_name()?.to_str());
        path.map_or(&*self.thread, |name| name.strip_suffix(" (deleted)").unwrap_or(name))
    }
}

/// Most words of a command line that are kept.
const MOST_WORDS: usize = 1024;

/// The name of the user in the name of the directory of counters.
fn user(process: &Process) -> Option<String> {
    let directory = process.shared.as_ref()?.path.parent()?.file_name()?.to_str()?;
    directory.strip_prefix("hsperfdata_").map(ToOwned::to_owned)
}
