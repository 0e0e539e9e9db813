//! The queue in a storage: what waits survives the process.
//!
//! The storage takes responsibility for what is appended and hands it out again, oldest first; here stands what leads into it
//! ([`StoredSink`]) and out of it ([`StoredLane`]). A record is settled when the fate of all its items is known, and takes the place of a
//! delivery until that is written: what comes twice after a crash is at most what was under way.
//!
//! Data that is safe on disk is not waited for. When the pipelines are gone, the lane sends on for as long as the destination takes
//! something, and leaves the rest for the next start; when another lane waits to take over, it finishes what is under way and goes.

mod lane;
mod records;
mod sink;
mod stock;

#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub(super) use lane::{StoredLane, Tokens};
pub(super) use sink::StoredSink;
pub(super) use stock::Stock;

#[cfg(test)]
pub(super) use fake::FakeStorage;
