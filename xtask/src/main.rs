//! The project's own commands. Continuous integration runs the same ones.

mod bench;
mod check;
mod command;
mod fuzz;
mod setup;
mod test;

use clap::{Parser, Subcommand};

/// Checks, tests and measures Edgewatch.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Formatting, lints with warnings as errors, docs, licences, file lengths.
    Check,
    /// Sets up what the tests need, then runs all of them and a short fuzz run.
    Test(test::Options),
    /// Only sets up what the tests need, and prints the variables that say where it is.
    Setup,
    /// Fuzzes one target or all of them.
    Fuzz(fuzz::Options),
    /// Runs the benchmarks whose figures stand in tests/bench/README.md.
    Bench(bench::Options),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Check => check::run_all(),
        Task::Test(options) => test::run_all(&options),
        Task::Setup => {
            test::set_up();
            Ok(())
        }
        Task::Fuzz(options) => fuzz::run_chosen(&options),
        Task::Bench(options) => bench::run_all(&options),
    }
}
