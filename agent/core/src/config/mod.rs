//! Configuration values: from YAML text to typed settings, every problem with its place.
//!
//! [`load()`] reads the texts into a tree of [`Node`]s: parse each, merge them, apply `--set`, expand
//! `${...}`. [`from_node`] turns a part of the tree into a component's `Config`. Both go on after a problem
//! and add it to [`Problems`], which [`render`](Problems::render) shows beside the lines that it concerns.

mod byte_size;
mod de;
mod duration;
mod environment;
mod error;
mod expand;
mod headers;
mod load;
pub mod manual;
mod merge;
mod node;
mod parse;
mod problem;
mod render;
mod scalar;
mod secret;
mod source;
pub mod suggest;
#[cfg(test)]
mod tests;

pub use byte_size::{ByteSize, ParseByteSizeError};
pub use de::from_node;
pub use duration::{Duration, ParseDurationError};
pub use environment::{Environment, ProcessEnvironment};
pub use error::ConfigError;
pub use expand::expand;
pub use headers::Headers;
pub use load::{Loaded, load};
pub use merge::merge;
pub use node::{Key, Map, Node, Value};
pub use parse::parse;
pub use problem::{Problem, Problems, Severity, join};
pub use secret::Secret;
pub use source::{Source, SourceId, Sources, Span};
