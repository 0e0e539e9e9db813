//! Everything that must pass before a change lands.

use clap::Args;

use crate::command::{cargo, root, run};
use crate::{fuzz, setup};

/// How much is run.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each fuzz target; 0 leaves fuzzing out.
    #[arg(long, default_value_t = 10)]
    fuzz_seconds: u32,
}

pub(crate) fn run_all(options: &Options) -> anyhow::Result<()> {
    setup::debian();
    let python = setup::python();
    // The stories run the program as users get it.
    run(&mut cargo(["build", "--release", "--package", "edgewatch"]))?;
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.env("EDGEWATCH_BIN", root().join("target").join("release").join("edgewatch"));
    if let Some(python) = python {
        tests.env("EDGEWATCH_PYTHON", python);
    }
    run(&mut tests)?;
    if options.fuzz_seconds > 0 {
        fuzz::all(options.fuzz_seconds)?;
    }
    Ok(())
}
