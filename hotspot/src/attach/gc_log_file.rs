//! A garbage collection log that a JVM writes because it was told to, and that leaves no trace.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{AtFlags, unlinkat};

use super::command::{Command, GcLogDetail};
use super::error::{AttachError, Reason, failed};
use super::owner::as_owner;
use super::session::Attach;
use crate::replies::logs::log_files;

/// A log that is switched on. Its files stay until [`SwitchedOn::remove`], which works when the JVM has ended as well.
#[derive(Debug)]
pub struct SwitchedOn {
    path: String,
    files: Files,
}

/// The files of a log, in a directory that is held open.
#[derive(Debug)]
struct Files {
    directory: OwnedFd,
    name: String,
    uid: u32,
    gid: u32,
}

impl SwitchedOn {
    /// Its file, as the JVM sees it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Takes its files away, as the user of the JVM.
    pub fn remove(self) {
        self.files.remove();
    }
}

impl Files {
    fn remove(&self) {
        // What is not there any more, or must not be touched, stays as it is.
        let _ = as_owner(self.uid, self.gid, || {
            // The second one holds what was written before the first one was full.
            for name in [self.name.clone(), format!("{}.0", self.name)] {
                let _ = unlinkat(&self.directory, name, AtFlags::empty());
            }
        });
    }
}

impl Attach {
    /// Has the JVM write a garbage collection log to the new file `name` in `directory`, as the JVM sees it. Nobody must be able to
    /// guess the name, or a link could lie there already.
    ///
    /// # Errors
    ///
    /// [`AttachError`]. The JVM's own words are an error here, because it says them with success.
    pub fn switch_log_on(
        &mut self,
        directory: &str,
        name: &str,
        detail: GcLogDetail,
        timeout: Duration,
    ) -> Result<SwitchedOn, AttachError> {
        let path = format!("{}/{name}", directory.trim_end_matches('/'));
        let files = self.files(directory, name)?;
        let reply = self.ask(&Command::LogOn { file: path.clone(), detail }, timeout)?;
        if reply.text.trim_ascii().is_empty() {
            return Ok(SwitchedOn { path, files });
        }
        files.remove();
        let said = String::from_utf8_lossy(reply.text.trim_ascii()).into_owned();
        Err(AttachError::Rejected { pid: self.target.pid, command: "VM.log", said })
    }

    /// Switches the log off. Its files are still there then.
    ///
    /// # Errors
    ///
    /// [`AttachError`].
    pub fn switch_log_off(&mut self, log: &SwitchedOn, timeout: Duration) -> Result<(), AttachError> {
        self.ask(&Command::LogOff { file: log.path.clone() }, timeout).map(drop)
    }

    /// Whether the JVM still writes it: others may have switched it off.
    ///
    /// # Errors
    ///
    /// [`AttachError`].
    pub fn is_log_on(&mut self, log: &SwitchedOn, timeout: Duration) -> Result<bool, AttachError> {
        let list = self.ask(&Command::LogList, timeout)?.text;
        Ok(log_files(&list).any(|path| path == log.path.as_bytes()))
    }

    /// Switches every log off whose file name begins with `prefix`, and removes the files: what somebody who cannot do it any more has
    /// left behind. Says how many there were.
    ///
    /// # Errors
    ///
    /// [`AttachError`].
    pub fn switch_leftovers_off(&mut self, prefix: &str, timeout: Duration) -> Result<usize, AttachError> {
        let list = self.ask(&Command::LogList, timeout)?.text;
        let mut count = 0;
        for path in log_files(&list).filter_map(|path| std::str::from_utf8(path).ok()) {
            let Some((directory, name)) = path.rsplit_once('/').filter(|(_, name)| name.starts_with(prefix))
            else {
                continue;
            };
            self.ask(&Command::LogOff { file: path.to_owned() }, timeout)?;
            self.files(directory, name)?.remove();
            count += 1;
        }
        Ok(count)
    }

    fn files(&self, directory: &str, name: &str) -> Result<Files, AttachError> {
        let target = &self.target;
        let opened = target.inside(directory).or_else(|error| {
            // As with its `/tmp`: some may go there as themselves, others as its user.
            as_owner(target.uid, target.gid, || target.inside(directory)).unwrap_or(Err(error))
        });
        let directory = opened.map_err(|error| match error {
            rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => {
                let error =
                    io::Error::new(io::ErrorKind::NotFound, format!("the JVM has no directory {directory}"));
                Reason::Io { what: "opening the directory for its log", error }.of(target.pid)
            }
            error => failed(target.pid, "opening the directory for its log", error),
        })?;
        Ok(Files { directory, name: name.to_owned(), uid: target.uid, gid: target.gid })
    }
}
