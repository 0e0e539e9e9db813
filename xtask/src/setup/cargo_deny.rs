//! The program that checks licences and sources.

use std::path::PathBuf;

use crate::command::{cargo, exists, root, run, say};

/// The version that deny.toml was written for.
const CARGO_DENY: &str = "0.20.2";

/// cargo-deny: the one that is installed, or one of our own below `target/`.
pub(crate) fn cargo_deny() -> Option<PathBuf> {
    if exists("cargo-deny") {
        return Some(PathBuf::from("cargo-deny"));
    }
    let tools = root().join("target").join("tools");
    let program = tools.join("bin").join("cargo-deny");
    if program.exists() {
        return Some(program);
    }
    say("installing cargo-deny below target/; this takes a few minutes once");
    let mut install =
        cargo(["install", "--quiet", "--locked", "cargo-deny", "--version", CARGO_DENY, "--root"]);
    match run(install.arg(&tools)) {
        Ok(()) => Some(program),
        Err(error) => {
            say(&format!("{error:#}"));
            None
        }
    }
}
