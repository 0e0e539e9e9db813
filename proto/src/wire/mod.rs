//! The protobuf wire format: reading it in place and writing small pieces of it.
//!
//! A message is a sequence of fields, each a tag (field number and wire type) and a payload. Nothing here allocates,
//! panics or knows a schema. Reading accepts what `prost` accepts: a varint may be longer than needed, but has at most
//! ten bytes and at most 64 bits.

pub(crate) mod child;
mod nested;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use nested::NestedMessage;
pub use read::{Field, Fields, MAX_DEPTH, Payload, WireType, field, packed_varints, varint};
pub(crate) use read::{field_number, group_end};
pub use write::{
    put_bytes, put_double, put_fixed32, put_fixed64, put_tag, put_varint, put_varint_field, varint_len,
};
