//! `edgewatch jvm threads`, `histogram` and `flags`: hand a question on and the answer back, unabridged.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use anyhow::Context;
use edgewatch_hotspot::attach::Command;

use super::cli::{FlagsArguments, HistogramArguments, SubjectArguments, ThreadsArguments};
use super::subject::subject;

pub(super) fn threads(arguments: &ThreadsArguments) -> anyhow::Result<ExitCode> {
    print(&arguments.subject, &Command::ThreadPrint { locks: arguments.locks })
}

pub(super) fn histogram(arguments: &HistogramArguments) -> anyhow::Result<ExitCode> {
    print(&arguments.subject, &Command::ClassHistogram { live: arguments.live })
}

pub(super) fn flags(arguments: &FlagsArguments) -> anyhow::Result<ExitCode> {
    print(&arguments.subject, &Command::Flags { all: arguments.all })
}

/// Asks and prints the answer as it comes. A reader that has seen enough is no failure.
fn print(jvm: &SubjectArguments, command: &Command) -> anyhow::Result<ExitCode> {
    let (_, mut attach) = subject(jvm.pid)?;
    match attach.stream(command, jvm.timeout, &mut io::stdout().lock())? {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}
