//! Refuses new data while too many bytes are in flight.
//!
//! Unlike a garbage-collected process, Edgewatch knows exactly what its data occupies: receivers lease memory
//! from one budget before they read a request, and the lease ends when the data has reached its destination.
//! This processor sets that budget's limit, the *hard* limit, and refuses new data above the *soft* one, so
//! that what has been let in already has room to get out. Refused senders are told to come again.

mod config;
mod probe;
mod processor;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use processor::MemoryLimiter;
