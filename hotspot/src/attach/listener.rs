//! Reaches the socket of a JVM, and has it opened where it is not.
//!
//! Everything here runs with the ids of the JVM's user, below a descriptor of its `/tmp`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, inotify, openat, statat, unlinkat};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::error::{AttachError, Reason, failed};
use super::peer::peer;
use super::target::Target;

/// Longest time from the signal to the socket.
const PATIENCE: Duration = Duration::from_secs(5);

/// A trigger this old has been left behind: no attaching program waits longer.
const OLD_TRIGGER: Duration = Duration::from_secs(30);

/// Longest time between two looks for a socket. Usually a look follows a change in its directory.
const LOOK: Duration = Duration::from_millis(50);

/// A trigger file that lies in a directory of the JVM.
#[derive(Debug)]
pub(super) struct Trigger {
    directory: OwnedFd,
    name: String,
}

impl Trigger {
    /// Takes it away, if it is still there.
    pub(super) fn remove(self) {
        // Nobody can do anything about it; it is taken for an old one in time.
        let _ = unlinkat(&self.directory, &self.name, AtFlags::empty());
    }
}

/// What a JVM allows and what has been done about it.
#[derive(Debug, Default)]
pub(super) struct State {
    /// A signal was sent since the last time that the socket was reached.
    pub(super) signalled: bool,
    /// Lies there until the socket is reached, so that a JVM that is slow finds it and prints no threads.
    pub(super) trigger: Option<Trigger>,
    /// Whether it makes a new socket when the file has been deleted; old ones print their threads instead.
    pub(super) renews: bool,
}

/// What there is in place of a socket.
enum Found {
    Connected(UnixStream),
    Nothing,
    /// A socket that nobody listens on.
    Stale,
}

/// A connection to the socket of `target`.
pub(super) fn reach(
    target: &Target,
    tmp: &OwnedFd,
    state: &mut State,
    deadline: Instant,
) -> Result<UnixStream, AttachError> {
    let found = look(target, tmp, deadline)?;
    let stream = match found {
        Found::Connected(stream) => stream,
        Found::Nothing | Found::Stale => {
            let stale = matches!(found, Found::Stale);
            open(target, tmp, state, stale, deadline.min(Instant::now() + PATIENCE))?
        }
    };
    state.signalled = false;
    if let Some(trigger) = state.trigger.take() {
        trigger.remove();
    }
    Ok(stream)
}

/// Has the JVM open its socket.
fn open(
    target: &Target,
    tmp: &OwnedFd,
    state: &mut State,
    stale: bool,
    deadline: Instant,
) -> Result<UnixStream, AttachError> {
    let later = |reason: Reason| reason.of(target.pid);
    if !target.facts()?.catches_quit {
        return Err(later(Reason::NoHandler));
    }
    let watch = watch(tmp);
    if !state.signalled {
        // A JVM that has a listener makes a new socket only if there is no file, and not if it is old.
        if target.has_listener() {
            if stale {
                return Err(later(Reason::Deaf(socket_name(target))));
            }
            if !state.renews {
                return Err(later(Reason::Lost));
            }
        }
        if state.trigger.is_none() {
            state.trigger = lay(target, tmp)?;
        }
        if let Some(trigger) = state.trigger.take() {
            if let Err(error) = target.quit() {
                trigger.remove();
                return Err(error);
            }
            state.signalled = true;
            state.trigger = Some(trigger);
        }
    }
    let signalled = state.signalled;
    loop {
        if let Found::Connected(stream) = look(target, tmp, deadline)? {
            return Ok(stream);
        }
        target.facts()?;
        if Instant::now() >= deadline {
            return Err(later(if signalled { Reason::Silent } else { Reason::Busy }));
        }
        await_change(watch.as_ref(), deadline);
    }
}

fn socket_name(target: &Target) -> String {
    format!("/tmp/.java_pid{}", target.ns_pid)
}

/// Connects to the socket, if there is one that belongs to the JVM.
fn look(target: &Target, tmp: &OwnedFd, deadline: Instant) -> Result<Found, AttachError> {
    let name = format!(".java_pid{}", target.ns_pid);
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match openat(tmp, name, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(error) => return Err(failed(target.pid, "opening its socket", error)),
    };
    let planted = || Reason::Planted(socket_name(target)).of(target.pid);
    let status = fstat(&file).map_err(|error| failed(target.pid, "opening its socket", error))?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Socket || status.st_uid != target.uid {
        return Err(planted());
    }
    let stream = match dial(file.as_fd(), deadline) {
        Ok(stream) => stream,
        Err(Errno::CONNREFUSED) => return Ok(Found::Stale),
        Err(error) => return Err(failed(target.pid, "connecting to its socket", error)),
    };
    let peer = peer(stream.as_fd()).map_err(|error| failed(target.pid, "asking who listens", error))?;
    if peer.uid != target.uid || peer.pid.is_some_and(|pid| pid != target.pid) {
        return Err(planted());
    }
    Ok(Found::Connected(stream))
}

/// Connects to the socket that `file` holds: a path through the descriptor is short, and cannot be exchanged meanwhile.
fn dial(file: BorrowedFd<'_>, deadline: Instant) -> Result<UnixStream, Errno> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    set_socket_timeout(&socket, Timeout::Send, Some(left))?;
    connect(&socket, &SocketAddrUnix::new(path_of(file))?)?;
    Ok(UnixStream::from(socket))
}

fn path_of(descriptor: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", descriptor.as_raw_fd())
}

/// Lays a trigger in `/tmp` or, where nothing can be written, in the working directory. `None`: there is one of somebody else, who is
/// attaching now.
fn lay(target: &Target, tmp: &OwnedFd) -> Result<Option<Trigger>, AttachError> {
    match lay_in(target, tmp) {
        Err(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::NOSPC | Errno::DQUOT) => {
            let cwd =
                target.cwd().map_err(|error| failed(target.pid, "opening its working directory", error))?;
            lay_in(target, &cwd)
        }
        laid => laid,
    }
    .map_err(|error| failed(target.pid, "creating a trigger file in its /tmp", error))
}

fn lay_in(target: &Target, directory: &OwnedFd) -> Result<Option<Trigger>, Errno> {
    let name = format!(".attach_pid{}", target.ns_pid);
    let create = || {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
        openat(directory, &name, flags, Mode::from_raw_mode(0o660))
    };
    let created = match create() {
        Err(Errno::EXIST) if is_old(directory, &name)? => {
            unlinkat(directory, &name, AtFlags::empty())?;
            create()
        }
        created => created,
    };
    match created {
        Err(Errno::EXIST) => Ok(None),
        Err(error) => Err(error),
        Ok(_file) => Ok(Some(Trigger { directory: directory.try_clone().map_err(io_errno)?, name })),
    }
}

fn io_errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// Whether a trigger was left behind.
fn is_old(directory: &OwnedFd, name: &str) -> Result<bool, Errno> {
    let status = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(false),
        status => status?,
    };
    let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(status.st_mtime).unwrap_or_default());
    Ok(SystemTime::now().duration_since(changed).is_ok_and(|age| age > OLD_TRIGGER))
}

/// A descriptor that can be read when a file has appeared in `directory`.
fn watch(directory: &OwnedFd) -> Option<OwnedFd> {
    let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK).ok()?;
    let events = inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
    inotify::add_watch(&watch, path_of(directory.as_fd()), events).ok()?;
    Some(watch)
}

/// Waits for a change, or for a moment.
fn await_change(watch: Option<&OwnedFd>, deadline: Instant) {
    let wait = deadline.saturating_duration_since(Instant::now()).min(LOOK);
    let wait = Timespec::try_from(wait).ok();
    let mut watched = watch.map(|watch| PollFd::new(watch, PollFlags::IN));
    // A failure means another look, no more.
    let _ = poll(watched.as_mut_slice(), wait.as_ref());
    if let Some(watch) = watch {
        // What has appeared is looked for, whatever it is called.
        while rustix::io::read(watch, &mut [0; 4096]).is_ok_and(|read| read > 0) {}
    }
}
