//! Metrics about the host, read from `/proc` and `/sys` once per interval.
//!
//! `Config` names the scrapers and their metrics; each scraper is one file or folder: it parses the
//! kernel's files and appends its metrics, already encoded, to the request of the round. [`scraping`] runs
//! the scrapers of one round, [`receiver`] decides when and on which thread: on a helper thread, because
//! reading `/proc` takes milliseconds on hosts with many processes or sockets. [`crate::measuring::metric`] has the macro in
//! which each scraper states its metrics once, as a table.
//!
//! Names, units, kinds and attributes are those of the Collector's host metrics receiver; README.md lists
//! them and every intended difference.

mod config;
mod connections;
mod cpu;
mod disk;
mod filesystem;
mod load;
mod memory;
mod network;
mod paging;
mod probe;
mod process;
mod processes;
mod receiver;
mod scraping;
mod system;
#[cfg(test)]
mod tests;

pub(super) use receiver::HostMetrics;
