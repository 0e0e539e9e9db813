//! Keeps the queues of exporters on disk, below one directory that it holds for itself.

mod config;
mod extension;
mod probe;
#[cfg(test)]
mod tests;

pub(super) use extension::FileStorage;
