//! Follows log files, line by line, through every kind of rotation, without loss.
//!
//! The engine is [`crate::tailing`]; here is what a user may write, the [`attributes`] of a file, and what makes log records of [`lines`].

mod attributes;
mod config;
mod lines;
mod probe;
mod receiver;
#[cfg(test)]
mod tests;

pub(super) use receiver::FileLog;
