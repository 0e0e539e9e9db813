//! What callers hold of a JVM that they ask.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::command::Command;
use super::error::{AttachError, Reason, failed};
use super::exchange::{Fault, LARGEST_REPLY, Patience, Reply, exchange};
use super::listener::{State, reach};
use super::owner::as_owner;
use super::target::Target;
use crate::find::Process;

/// What counters tell about attaching; the default for JVMs whose counters cannot be read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Known<'a> {
    /// `sun.rt.jvmCapabilities`.
    pub capabilities: Option<&'a str>,
    /// `sun.rt.jvmVersion`.
    pub version: Option<i64>,
}

impl Known<'_> {
    /// Whether it makes a new socket when the file was deleted (JDK-8225690); older ones print their threads instead. Of JDK 11 the first
    /// update is taken for which it was measured, 8 is not trusted.
    fn renews(&self) -> bool {
        let Some(version) = self.version else { return false };
        let (feature, update) = (version >> 24 & 0xff, version >> 8 & 0xff);
        feature >= 14 || feature == 11 && update >= 13
    }
}

/// A JVM that can be asked. Keep it as long as the process lives: it knows whether the JVM has had its signal. One request at a time, which
/// `&mut self` sees to.
#[derive(Debug)]
pub struct Attach {
    pub(super) target: Target,
    state: State,
}

impl Attach {
    /// Gets ready to ask `process`. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`AttachError::Gone`], and [`AttachError::Never`] when the JVM does not take questions.
    pub fn new(process: &Process, known: Known<'_>) -> Result<Self, AttachError> {
        let target = Target::open(process)?;
        let disabled = match known.capabilities {
            Some(capabilities) => !capabilities.starts_with('1'),
            None => target.turns_attaching_off(),
        };
        if disabled {
            return Err(Reason::Disabled.of(target.pid));
        }
        Ok(Self { target, state: State { renews: known.renews(), ..State::default() } })
    }

    /// Asks `command` and waits for the whole answer, `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`AttachError`]; an answer of more than [`LARGEST_REPLY`] bytes is given up.
    pub fn ask(&mut self, command: &Command, timeout: Duration) -> Result<Reply, AttachError> {
        let deadline = Instant::now() + timeout;
        let mut reply = Reply::default();
        self.run(command, deadline, Patience::Until(deadline), &mut |piece| {
            if reply.text.len() + piece.len() > LARGEST_REPLY {
                return Err(Fault::Reason(Reason::TooLong(LARGEST_REPLY)));
            }
            reply.text.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(reply)
    }

    /// Asks `command` and writes the answer to `sink` as it comes, however long it is. `timeout` is how long to wait for the next
    /// piece. `Ok(Err(_))` is a failure of `sink`.
    ///
    /// # Errors
    ///
    /// [`AttachError`]; what was written until then is the beginning of the answer.
    pub fn stream(
        &mut self,
        command: &Command,
        timeout: Duration,
        sink: &mut dyn Write,
    ) -> Result<io::Result<()>, AttachError> {
        let mut written = Ok(());
        // What cannot be written is read to its end all the same, so that the JVM is not cut off in the middle.
        self.run(command, Instant::now() + timeout, Patience::Each(timeout), &mut |piece| {
            if written.is_ok() {
                written = sink.write_all(piece);
            }
            Ok(())
        })?;
        Ok(written)
    }

    /// Opens a regular file that the JVM names, as its user: whether the JVM can read it.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn open_file(&self, path: &str) -> io::Result<File> {
        self.target.open_file(path)
    }

    /// Whether the JVM has the file open that it names `path`.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn has_open(&self, path: &str) -> io::Result<bool> {
        let file = self.target.open_file(path)?.metadata()?;
        self.target.has_open(file.dev(), file.ino())
    }

    fn run(
        &mut self,
        command: &Command,
        deadline: Instant,
        patience: Patience,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), AttachError> {
        let pid = self.target.pid;
        let request = command.request().map_err(|error| Reason::Unsendable(error).of(pid))?;
        if self.target.facts()?.stopped {
            // Questions would pile up in its socket until it goes on.
            return Err(Reason::Stopped(pid).of(pid));
        }
        let stream = self.connect(deadline)?;
        exchange(&stream, &request, patience, sink).map_err(|fault| match fault {
            Fault::Reason(reason) => reason.of(pid),
            Fault::Rejected(said) => AttachError::Rejected { pid, command: command.name(), said },
            Fault::Io(what, error) => failed(pid, what, error),
        })
    }

    fn connect(&mut self, deadline: Instant) -> Result<UnixStream, AttachError> {
        let Self { target, state } = self;
        let opening = |error| failed(target.pid, "opening its /tmp", error);
        // Root needs its capabilities for the way there, others may need to be the JVM's user.
        let opened = target.tmp();
        as_owner(target.uid, target.gid, || {
            let tmp = opened.or_else(|_| target.tmp()).map_err(opening)?;
            reach(target, &tmp, state, deadline)
        })
        .map_err(|error| failed(target.pid, "taking its user's ids", error))?
    }
}

impl Drop for Attach {
    fn drop(&mut self) {
        let Self { target, state } = self;
        // A JVM that has had its signal and not come to look for the trigger yet would print its threads without it. An empty file is the
        // lesser evil, and whoever asks next takes it away.
        if let Some(trigger) = state.trigger.take()
            && matches!(target.facts(), Err(AttachError::Gone { .. }))
        {
            // Not being able to do so was told before.
            let _ = as_owner(target.uid, target.gid, || trigger.remove());
        }
    }
}
