//! A Python of our own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{root, run, say};

/// The OpenTelemetry SDK for Python that the interoperability stories speak with.
const PYTHON_PACKAGES: &[&str] = &[
    "opentelemetry-sdk==1.45.1",
    "opentelemetry-exporter-otlp-proto-grpc==1.45.1",
    "opentelemetry-exporter-otlp-proto-http==1.45.1",
];

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
