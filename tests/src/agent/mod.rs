//! The real `edgewatch` binary as a child process.
//!
//! [`Agent::with_config`] starts one for a story and waits until it is ready; [`run_to_end`] is for the commands that end by
//! themselves.

mod binary;
mod builder;
mod child;
mod lines;
mod rights;

pub use binary::{binary, run_to_end};
pub use builder::Builder;
pub use child::Agent;
pub use rights::{UNPRIVILEGED, unprivileged};
