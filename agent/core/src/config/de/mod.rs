//! From a [`Node`](super::Node) to a typed value, with every problem in one run.
//!
//! serde stops at the first error. Here the place of that error is left out ("pruned"), and the same part of
//! the tree is read again, until what is left can be read; what was left out has been reported. A struct
//! tells its field names before it is read, so that unknown keys are reported with what was probably meant.
//!
//! `#[serde(flatten)]` hides the field names from the reader, and unknown keys then pass unseen; configuration
//! structs do without it.

mod access;
mod deserializer;
mod failure;
mod read;

pub use read::from_node;
