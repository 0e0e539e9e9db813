//! The `edgewatch` program: reads arguments, calls the library, sets the exit code.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use edgewatch::cli::{Arguments, Command, ConfigArguments, QueueCommand};
use edgewatch::config::{self, Components, Config};
use edgewatch::service::{run, source};
use edgewatch_core::config::ProcessEnvironment;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command.unwrap_or(Command::Run(arguments.run)) {
        Command::Run(arguments) => start(&arguments),
        Command::Validate(arguments) => validate(&arguments),
        Command::Components => print(&config::listing(&Components::of_this_build())),
        Command::Schema => print(&format!("{:#}\n", config::schema(&Components::of_this_build()))),
        Command::Example => print(&config::example(&Components::of_this_build())),
        Command::Queue(QueueCommand::Replay(arguments)) => {
            edgewatch::queue::replay(&arguments).map(exit_code)
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell when stderr is gone.
            let _ = writeln!(io::stderr(), "edgewatch: {}", explain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well, for the shell.
fn exit_code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The error and its causes. Messages that are logged name their cause themselves; it is not said twice.
fn explain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| {
        if text.is_empty() {
            cause
        } else if text.contains(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    })
}

fn start(arguments: &edgewatch::cli::RunArguments) -> anyhow::Result<ExitCode> {
    let Some(config) = load(&arguments.config, false)? else { return Ok(ExitCode::FAILURE) };
    let options = run::Options {
        shutdown_timeout: arguments.shutdown_timeout,
        state_directory: arguments.state_directory.clone(),
        embedded: arguments.config.config.is_empty(),
    };
    run::run(&config, &options)?;
    Ok(ExitCode::SUCCESS)
}

fn validate(arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    match load(arguments, true)? {
        Some(_) => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// Reads the configuration and reports every problem on stderr; `None` when it cannot be used.
fn load(arguments: &ConfigArguments, summarise: bool) -> anyhow::Result<Option<Config>> {
    let texts = source::texts(arguments)?;
    let outcome = config::load(&texts, &arguments.set, &ProcessEnvironment, &Components::of_this_build());
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if summarise || !outcome.problems.is_empty() {
        let mut report = outcome.problems.render(&outcome.sources, coloured);
        if outcome.problems.is_empty() {
            // So that nobody believes a file valid that was not named.
            let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
            report = format!("{}: {report}", names.join(", "));
        }
        writeln!(io::stderr(), "{report}").context("cannot report on the configuration")?;
    }
    Ok(outcome.config)
}

/// Prints `text`. A reader that has seen enough is no failure.
fn print(text: &str) -> anyhow::Result<ExitCode> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_the_error_names_itself_is_said_once() {
        let error = anyhow::anyhow!("no such file")
            .context("cannot read a.yaml: no such file")
            .context("cannot start");
        assert_eq!(explain(&error), "cannot start: cannot read a.yaml: no such file");
    }
}
