//! The benchmarks.

use clap::Args;

use crate::command::{cargo, run};
use crate::test::environment;

/// Which benchmarks, and what is passed on to them.
#[derive(Args)]
pub(crate) struct Options {
    /// Only the load run, socket to socket.
    #[arg(long)]
    load_only: bool,
    /// Passed on to the load run; see `cargo bench --package edgewatch-tests --bench load -- --help`.
    #[arg(last = true)]
    load: Vec<String>,
}

pub(crate) fn run_all(options: &Options) -> anyhow::Result<()> {
    if !options.load_only {
        run(&mut cargo(["bench", "--package", "edgewatch-proto"]))?;
        run(&mut cargo(["bench", "--package", "edgewatch-exporters"]))?;
        run(&mut cargo(["bench", "--package", "edgewatch-processors", "--bench", "detector"]))?;
    }
    run(&mut cargo(["build", "--release", "--package", "edgewatch"]))?;
    if !options.load_only {
        let environment = environment();
        run(cargo(["bench", "--package", "edgewatch-tests", "--bench", "jvm"]).envs(environment))?;
    }
    run(cargo(["bench", "--package", "edgewatch-tests", "--bench", "load", "--"]).args(&options.load))
}
