//! Looks through the processes of a host.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use edgewatch_core::kernel::{decimal, number, words};

use super::memory::{Kind, MOST_PROCESSES, Seen, YOUNG_SECONDS, image, mebibytes};
use super::{Changes, Obstacle, Process, ProcessId, Shared};
use crate::procfs::{Mapping, Opened, Proc, Stat, Status, container, lines_of, no_such_process};

/// Room for `stat`, which is made in one piece.
const STAT: usize = 2 << 10;

/// Finds the JVMs among the processes of `/proc`.
#[derive(Debug)]
pub struct Finder {
    path: PathBuf,
    proc: Option<Proc>,
    ticks: u64,
    /// The processes of the last look, by number.
    seen: Vec<Seen>,
    /// The list before it, kept for its memory.
    spare: Vec<Seen>,
    listed: Vec<(u32, u64)>,
    jvms: HashMap<u32, Process>,
    looks: usize,
    buffer: Vec<u8>,
}

/// What a process turned out to be.
enum Verdict {
    Gone,
    /// The agent could not find out, for want of descriptors or memory.
    Unknown,
    Found(Box<Process>),
    Is(Kind),
}

impl Finder {
    /// A finder for the processes in `proc`, which is `/proc` of the host.
    #[must_use]
    pub fn new(proc: &Path) -> Self {
        Self {
            path: proc.to_owned(),
            proc: None,
            ticks: rustix::param::clock_ticks_per_second(),
            seen: Vec::new(),
            spare: Vec::new(),
            listed: Vec::new(),
            jvms: HashMap::new(),
            looks: 0,
            buffer: vec![0; STAT],
        }
    }

    /// The JVMs that are there, in no order.
    pub fn jvms(&self) -> impl Iterator<Item = &Process> {
        self.jvms.values()
    }

    /// Looks through all processes.
    pub fn look(&mut self) -> Changes {
        let mut changes = Changes::default();
        let proc = match self.list() {
            Ok(proc) => proc,
            Err(error) => {
                changes.obstacles.push(Obstacle::Unlisted(format!("{}: {error}", self.path.display())));
                return changes;
            }
        };
        let crowd = self.listed.len().saturating_sub(MOST_PROCESSES);
        if crowd > 0 {
            changes.obstacles.push(Obstacle::Crowded(crowd));
            self.listed.truncate(MOST_PROCESSES);
        }
        let now = self.uptime(&proc);
        let count = self.seen.iter().filter(|seen| seen.kind != Kind::Kernel).count();
        let listed = std::mem::take(&mut self.listed);
        let before = std::mem::take(&mut self.seen);
        let mut after = std::mem::take(&mut self.spare);
        after.clear();
        let mut known = before.iter().peekable();
        for &(pid, inode) in &listed {
            while let Some(lost) = known.next_if(|seen| seen.pid < pid) {
                self.lose(lost, &mut changes);
            }
            let seen = match known.next_if(|seen| seen.pid == pid) {
                Some(seen) if seen.inode == inode => self.again(&proc, *seen, count, now, &mut changes),
                Some(seen) => self.reused(&proc, *seen, inode, now, &mut changes),
                None => self.examine(&proc, (pid, inode), None, now, &mut changes),
            };
            after.extend(seen);
        }
        for lost in known {
            self.lose(lost, &mut changes);
        }
        (self.listed, self.seen, self.spare) = (listed, after, before);
        self.proc = Some(proc);
        self.looks = self.looks.wrapping_add(1);
        changes
    }

    /// Lists all processes into `listed`.
    fn list(&mut self) -> io::Result<Proc> {
        let mut proc = match self.proc.take() {
            Some(proc) => proc,
            None => Proc::open(&self.path)?,
        };
        self.listed.clear();
        proc.list(|pid, inode| self.listed.push((pid, inode)))?;
        if !self.listed.is_sorted() {
            self.listed.sort_unstable();
        }
        Ok(proc)
    }

    /// Clock ticks since the boot of the host; zero when that cannot be told, which makes nothing young.
    fn uptime(&mut self, _proc: &Proc) -> u64 {
        let text = edgewatch_core::kernel::read_file(&self.path.join("uptime"), &mut self.buffer);
        let seconds = text.ok().and_then(|text| decimal(words(text).next()?)).unwrap_or(0.0);
        // Neither negative nor large.
        (seconds.max(0.0) as u64).saturating_mul(self.ticks)
    }

    /// A process with the same number has another directory: it is another, or the kernel has forgotten the directory.
    fn reused(
        &mut self,
        proc: &Proc,
        seen: Seen,
        inode: u64,
        now: u64,
        changes: &mut Changes,
    ) -> Option<Seen> {
        let start = self.stat(proc, seen.pid).map(|stat| stat.start);
        if start.is_ok_and(|start| start == seen.start) {
            return self.again(proc, Seen { inode, ..seen }, 0, now, changes);
        }
        self.lose(&seen, changes);
        self.examine(proc, (seen.pid, inode), None, now, changes)
    }

    /// Looks again at a process that was there before.
    fn again(
        &mut self,
        proc: &Proc,
        seen: Seen,
        count: usize,
        now: u64,
        changes: &mut Changes,
    ) -> Option<Seen> {
        let look = self.looks;
        match seen.kind {
            Kind::Kernel => return Some(seen),
            Kind::Other | Kind::Hidden if !seen.young && !seen.is_due(look, count) => return Some(seen),
            Kind::Other | Kind::Hidden | Kind::Silent | Kind::Jvm => {}
        }
        let stat = match self.stat(proc, seen.pid) {
            Ok(stat) => stat,
            Err(error) if no_such_process(&error) => {
                self.lose(&seen, changes);
                return None;
            }
            // It cannot be seen now, for want of descriptors perhaps.
            Err(_) => return Some(seen),
        };
        if stat.has_ended() {
            self.lose(&seen, changes);
            // It stays in the list until its parent has waited for it.
            return Some(Seen { kind: Kind::Other, young: false, ..seen });
        }
        if !seen.young && !seen.is_outdated(&stat) {
            return Some(seen);
        }
        self.examine(proc, (seen.pid, seen.inode), Some(seen), now, changes)
    }

    fn stat(&mut self, proc: &Proc, pid: u32) -> io::Result<Stat<'_>> {
        let text = proc.stat(pid, &mut self.buffer)?;
        Stat::parse(text).ok_or_else(|| io::Error::other("not understood"))
    }

    /// A process is gone, or what it was is.
    fn lose(&mut self, seen: &Seen, changes: &mut Changes) {
        if matches!(seen.kind, Kind::Jvm | Kind::Silent)
            && let Some(process) = self.jvms.remove(&seen.pid)
        {
            changes.gone.push(process.id);
        }
    }

    /// Looks at a process as a whole.
    fn examine(
        &mut self,
        proc: &Proc,
        (pid, inode): (u32, u64),
        before: Option<Seen>,
        now: u64,
        changes: &mut Changes,
    ) -> Option<Seen> {
        // Everything is read through this directory, so that it is about one process.
        let opened = proc.process(pid).ok()?;
        let text = opened.read("stat", &mut self.buffer).ok()?;
        let stat = Stat::parse(text)?;
        let id = ProcessId { pid, start: stat.start };
        let image = image(&stat);
        let is_young = now.saturating_sub(stat.start) < YOUNG_SECONDS * self.ticks && now > 0;
        let mut seen = Seen {
            pid,
            image,
            inode,
            start: stat.start,
            size: u32::try_from(mebibytes(&stat)).unwrap_or(u32::MAX),
            kind: Kind::Other,
            young: is_young || before.is_some_and(|before| before.image != image),
        };
        if stat.kernel || stat.has_ended() {
            seen.kind = if stat.kernel { Kind::Kernel } else { Kind::Other };
            seen.young = false;
            before.inspect(|before| self.lose(before, changes));
            return Some(seen);
        }
        let is_java = matches!(stat.name, b"java" | b"jsvc");
        match self.verdict(&opened, id, is_java) {
            Verdict::Gone => {
                before.inspect(|before| self.lose(before, changes));
                return None;
            }
            // What was known is true until more is.
            Verdict::Unknown => return before,
            Verdict::Found(process) => {
                seen.kind = if process.shared.is_some() { Kind::Jvm } else { Kind::Silent };
                let former = self.jvms.get(&pid);
                if former != Some(&process) {
                    // Counters that appeared are no reason to forget the JVM; another file is.
                    if former.is_some_and(|former| former.shared.is_some() || former.id != id) {
                        before.inspect(|before| self.lose(before, changes));
                    }
                    self.jvms.insert(pid, (*process).clone());
                    changes.came.push(*process);
                }
            }
            Verdict::Is(kind) => {
                seen.kind = kind;
                before.inspect(|before| self.lose(before, changes));
                let told = before.is_some_and(|before| before.kind == Kind::Hidden);
                if kind == Kind::Hidden && !told {
                    changes.obstacles.push(Obstacle::Hidden(id));
                }
            }
        }
        Some(seen)
    }

    /// Whether an opened process is a JVM, and which.
    fn verdict(&mut self, opened: &Opened, id: ProcessId, is_java: bool) -> Verdict {
        let status = match opened.read("status", &mut self.buffer).map(Status::parse) {
            Ok(Some(status)) => status,
            Ok(None) => return Verdict::Is(Kind::Other),
            Err(error) if no_such_process(&error) => return Verdict::Gone,
            Err(_) => return Verdict::Unknown,
        };
        let ns_pid = status.ns_pid.unwrap_or(id.pid);
        let (mut is_hotspot, mut is_other, mut shared) = (false, false, None);
        let read = opened.file("maps").and_then(|maps| {
            lines_of(std::fs::File::from(maps), |line| {
                // Most lines are about neither.
                if memchr::memmem::find(line, b"/libj").is_none()
                    && memchr::memmem::find(line, b"hsperfdata_").is_none()
                {
                    return true;
                }
                let Some(mapping) = Mapping::parse(line) else { return true };
                match mapping.file_name() {
                    b"libjvm.so" => is_hotspot = true,
                    name if name.starts_with(b"libj9vm") => is_other = true,
                    _ => shared = shared.take().or_else(|| counters(&mapping, ns_pid)),
                }
                !(is_hotspot && shared.is_some())
            })
        });
        match read {
            Ok(()) if is_other => return Verdict::Is(Kind::Other),
            Ok(()) => {}
            Err(error) if no_such_process(&error) => return Verdict::Gone,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let hidden = is_java || self.is_started_as_java(opened);
                return Verdict::Is(if hidden { Kind::Hidden } else { Kind::Other });
            }
            Err(_) => return Verdict::Unknown,
        }
        if !is_hotspot {
            return Verdict::Is(Kind::Other);
        }
        if let Some(shared) = &mut shared
            && let Ok(root) = opened.link("root")
        {
            below(&mut shared.path, Path::new(OsStr::from_bytes(&root)));
        }
        let groups = opened.read("cgroup", &mut self.buffer).unwrap_or_default();
        Verdict::Found(Box::new(Process {
            id,
            ns_pid,
            uid: status.uid,
            gid: status.gid,
            root: self.path.join(id.pid.to_string()).join("root"),
            container: container(groups).map(ToOwned::to_owned),
            shared,
        }))
    }

    /// Whether the first word of its command line is `java`: everybody may know.
    fn is_started_as_java(&mut self, opened: &Opened) -> bool {
        let Ok(line) = opened.read("cmdline", &mut self.buffer) else { return false };
        let command = line.split(|byte| *byte == 0).next().unwrap_or_default();
        let name = command.rsplit(|byte| *byte == b'/').next();
        matches!(name, Some(b"java" | b"jsvc"))
    }
}

/// The file of counters that `mapping` maps, if it is that of the process whose innermost number is `ns_pid`.
fn counters(mapping: &Mapping<'_>, ns_pid: u32) -> Option<Shared> {
    let directory = mapping.path.strip_suffix(mapping.file_name())?.strip_suffix(b"/")?;
    let directory = directory.rsplit(|byte| *byte == b'/').next()?;
    let is_own = mapping.permissions == b"rw-s"
        && directory.starts_with(b"hsperfdata_")
        && number(mapping.file_name()) == Some(u64::from(ns_pid));
    is_own.then(|| Shared {
        path: PathBuf::from(OsStr::from_bytes(mapping.path)),
        device: mapping.device,
        inode: mapping.inode,
        range: mapping.range,
        deleted: mapping.deleted,
    })
}

/// Makes a path of the mount namespace one below `root`, which differs for processes that changed their root directory.
fn below(path: &mut PathBuf, root: &Path) {
    if root != Path::new("/")
        && let Ok(rest) = path.strip_prefix(root)
    {
        *path = Path::new("/").join(rest);
    }
}
