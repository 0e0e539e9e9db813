//! Fuzz targets, built with the coverage instrumentation of libFuzzer on the stable compiler.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::command::{cargo, exists, root, run, say};

/// What `cargo fuzz --sanitizer none` passes. The code has no `unsafe` of its own to sanitize.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions";

/// What is fuzzed, and how long.
#[derive(Args)]
pub(crate) struct Options {
    /// One target (a file in tests/fuzz/fuzz_targets); all when left out.
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run_chosen(options: &Options) -> anyhow::Result<()> {
    match &options.target {
        Some(target) => {
            build()?;
            one(target, options.seconds)
        }
        None => all(options.seconds),
    }
}

/// Fuzzes every target for `seconds`.
pub(crate) fn all(seconds: u32) -> anyhow::Result<()> {
    if !exists("g++") {
        say("skipped: fuzzing (libFuzzer needs g++)");
        return Ok(());
    }
    build()?;
    let mut targets = Vec::new();
    for entry in fs::read_dir(folder().join("fuzz_targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    targets.iter().try_for_each(|target| one(target, seconds))
}

fn folder() -> PathBuf {
    root().join("tests").join("fuzz")
}

fn build() -> anyhow::Result<()> {
    // Naming the target keeps the flags away from build scripts, which could not be linked with them.
    let mut command = cargo(["build", "--release", "--bins", "--target", &host()?]);
    run(command
        .current_dir(folder())
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", folder().join("target")))
}

/// The triple of the machine, as the compiler names it.
fn host() -> anyhow::Result<String> {
    let output =
        Command::new("rustc").args(["--print", "host-tuple"]).output().context("cannot start rustc")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn one(target: &str, seconds: u32) -> anyhow::Result<()> {
    let corpus = folder().join("corpus").join(target);
    let artifacts = folder().join("artifacts").join(target);
    fs::create_dir_all(&corpus).context("cannot make the corpus folder")?;
    fs::create_dir_all(&artifacts).context("cannot make the folder for findings")?;
    let mut command = Command::new(folder().join("target").join(host()?).join("release").join(target));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg("-timeout=10")
        .arg("-rss_limit_mb=2048")
        .arg("-verbosity=0");
    command.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(&corpus);
    let seeds = folder().join("seeds");
    command.arg("-max_len=4096").arg(seeds);
    run(&mut command)
}
