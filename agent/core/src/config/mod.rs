//! Configuration values: from YAML text to typed settings, every problem with its place.
//!
//! [`load`] reads the texts into a tree of [`Node`]s: parse each, merge them, apply `--set`, expand
//! `${...}`. [`from_node`] turns a part of the tree into a component's `Config`. Both go on after a problem
//! and add it to [`Problems`], which [`render`](Problems::render) shows beside the lines that it concerns.

mod de;
mod duration;
mod error;
mod node;
mod problem;
mod scalar;
mod secret;
mod source;
pub mod suggest;

pub use de::from_node;
pub use duration::{Duration, ParseDurationError};
pub use error::ConfigError;
pub use node::{Key, Map, Node, Value};
pub use problem::{Problem, Problems, Severity, join};
pub use secret::Secret;
pub use source::{Source, SourceId, Sources, Span};
