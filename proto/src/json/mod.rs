//! OTLP/JSON, from and to the encoded protobuf that travels through the agent.
//!
//! The mapping is that of the OTLP specification: proto3's JSON with lowerCamelCase names, trace and span ids in
//! hexadecimal, enums as numbers. [`decode()`] is lenient where the specification wants it or nothing is lost: unknown
//! fields are ignored, `null` means unset, 64-bit integers may be numbers or strings, and enums may be names.
//!
//! Both directions are driven by one table of the schema (`schema`) and go straight from bytes to bytes: there is no
//! tree of messages in between. The serde support of `opentelemetry-proto` is not used because it decodes into such a
//! tree, refuses `null`, and loses a metric's data without an error if a value within does not fit.

mod decode;
mod encode;
mod error;
pub(crate) mod schema;
mod tables;
mod value;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub(crate) use decode::decode_message;
pub use encode::{encode, encode_segments};
pub use error::JsonError;
