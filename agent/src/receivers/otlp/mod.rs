//! OTLP from any SDK, agent or collector: gRPC on port 4317, HTTP on port 4318.
//!
//! A request stays encoded bytes from its socket into the pipeline. [`server`] listens and owns the
//! connections; [`grpc`] and [`http`] speak their protocol and turn every failure into the answer that the
//! OTLP specification asks for ([`rejection`] says which failures there are); [`intake`] is what both share:
//! ask the pipeline before reading, check the bytes once, hand them over, wait until the pipeline has taken
//! responsibility. [`body`] and [`decompress`] are the only places where bytes are collected, and both lease
//! them from the agent's memory budget first.

mod body;
mod config;
mod decompress;
mod grpc;
mod http;
mod intake;
mod probe;
mod receiver;
mod rejection;
mod server;
mod telemetry;
#[cfg(test)]
mod tests;
mod zstd_window;

pub(super) use receiver::OtlpReceiver;
