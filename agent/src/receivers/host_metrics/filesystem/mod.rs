//! The scraper `filesystem`: how full the mounted file systems are.
//!
//! [`mounts`] reads the table of mounts, [`probe`] asks each file system on a thread that may be left behind,
//! because a dead network file system does not answer, [`scraper`] writes.

mod config;
mod mounts;
mod probe;
mod scraper;
#[cfg(test)]
mod tests;

pub(super) use config::Config;
#[cfg(test)]
pub(super) use config::Metrics;
pub(super) use scraper::FileSystem;
