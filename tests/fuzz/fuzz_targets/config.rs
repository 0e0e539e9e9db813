//! Any text is a configuration or a list of problems, each with a place that exists.

#![no_main]

use std::io;
use std::path::Path;

use edgewatch_core::config::{Environment, load};

/// A machine without variables and files.
struct Bare;

impl Environment for Bare {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "X").then(|| "x: [1, ${env:Y:-2}]".to_owned())
    }

    fn read(&self, _path: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (first, rest) = text.split_once('\0').unwrap_or((&text, "a: 1"));
    let texts = [("a.yaml".to_owned(), first.to_owned()), ("b.yaml".to_owned(), rest.to_owned())];
    let loaded = load(&texts, &[rest.to_owned()], &Bare);
    let _ = loaded.problems.render(&loaded.sources, false);
});
