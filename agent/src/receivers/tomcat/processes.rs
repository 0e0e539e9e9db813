//! Notices JVMs as they come and go: those that the agent may look into, and those of which it may know no more than everybody.
//!
//! A Tomcat is known by its command line. Whoever may read no more than that still counts its threads.

use std::io;
use std::path::{Path, PathBuf};

use edgewatch_hotspot::collector::Plan;
use edgewatch_hotspot::counters::{Layout, LayoutError};
use edgewatch_hotspot::find::{Finder, Obstacle, Process, ProcessId};
use edgewatch_hotspot::procfs::{Opened, Stat, Status, container};
use edgewatch_hotspot::source::{Missing, Source};

/// The JVMs of a host.
#[derive(Debug)]
pub(super) struct Jvms {
    proc: PathBuf,
    finder: Finder,
    /// Those whose counters were not there yet at the last look: they would go by other names in a moment.
    starting: Vec<Process>,
    /// Those that may not be looked into. Nobody tells when they end.
    hidden: Vec<ProcessId>,
}

/// A JVM, and its counters where they can be read.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) process: Process,
    pub(super) counters: Option<(Layout, Vec<u8>)>,
}

impl Newcomer {
    /// The counters, as those want them who read them.
    pub(super) fn counters(&self) -> Option<(&Layout, &[u8])> {
        self.counters.as_ref().map(|(layout, block)| (layout, block.as_slice()))
    }
}

/// What has changed since the last look. What is gone comes first.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) gone: Vec<ProcessId>,
    pub(super) came: Vec<Newcomer>,
    /// What could not be told.
    pub(super) problems: Vec<String>,
}

impl Jvms {
    /// None yet, of those in `proc`.
    pub(super) fn new(proc: PathBuf) -> Self {
        Self { finder: Finder::new(&proc), proc, starting: Vec::new(), hidden: Vec::new() }
    }

    /// Looks at the processes.
    pub(super) fn look(&mut self) -> Changes {
        let Self { proc, finder, starting, hidden } = self;
        let mut changes = Changes::default();
        let mut found = finder.look();
        starting.retain(|waiting| found.came.iter().all(|process| process.id != waiting.id));
        starting.retain(|waiting| !found.gone.contains(&waiting.id));
        hidden.retain(|id| {
            let lives = is_alive(&proc.join(id.pid.to_string()), *id);
            if !lives {
                changes.gone.push(*id);
            }
            lives
        });
        changes.gone.append(&mut found.gone);
        let waited = std::mem::take(starting);
        for (process, is_new) in
            waited.into_iter().map(|it| (it, false)).chain(found.came.into_iter().map(|it| (it, true)))
        {
            match counters(&process) {
                Err(Missing::Layout(LayoutError::Unfinished)) if is_new => starting.push(process),
                counters => changes.came.push(Newcomer { process, counters: counters.ok() }),
            }
        }
        for obstacle in found.obstacles {
            match obstacle {
                Obstacle::Hidden(id) => {
                    if let Some(process) = seen_from_outside(proc, id) {
                        hidden.push(id);
                        changes.came.push(Newcomer { process, counters: None });
                    }
                }
                Obstacle::Unlisted(problem) => changes.problems.push(problem),
                Obstacle::Crowded(count) => {
                    changes.problems.push(format!("{count} processes are too many to be remembered"));
                }
            }
        }
        changes
    }
}

/// The counters of a JVM as they are now.
fn counters(process: &Process) -> Result<(Layout, Vec<u8>), Missing> {
    let unreadable = |source: io::Error| Missing::Io { what: "the counters".to_owned(), source };
    let mut source = Source::open(process, false)?;
    let block = source.read().map_err(unreadable)?.to_vec();
    // Knows when the last of them are there.
    Plan::new(&block)?;
    Ok((Layout::parse(&block)?, block))
}

/// What everybody may know of a process.
fn seen_from_outside(proc: &Path, id: ProcessId) -> Option<Process> {
    let directory = proc.join(id.pid.to_string());
    let opened = Opened::at(&directory).ok()?;
    let mut buffer = Vec::new();
    let stat = Stat::parse(opened.read("stat", &mut buffer).ok()?)?;
    if stat.start != id.start {
        return None;
    }
    let status = Status::parse(opened.read("status", &mut buffer).ok()?)?;
    let groups = opened.read("cgroup", &mut buffer).unwrap_or_default();
    Some(Process {
        id,
        ns_pid: status.ns_pid.unwrap_or(id.pid),
        uid: status.uid,
        gid: status.gid,
        root: directory.join("root"),
        container: container(groups).map(ToOwned::to_owned),
        shared: None,
    })
}

/// Whether the process `id`, whose directory is `process`, runs still.
pub(super) fn is_alive(process: &Path, id: ProcessId) -> bool {
    let mut buffer = Vec::new();
    let opened = Opened::at(process);
    let Ok(text) = opened.and_then(|opened| opened.read("stat", &mut buffer)) else { return false };
    Stat::parse(text).is_some_and(|stat| stat.start == id.start && !stat.has_ended())
}
