//! `edgewatch validate --deep`: what only this host can tell about a configuration, all of it in one run.
//!
//! Each component states its own probes ([`edgewatch_core::probe`]); [`own`](self) has those of the agent itself. [`check()`] runs all
//! of them at once and puts what they find beside the keys that they are about.

mod check;
mod own;
#[cfg(test)]
mod tests;

pub use check::{Options, check};
