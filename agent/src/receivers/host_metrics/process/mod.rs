//! The scraper `process`: each process of the host, as a resource of its own.
//!
//! [`table`] walks `/proc` and reads one line of each process, for this scraper and for `processes`;
//! [`directory`] does so without allocating. What hardly ever changes (path, command line, owner) is read
//! once per process and kept in [`details`], whose memory is capped; what always changes is read as a
//! [`sample`]. [`scraper`] joins them and writes.

mod config;
mod details;
mod directory;
mod sample;
mod scraper;
mod table;
#[cfg(test)]
mod tests;

pub(super) use config::Config;
#[cfg(test)]
pub(super) use config::Metrics;
pub(super) use details::MEMORY_BOUND;
pub(super) use scraper::Process;
pub(super) use table::Table;
