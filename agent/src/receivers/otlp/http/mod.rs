//! OTLP/HTTP: requests in protobuf or JSON, over HTTP/1 or HTTP/2.

mod cors;
mod encoding;
mod reply;
mod service;

pub(super) use service::Service;
