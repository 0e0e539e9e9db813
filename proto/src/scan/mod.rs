//! The check at the edge of the process: one pass that validates a request and counts its items.
//!
//! [`scan`] accepts exactly the bytes that `prost` decodes into the request type of the signal, and counts what `prost`
//! would have decoded, so that nothing behind it needs to check again: tags and wire types, lengths, nesting (100
//! levels of messages and groups, counted as `prost` counts them), and UTF-8 where the schema says string. Unknown
//! fields are stepped over. The tables in `schema` state what OTLP 1.x knows; a test compares them with the prost types.

mod malformed;
mod schema;
mod walk;

#[cfg(test)]
mod tests;

pub use malformed::{Fault, Malformed};
#[cfg(test)]
pub(crate) use schema::{KEY_VALUE, Kind, Schema, request_schema};
pub use walk::{Scan, scan};
