//! Which binary is under test.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::Context as _;
use tokio::process::Command;

use crate::sink::PATIENCE;

/// The binary under test: `EDGEWATCH_BIN`, or the one built beside the test executable.
///
/// # Errors
/// When there is none; the error says how to get one.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("EDGEWATCH_BIN") {
        let path = PathBuf::from(path);
        anyhow::ensure!(
            path.is_file(),
            "EDGEWATCH_BIN: {} is no file; build the binary first",
            path.display()
        );
        return Ok(path);
    }
    // target/PROFILE/deps/e2e-HASH: the binary is one folder up, and so are the other profile's.
    let test = env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("the test executable has no folder")?;
    let target = profile.parent().unwrap_or(profile);
    let candidates = [profile.to_owned(), target.join("debug"), target.join("release")];
    let found = candidates.iter().map(|folder| folder.join("edgewatch")).find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "no edgewatch binary in {}; run `cargo build -p edgewatch`, or set EDGEWATCH_BIN",
            profile.display()
        )
    })
}

/// Runs `edgewatch ARGUMENTS...` to its end: for `validate`, `components`, `--help` and start-up errors.
///
/// # Errors
/// When there is no binary, or it does not end in time.
pub async fn run_to_end<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> anyhow::Result<Output> {
    let mut command = Command::new(binary()?);
    command.args(arguments.into_iter().map(Into::into)).stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .context("edgewatch did not end in time")?
        .map_err(Into::into)
}
