//! The `edgewatch` program: reads arguments, calls the library, sets the exit code.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use edgewatch::cli::{Arguments, Command, ConfigArguments, JvmCommand, QueueCommand, ValidateArguments};
use edgewatch::config::{self, Components, Config, Outcome};
use edgewatch::deep;
use edgewatch::service::files::Files;
use edgewatch::service::run;
use edgewatch::service::source::{self, Loaded};
use edgewatch_core::host::RealHost;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command.unwrap_or(Command::Run(arguments.run)) {
        Command::Run(arguments) => start(&arguments),
        Command::Validate(arguments) => validate(&arguments),
        Command::Components => print(&config::listing(&Components::of_this_build())),
        Command::Schema => print(&format!("{:#}\n", config::schema(&Components::of_this_build()))),
        Command::Example => print(&config::example(&Components::of_this_build())),
        Command::Queue(command) => queue(&command),
        Command::Jvm(JvmCommand::List(arguments)) => {
            edgewatch::jvm::list(&arguments).and_then(|text| print(&text))
        }
        Command::Jvm(JvmCommand::Ask(command)) => edgewatch::jvm::ask(&command),
        Command::Score(arguments) => edgewatch::score::run(&arguments).map(|()| ExitCode::SUCCESS),
        Command::Templates(arguments) => edgewatch::templates::run(&arguments).map(|()| ExitCode::SUCCESS),
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

fn queue(command: &QueueCommand) -> anyhow::Result<ExitCode> {
    match command {
        QueueCommand::Inspect(arguments) => print(&edgewatch::queue::inspect(arguments)?),
        QueueCommand::Verify(arguments) => {
            let (report, sound) = edgewatch::queue::verify(arguments)?;
            print(&report).map(|printed| if sound { printed } else { ExitCode::FAILURE })
        }
        QueueCommand::Replay(arguments) => edgewatch::queue::replay(arguments).map(exit_code),
    }
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
    let mut files = Files::default();
    let Some(config) = load(&arguments.config, &mut files, None)? else { return Ok(ExitCode::FAILURE) };
    if arguments.watch && files.is_empty() {
        anyhow::bail!(
            "--watch: the configuration comes from no file; leave --watch out, or name a file with --config"
        );
    }
    let options = run::Options {
        shutdown_timeout: arguments.shutdown_timeout,
        state_directory: arguments.state_directory.clone(),
        config: arguments.config.clone(),
        watched: arguments.watch.then_some(files),
    };
    run::run(config, options)?;
    Ok(ExitCode::SUCCESS)
}

fn validate(arguments: &ValidateArguments) -> anyhow::Result<ExitCode> {
    match load(&arguments.config, &mut Files::default(), Some(arguments))? {
        Some(_) => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// Reads the configuration and reports every problem on stderr; `None` when it cannot be used. With `validate` it is reported that
/// there is none as well, and the host is looked at when that is asked for.
fn load(
    arguments: &ConfigArguments,
    files: &mut Files,
    validate: Option<&ValidateArguments>,
) -> anyhow::Result<Option<Config>> {
    let Loaded { mut outcome, names } = source::load(arguments, files)?;
    if let Some(validate) = validate.filter(|validate| validate.deep) {
        look_at_host(&mut outcome, validate)?;
    }
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if validate.is_some() || !outcome.problems.is_empty() {
        let mut report = outcome.problems.render(&outcome.sources, coloured);
        if outcome.problems.is_empty() {
            // So that nobody believes a file valid that was not named.
            report = format!("{}: {report}", names.join(", "));
        }
        writeln!(io::stderr(), "{report}").context("cannot report on the configuration")?;
    }
    Ok(outcome.config.filter(|_| !outcome.problems.has_errors()))
}

/// Adds what only this host can tell to the problems of `outcome`.
fn look_at_host(outcome: &mut Outcome, arguments: &ValidateArguments) -> anyhow::Result<()> {
    // Progress is worth nothing when nobody is left to read it.
    let say = |text: &str| drop(writeln!(io::stderr(), "{text}"));
    if outcome.config.is_none() {
        say("the host was not looked at, because the configuration has errors");
        return Ok(());
    }
    let options = deep::Options {
        timeout: arguments.timeout,
        state_directory: arguments.state_directory.clone(),
        host: Arc::new(RealHost),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot look at the host")?;
    runtime.block_on(deep::check(outcome, &options, |what| say(&format!("still checking {what} ..."))));
    // A check that hangs, as on a dead mount, must not hold up the end.
    runtime.shutdown_background();
    Ok(())
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
