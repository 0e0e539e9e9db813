//! The `failover` connector: sends telemetry to the first of several levels of pipelines that works.
//!
//! [`levels`] decides, from what is known of each level, where a batch goes; it has no clock and does nothing. [`router`] asks
//! it and sends; [`journey`] follows one batch until some level has delivered it or all have refused it.
//!
//! Invariants: a batch is at one level at a time, and goes to the next one only when every share of it has met its fate at the
//! level before; the ack of its sources is answered once, by what the last level said. The bytes are shared, so that what
//! waits here costs a handful of words beside the memory that the batch has leased already.

mod config;
mod journey;
mod levels;
mod router;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use router::Failover;
