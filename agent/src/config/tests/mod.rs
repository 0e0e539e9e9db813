//! Whole configurations, with components made up for these tests.

mod fakes;
mod laws;
mod manual;
mod problems;
mod resolution;
mod telemetry;

use std::io;
use std::path::Path;

use edgewatch_core::config::Environment;

use super::{Components, Outcome, load};

/// A host on which nothing is set and no file exists.
struct Nothing;

impl Environment for Nothing {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn read(&self, _path: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

fn outcome(text: &str) -> Outcome {
    load(&[("config.yaml".to_owned(), text.to_owned())], &[], &Nothing, &fakes::COMPONENTS)
}

fn report(text: &str) -> String {
    let outcome = outcome(text);
    assert_eq!(outcome.config.is_some(), !outcome.problems.has_errors());
    outcome.problems.render(&outcome.sources, false)
}

/// The components of this build instead of made-up ones.
fn real(text: &str) -> Outcome {
    load(&[("config.yaml".to_owned(), text.to_owned())], &[], &Nothing, &Components::of_this_build())
}
