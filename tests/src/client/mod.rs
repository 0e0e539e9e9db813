//! Minimal OTLP clients that send exactly what they are told, mistakes included, and return whatever comes back.

mod grpc;
mod web;

pub use grpc::{GrpcClient, GrpcReply};
pub use web::{HttpReply, post, send, send_over};
