//! Keeps the queues of exporters on disk, below one directory that it holds for itself.

mod config;
mod extension;
#[cfg(test)]
mod tests;
mod unclaimed;

pub(super) use extension::FileStorage;
