//! `edgewatch jvm threads`, `histogram` and `flags`: hand a question on and the answer back, unabridged.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use anyhow::Context;
use edgewatch_hotspot::attach::Command;

use super::cli::{AskCommand, SubjectArguments};
use super::instrument::instrument;
use super::subject::subject;

/// Asks one JVM. What it answers goes to standard output, everything else to standard error.
///
/// # Errors
///
/// When it cannot be asked.
pub fn ask(command: &AskCommand) -> anyhow::Result<ExitCode> {
    match command {
        AskCommand::Threads(arguments) => {
            print(&arguments.subject, &Command::ThreadPrint { locks: arguments.locks })
        }
        AskCommand::Histogram(arguments) => {
            print(&arguments.subject, &Command::ClassHistogram { live: arguments.live })
        }
        AskCommand::Flags(arguments) => print(&arguments.subject, &Command::Flags { all: arguments.all }),
        AskCommand::Instrument(arguments) => instrument(arguments),
    }
}

/// Asks and prints the answer as it comes. A reader that has seen enough is no failure.
fn print(jvm: &SubjectArguments, command: &Command) -> anyhow::Result<ExitCode> {
    let (_, mut attach) = subject(jvm.pid)?;
    match attach.stream(command, jvm.timeout, &mut io::stdout().lock())? {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}
