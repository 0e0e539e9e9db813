//! The `otlp_grpc` exporter: sends telemetry as OTLP over gRPC.
//!
//! A batch's segments are written one after the other under one message prefix, so that nothing is decoded,
//! joined or copied on the way out unless compression is asked for. One connection is kept; it is made anew
//! by the first attempt that finds it gone.

mod channel;
mod config;
mod exporter;
mod probe;
mod response;

#[cfg(test)]
mod leaving_tests;
#[cfg(test)]
mod tests;

pub(crate) use config::Config;
pub(crate) use exporter::OtlpGrpc;
pub(crate) use probe::reachable;
