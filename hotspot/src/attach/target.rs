//! The process of a JVM, held so that no other can be mistaken for it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use edgewatch_core::kernel::{hexadecimal, lines, number, rsplit_once, words};
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, ResolveFlags, openat, openat2, statat};
use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};

use super::error::{AttachError, Reason, failed};
use super::owner::as_owner;
use crate::find::{Process, ProcessId};

/// Most that is read of one file of a process.
const LARGEST_FILE: u64 = 1 << 20;

/// SIGQUIT in the masks of `status`.
const QUIT: u64 = 1 << 2;

/// A descriptor of `/proc/<pid>`: it stays with this process, even when another one gets its number.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) pid: u32,
    pub(super) ns_pid: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    start: u64,
    directory: OwnedFd,
}

/// What `stat` and `status` say that matters here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// When it started, in ticks since the boot.
    pub start: u64,
    /// Whether it has ended and only waits to be collected.
    pub ended: bool,
    /// Whether it is stopped, by a signal or a debugger.
    pub stopped: bool,
    /// Its number inside of its innermost pid namespace.
    pub ns_pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Whether it catches SIGQUIT.
    pub catches_quit: bool,
}

impl Facts {
    /// Reads the text of `/proc/<pid>/stat` and `/proc/<pid>/status`.
    #[must_use]
    pub fn parse(stat: &[u8], status: &[u8]) -> Option<Self> {
        let (_, rest) = rsplit_once(stat, b')')?;
        let mut fields = words(rest);
        let state = *fields.next()?.first()?;
        let mut facts = Self {
            // Field 22; the state is field 3.
            start: number(fields.nth(18)?)?,
            ended: matches!(state, b'Z' | b'X' | b'x'),
            stopped: matches!(state, b'T' | b't'),
            ..Self::default()
        };
        let (mut uid, mut gid, mut ns_pid) = (None, None, None);
        for line in lines(status) {
            if let Some(rest) = line.strip_prefix(b"Uid:") {
                uid = words(rest).nth(1).and_then(number);
            } else if let Some(rest) = line.strip_prefix(b"Gid:") {
                gid = words(rest).nth(1).and_then(number);
            } else if let Some(rest) = line.strip_prefix(b"NSpid:") {
                ns_pid = words(rest).last().and_then(number);
            } else if let Some(rest) = line.strip_prefix(b"Pid:") {
                // Kernels before 4.1 do not say NSpid, which comes later.
                ns_pid = words(rest).next().and_then(number);
            } else if let Some(rest) = line.strip_prefix(b"SigCgt:") {
                facts.catches_quit = hexadecimal(words(rest).next()?)? & QUIT != 0;
            }
        }
        facts.uid = u32::try_from(uid?).ok()?;
        facts.gid = u32::try_from(gid?).ok()?;
        facts.ns_pid = u32::try_from(ns_pid?).ok()?;
        Some(facts)
    }
}

/// Describes the process `pid` below `proc`, as the search for JVMs would, without looking for counters.
///
/// # Errors
///
/// [`AttachError::Gone`] and what keeps the agent from reading it.
pub fn identify(proc: &Path, pid: u32) -> Result<Process, AttachError> {
    let path = proc.join(pid.to_string());
    let directory =
        open_process(&path).map_err(|error| failed(pid, "opening its directory in /proc", error))?;
    let facts = facts(&directory, pid)?;
    Ok(Process {
        id: ProcessId { pid, start: facts.start },
        ns_pid: facts.ns_pid,
        uid: facts.uid,
        gid: facts.gid,
        root: path.join("root"),
        container: None,
        shared: None,
    })
}

impl Target {
    pub(super) fn open(process: &Process) -> Result<Self, AttachError> {
        let pid = process.id.pid;
        let path = process.root.parent().unwrap_or(&process.root);
        let directory =
            open_process(path).map_err(|error| failed(pid, "opening its directory in /proc", error))?;
        let &Process { ns_pid, uid, gid, .. } = process;
        let target = Self { pid, ns_pid, uid, gid, start: process.id.start, directory };
        target.facts()?;
        Ok(target)
    }

    /// What is true of it now. Gone, when it has ended or is another process.
    pub(super) fn facts(&self) -> Result<Facts, AttachError> {
        let facts = facts(&self.directory, self.pid)?;
        if facts.ended || facts.start != self.start {
            return Err(AttachError::Gone { pid: self.pid });
        }
        Ok(facts)
    }

    /// Whether one of its command line and the variables that add to it turns attaching off. For JVMs without counters, which say it
    /// themselves. What cannot be read says nothing.
    pub(super) fn turns_attaching_off(&self) -> bool {
        ["cmdline", "environ"].into_iter().any(|file| {
            read(&self.directory, file).is_ok_and(|text| {
                text.split(|byte| *byte == 0 || byte.is_ascii_whitespace())
                    .any(|word| word.ends_with(b"-XX:+DisableAttachMechanism"))
            })
        })
    }

    /// Whether it has started its listener, some time ago.
    pub(super) fn has_listener(&self) -> bool {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(tasks) = openat(&self.directory, "task", flags, Mode::empty()) else { return false };
        let Ok(entries) = Dir::read_from(&tasks) else { return false };
        entries.flatten().filter(|entry| entry.file_name() != c"." && entry.file_name() != c"..").any(
            |entry| {
                let path = Path::new(&*entry.file_name().to_string_lossy()).join("comm");
                read(&tasks, &path).is_ok_and(|name| name.trim_ascii_end() == b"Attach Listener")
            },
        )
    }

    /// `/tmp` as the process sees it.
    pub(super) fn tmp(&self) -> Result<OwnedFd, Errno> {
        self.inside("/tmp")
    }

    /// A directory as the process sees it. Links are followed inside of what the process sees only.
    pub(super) fn inside(&self, path: &str) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(&self.directory, "root", flags, Mode::empty())?;
        let path = path.trim_start_matches('/');
        match openat2(&root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
        {
            // Kernels before 5.6, and filters of system calls that do not know it: step by step, without links.
            Err(Errno::NOSYS | Errno::PERM) => path
                .split('/')
                .filter(|name| !matches!(*name, "" | "." | ".."))
                .try_fold(root, |directory, name| {
                    openat(&directory, name, flags | OFlags::NOFOLLOW, Mode::empty())
                }),
            opened => opened,
        }
    }

    /// A regular file that it names `path`, opened as its user.
    pub(super) fn open_file(&self, path: &str) -> io::Result<File> {
        let way = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(&self.directory, "root", way, Mode::empty())?;
        let path = path.trim_start_matches('/');
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let open = || openat2(&root, path, flags, Mode::empty(), resolve);
        let file = File::from(as_owner(self.uid, self.gid, open)??);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        Ok(file)
    }

    /// Whether one of its descriptors is the file with this device and inode.
    pub(super) fn has_open(&self, device: u64, inode: u64) -> io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let descriptors = openat(&self.directory, "fd", flags, Mode::empty())?;
        let entries = Dir::read_from(&descriptors)?;
        Ok(entries.flatten().any(|entry| {
            let status = statat(&descriptors, entry.file_name(), AtFlags::empty());
            status.is_ok_and(|status| (status.st_dev, status.st_ino) == (device, inode))
        }))
    }

    /// Its working directory.
    pub(super) fn cwd(&self) -> Result<OwnedFd, Errno> {
        openat(&self.directory, "cwd", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
    }

    /// Sends SIGQUIT to this very process, or to none.
    pub(super) fn quit(&self) -> Result<(), AttachError> {
        if !self.facts()?.catches_quit {
            return Err(Reason::NoHandler.of(self.pid));
        }
        pidfd_send_signal(&self.directory, Signal::QUIT)
            .map_err(|error| failed(self.pid, "signalling it", error))
    }
}

/// Not `O_PATH`: signals can be sent through it.
fn open_process(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    match openat(CWD, path, flags, Mode::empty()) {
        Err(Errno::NOENT) => Err(Errno::SRCH.into()),
        opened => Ok(opened?),
    }
}

fn facts(directory: &OwnedFd, pid: u32) -> Result<Facts, AttachError> {
    let read = |file| read(directory, file).map_err(|error| failed(pid, "reading its state", error));
    let (stat, status) = (read("stat")?, read("status")?);
    Facts::parse(&stat, &status).ok_or_else(|| {
        failed(pid, "reading its state", io::Error::new(io::ErrorKind::InvalidData, "not understood"))
    })
}

fn read(directory: &OwnedFd, file: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let opened = openat(directory, file.as_ref(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    // The files of a process that has ended are not there any more.
    let opened = opened.map_err(|error| if error == Errno::NOENT { Errno::SRCH } else { error })?;
    let mut text = Vec::new();
    File::from(opened).take(LARGEST_FILE).read_to_end(&mut text)?;
    Ok(text)
}
