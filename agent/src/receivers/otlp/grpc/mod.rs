//! OTLP/gRPC: unary calls over HTTP/2, without a gRPC library between the socket and the bytes.

mod message;
mod percent;
mod reply;
mod service;

pub(super) use service::Service;
