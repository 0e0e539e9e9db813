//! The `otlp_http` exporter: sends telemetry as OTLP over HTTP, in protobuf or JSON.
//!
//! A batch's segments are written one after the other as one body; they are joined only to be compressed or
//! turned into JSON. Connections are kept and used again: HTTP/2 where TLS has agreed on it, HTTP/1.1
//! otherwise.

mod answer;
pub(crate) mod client;
pub(crate) mod config;
mod exporter;
mod probe;

#[cfg(test)]
mod tests;

pub(crate) use config::Config;
pub(crate) use exporter::OtlpHttp;
