//! What can stand between the agent and a JVM's answer, sorted by what the caller does next.

use std::io;

use rustix::io::Errno;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The process has ended: forget it.
    #[error("process {pid} has ended")]
    Gone {
        /// Its number.
        pid: u32,
    },
    /// Another try may be successful, after a while.
    #[error("JVM {pid} {reason}")]
    Later {
        /// Its number.
        pid: u32,
        /// What is in the way now.
        reason: Reason,
    },
    /// As long as this process lives and the agent is what it is, every try would end the same.
    #[error("JVM {pid} {reason}")]
    Never {
        /// Its number.
        pid: u32,
        /// What is in the way.
        reason: Reason,
    },
    /// The JVM has heard the command and refused it: do not ask that again.
    #[error("JVM {pid} refused {command}: {said}")]
    Rejected {
        /// Its number.
        pid: u32,
        /// What it was asked.
        command: &'static str,
        /// Its own words.
        said: String,
    },
}

/// What is in the way.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// A signal would end it.
    #[error(
        "does not catch SIGQUIT, which would end it: nothing was sent. It is still starting: try again; or it was started with -Xrs and its socket file was deleted: restart it"
    )]
    NoHandler,
    /// It would print its threads.
    #[error("was started with -XX:+DisableAttachMechanism; start it without that option to ask it anything")]
    Disabled,
    /// Nobody there to answer.
    #[error("is stopped (by SIGSTOP or a debugger); let it go on first, with kill -CONT {0}")]
    Stopped(u32),
    /// Another program has laid a trigger.
    #[error("is being attached to by another program; try again in a few seconds")]
    Busy,
    /// It was signalled once.
    #[error(
        "has not opened its socket after the one signal that it gets; it may be busy: try again later, no further signal is sent"
    )]
    Silent,
    /// It does not answer in time.
    #[error("has not answered in time; it may be busy or short of CPU: try again later or allow more time")]
    Timeout,
    /// The socket is not its own.
    #[error("has something at {0} that is not its socket; remove it: it may have been put there to deceive")]
    Planted(String),
    /// There is a socket that nobody listens on, and the JVM thinks it has one.
    #[error("does not listen on its socket {0} any more; remove the file, so that it makes a new one")]
    Deaf(String),
    /// Its listener runs without a socket file, and it might not make a new one.
    #[error("has lost its socket file and may be too old to make a new one; restart it to ask it anything")]
    Lost,
    /// The agent may not.
    #[error(
        "cannot be reached: {what} is not permitted; run as its user, as root, or with CAP_SYS_PTRACE, CAP_SETUID and CAP_SETGID"
    )]
    NotPermitted {
        /// What was tried.
        what: &'static str,
    },
    /// More than is taken.
    #[error("has answered with more than {0} bytes, which is not read")]
    TooLong(usize),
    /// It does not keep to the protocol.
    #[error("has answered something that is no reply")]
    Garbled,
    /// A command that cannot be sent.
    #[error("cannot be asked that: {0}")]
    Unsendable(#[from] super::Unsendable),
    /// Something else.
    #[error("cannot be reached: {what}: {error}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The failure.
        error: io::Error,
    },
}

impl Reason {
    /// A word for it, as counters have it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoHandler => "no_signal_handler",
            Self::Disabled => "disabled",
            Self::Stopped(_) => "stopped",
            Self::Busy => "busy",
            Self::Silent => "silent",
            Self::Timeout => "timeout",
            Self::Planted(_) => "foreign_socket",
            Self::Deaf(_) | Self::Lost => "no_socket",
            Self::NotPermitted { .. } => "not_permitted",
            Self::TooLong(_) | Self::Garbled => "garbled",
            Self::Unsendable(_) => "unsendable",
            Self::Io { .. } => "io",
        }
    }

    /// As an error of the JVM `pid`, worth another try or not.
    pub(super) fn of(self, pid: u32) -> AttachError {
        match self {
            Self::Disabled | Self::NotPermitted { .. } | Self::Lost | Self::Unsendable(_) => {
                AttachError::Never { pid, reason: self }
            }
            Self::NoHandler
            | Self::Stopped(_)
            | Self::Busy
            | Self::Silent
            | Self::Timeout
            | Self::Planted(_)
            | Self::Deaf(_)
            | Self::TooLong(_)
            | Self::Garbled
            | Self::Io { .. } => AttachError::Later { pid, reason: self },
        }
    }
}

impl AttachError {
    /// A word for it, as counters have it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Gone { .. } => "gone",
            Self::Later { reason, .. } | Self::Never { reason, .. } => reason.name(),
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// Sorts a failed system call on behalf of the process `pid`.
pub(super) fn failed(pid: u32, what: &'static str, error: impl Into<io::Error>) -> AttachError {
    let error = error.into();
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::SRCH) => AttachError::Gone { pid },
        Some(Errno::ACCESS | Errno::PERM) => Reason::NotPermitted { what }.of(pid),
        Some(Errno::AGAIN | Errno::TIMEDOUT) => Reason::Timeout.of(pid),
        Some(_) | None => Reason::Io { what, error }.of(pid),
    }
}
