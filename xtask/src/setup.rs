//! What the tests need beside Rust, set up below `target/` where that is possible.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{cargo, exists, root, run, say};

/// The OpenTelemetry SDK for Python that the interoperability stories speak with.
const PYTHON_PACKAGES: &[&str] = &[
    "opentelemetry-sdk==1.45.1",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.1",
    "opentelemetry-exporter-otlp-proto-http==1.45.1",
];

/// The version that deny.toml was written for.
const CARGO_DENY: &str = "0.20.2";

/// Debian packages and the program that shows whether each is there.
const DEBIAN_PACKAGES: &[(&str, &str)] =
    &[("gcc", "gcc"), ("g++", "g++"), ("python3", "python3"), ("curl", "curl")];

/// Installs missing Debian packages when we may; otherwise says which are missing.
pub(crate) fn debian() {
    let missing: Vec<_> =
        DEBIAN_PACKAGES.iter().filter(|(_, program)| !exists(program)).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return;
    }
    if !exists("apt-get") || !is_root() {
        say(&format!("missing: {}; what needs them is skipped (apt-get install {0})", missing.join(" ")));
        return;
    }
    let installed = run(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| run(Command::new("apt-get").args(["install", "--yes", "--quiet"]).args(&missing)));
    if let Err(error) = installed {
        say(&format!("{error}; what needs {} is skipped", missing.join(" ")));
    }
}

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

/// A Python with the OpenTelemetry SDK, or nothing and why.
pub(crate) fn python() -> Option<PathBuf> {
    let folder = root().join("target").join("python");
    let python = folder.join("bin").join("python");
    let stamp = folder.join("packages");
    let wanted = PYTHON_PACKAGES.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Some(python);
    }
    let create = || {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PYTHON_PACKAGES))?;
        fs::write(&stamp, &wanted)?;
        anyhow::Ok(())
    };
    match create() {
        Ok(()) => Some(python),
        Err(error) => {
            say(&format!(
                "skipped: stories with the Python SDK ({error:#}; python3-venv and a package index are needed)"
            ));
            None
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}
