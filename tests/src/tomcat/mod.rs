//! Debian's Tomcat, with an instance of its own for every test, and load whose every request is counted.
//!
//! `EDGEWATCH_TOMCAT` says where its home is; `cargo xtask setup` installs it.

mod base;
mod instance;
mod load;

pub use base::Base;
pub use instance::Tomcat;
pub use load::{Load, Tally};
