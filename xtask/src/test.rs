//! Everything that must pass before a change lands.

use std::ffi::OsString;
use std::io::{self, Write};

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
    let environment = environment();
    // The stories run the program as users get it.
    run(&mut cargo(["build", "--release", "--package", "edgewatch"]))?;
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.env("EDGEWATCH_BIN", root().join("target").join("release").join("edgewatch"));
    run(tests.envs(environment))?;
    if options.fuzz_seconds > 0 {
        fuzz::all(options.fuzz_seconds)?;
    }
    Ok(())
}

/// Sets up what the tests need, and tells which variables say where it is.
pub(crate) fn set_up() {
    for (name, value) in environment() {
        // For `eval "$(cargo xtask setup)"`. Nobody is left to tell when stdout is gone.
        let _ = writeln!(io::stdout(), "export {name}='{}'", value.display());
    }
}

/// What the tests need, set up, and the variables that say where it is.
pub(crate) fn environment() -> Vec<(&'static str, OsString)> {
    setup::debian();
    let python = setup::python();
    let mut environment = vec![("EDGEWATCH_JAVA", setup::java(python.as_deref()).into())];
    environment.extend(setup::tomcat().map(|home| ("EDGEWATCH_TOMCAT", home.into())));
    environment.extend(python.map(|python| ("EDGEWATCH_PYTHON", python.into())));
    environment
}
