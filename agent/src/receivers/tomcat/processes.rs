//! Notices processes as they come and go, by what everybody may read of them.
//!
//! A Tomcat is known by its command line. Whoever may read no more than that still counts its threads.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use edgewatch_core::kernel::{number, read_file, rsplit_once, words};
use edgewatch_hotspot::find::ProcessId;

/// The processes that are of interest, with what `T` knows of each.
#[derive(Debug)]
pub(super) struct Processes<T> {
    proc: PathBuf,
    /// By number: all processes that were there at the last look.
    known: HashMap<u32, (u64, Option<T>)>,
    buffer: Vec<u8>,
}

impl<T> Processes<T> {
    /// None yet, of those in `proc`.
    pub(super) fn new(proc: PathBuf) -> Self {
        Self { proc, known: HashMap::new(), buffer: Vec::new() }
    }

    /// Looks at all processes, and lets `examine` say what it knows of those that are new. It is given the directory and the arguments of the
    /// process. Returns whether anything of interest has come or gone.
    ///
    /// # Errors
    ///
    /// When processes cannot be listed.
    pub(super) fn look(
        &mut self,
        mut examine: impl FnMut(ProcessId, &Path, &[&[u8]]) -> Option<T>,
    ) -> std::io::Result<bool> {
        let mut before = std::mem::take(&mut self.known);
        let mut changed = false;
        for entry in fs::read_dir(&self.proc)? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            let directory = self.proc.join(&name);
            let Some(start) = start(&directory, &mut self.buffer) else { continue };
            // A process is another one while it begins: a shell becomes a JVM without a new start. Those that are nothing are looked
            // at again.
            let known = match before.remove(&pid) {
                Some((began, Some(known))) if began == start => Some(known),
                former => {
                    changed |= former.is_some_and(|(_, known)| known.is_some());
                    let found = self.examine(ProcessId { pid, start }, &directory, &mut examine);
                    changed |= found.is_some();
                    found
                }
            };
            self.known.insert(pid, (start, known));
        }
        Ok(changed || before.into_values().any(|(_, known)| known.is_some()))
    }

    fn examine(
        &mut self,
        id: ProcessId,
        directory: &Path,
        examine: &mut impl FnMut(ProcessId, &Path, &[&[u8]]) -> Option<T>,
    ) -> Option<T> {
        let line = read_file(&directory.join("cmdline"), &mut self.buffer).ok()?;
        memchr::memmem::find(line, b"org.apache.catalina")?;
        let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        examine(id, directory, &arguments)
    }

    /// What is of interest.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.known.values().filter_map(|(_, known)| known.as_ref())
    }
}

/// When the process started, in clock ticks since boot: the 22nd field, or the 20th behind the name, which may hold anything.
fn start(directory: &Path, buffer: &mut Vec<u8>) -> Option<u64> {
    let stat = read_file(&directory.join("stat"), buffer).ok()?;
    let (_, behind) = rsplit_once(stat, b')')?;
    number(words(behind).nth(19)?)
}
