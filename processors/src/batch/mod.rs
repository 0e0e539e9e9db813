//! Joins small batches into large ones, so that a request to the destination carries many items.
//!
//! Joining copies nothing: the encoded requests of the batches are sent one behind the other, which protobuf
//! defines as one merged request. Only a batch that crosses `send_batch_max_size` is cut, at item boundaries.
//!
//! What is held is bounded three times: by items (`send_batch_size`), by time (`timeout`) and by bytes
//! ([`processor::MAX_HELD_BYTES`]). It is memory that the sources have leased from the budget already.

mod config;
mod cut;
mod processor;
mod telemetry;

#[cfg(test)]
mod tests;

pub(crate) use processor::Batcher;
