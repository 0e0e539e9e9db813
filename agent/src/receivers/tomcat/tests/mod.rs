//! The receiver, on recorded pages, made-up hosts and a Tomcat that is a few lines long.

mod decoded;
mod instances;
mod logs;
mod pages;
mod property;
mod receiver;
mod settings;
mod threads;
mod version;
mod written;

use std::path::{Path, PathBuf};

/// A recorded file.
fn recorded(file: &str) -> Vec<u8> {
    let path = testdata().join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/receivers/tomcat/testdata")
}
