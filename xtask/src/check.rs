//! What needs no running program: formatting, lints, docs, licences, file lengths.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::command::{cargo, root, run, say};
use crate::setup;

/// Rust files longer than this are refused: the second subject wants a room of its own.
const LINES: usize = 600;

pub(crate) fn run_all() -> anyhow::Result<()> {
    file_lengths()?;
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    run(cargo(["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links"))?;
    match setup::cargo_deny() {
        // Advisories need a database from the network: a bare `cargo deny check` looks them up.
        Some(deny) => {
            run(Command::new(deny).current_dir(root()).args(["check", "bans", "licenses", "sources"]))?
        }
        None => say("skipped: licences and sources of dependencies (cargo-deny cannot be installed)"),
    }
    Ok(())
}

fn file_lengths() -> anyhow::Result<()> {
    let mut long = Vec::new();
    visit(&root(), &mut long)?;
    if !long.is_empty() {
        bail!(
            "these files have more than {LINES} lines; find the second subject and move it out:\n{}",
            long.join("\n")
        );
    }
    Ok(())
}

fn visit(folder: &Path, long: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" && name != ".git" {
                visit(&path, long)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(&path)?.lines().count();
            if lines > LINES {
                long.push(format!("{lines} {}", path.display()));
            }
        }
    }
    Ok(())
}
