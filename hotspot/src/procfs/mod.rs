//! What `/proc` says about single processes, and nothing about JVMs.
//!
//! Invariant: a process is opened as a directory, once, and everything else goes through that descriptor. When the process ends, and
//! even when its number is given to another, what is read through it fails; it never tells of the other.

mod cgroup;
mod directory;
mod maps;
mod stat;
mod status;
#[cfg(test)]
mod tests;

pub use cgroup::{container, groups};
pub use directory::{Opened, Proc};
pub(crate) use directory::{lines_of, no_such_process};
pub use maps::{Mapping, mappings};
pub use stat::Stat;
pub use status::Status;
