//! What can be asked of the JVMs of this host, and done to one, on an operator's word.
//!
//! [`cli`] is what users type, [`ask`] hands questions on, [`instrument`] loads an agent, which [`jar`] has looked at before. [`subject`] is the JVM
//! that is meant. The JVMs themselves are the business of the crate `edgewatch-hotspot`.

mod ask;
pub mod cli;
mod instrument;
mod jar;
mod list;
mod row;
mod show;
mod subject;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use cli::JvmCommand;
pub use list::list;

/// Runs a command. What a JVM answers goes to standard output, everything else to standard error.
///
/// # Errors
///
/// When the JVM cannot be asked.
pub fn run(command: &JvmCommand) -> anyhow::Result<ExitCode> {
    match command {
        JvmCommand::Threads(arguments) => ask::threads(arguments),
        JvmCommand::Histogram(arguments) => ask::histogram(arguments),
        JvmCommand::Flags(arguments) => ask::flags(arguments),
        JvmCommand::Instrument(arguments) => instrument::instrument(arguments),
    }
}
