//! What stands between a pipeline and its exporter: the queue in memory, batching, attempts and retries.
//!
//! [`start()`] puts them around an exporter: the pipelines get a [`Sink`](edgewatch_core::exporter::Sink) for
//! each signal, and the caller runs [`Delivering`], which sends until all sinks are gone and the queues are
//! empty. There is one queue for each signal, as in the Collector; all of them share the exporter and thereby
//! its connection.
//!
//! Invariants: a batch is in exactly one place (waiting, being joined, being delivered); its size is charged
//! to the queue from the moment it is taken until its fate is known, so `queue_size` bounds what waits *and*
//! what is being sent; every ack is answered exactly once. A queue is exceeded only by batches that can no
//! longer be refused because their senders have been told that they are accepted, by at most a tenth and one
//! batch; after that their pipeline waits. One batch that is larger than the whole queue passes through an
//! empty one.

mod condition;
mod dead_letter;
mod deliver;
mod drive;
mod join;
pub mod letters;
mod outage;
pub mod replay;
mod sink;
mod split;
mod start;
mod store;
mod stored;
mod telemetry;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod split_tests;
#[cfg(test)]
mod tests;

pub use start::{Delivering, Sinks, start};
