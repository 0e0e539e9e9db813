//! What processors and connectors have learned, kept through restarts and reloads: one file for each of them below `learned` in the state
//! directory.
//!
//! A [`keeper`](self) lives in the task of each pipeline. It hands what the file holds to the processors before the first batch, and asks them
//! for it again every five minutes and at the end, one part between two batches. What is read and written passes through [`place`](self) on
//! helper threads, a few parts at a time, in a [`format`](self) that finds all undamaged parts of a damaged file. [`report`](self) tells
//! people and counts. A [`home`](self) has one agent at a time.

mod format;
mod home;
mod keeper;
mod place;
mod reading;
mod report;
#[cfg(test)]
mod tests;

pub use home::Home;
pub(super) use keeper::Keeper;
pub(super) use place::Owner;
pub(super) use report::Kept;
