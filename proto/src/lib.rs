//! OTLP on the wire: what Edgewatch knows of the encoded bytes.
//!
//! Telemetry travels through the agent as encoded `Export*ServiceRequest` messages. This crate checks them once
//! ([`scan`]), reads them in place ([`view`]), cuts them apart ([`split`]), deals them out ([`deal`]), edits them by copying what did not change
//! ([`splice`]), writes new ones ([`encode`]) and converts them from and to OTLP/JSON ([`json`]). It knows nothing of
//! pipelines and never does I/O.

mod signal;
#[cfg(test)]
mod testing;

pub mod deal;
pub mod encode;
pub mod json;
pub mod scan;
pub mod splice;
pub mod split;
pub mod status;
pub mod text;
pub mod view;
pub mod wire;

pub use signal::Signal;
