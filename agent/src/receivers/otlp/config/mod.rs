//! Settings of the `otlp` receiver, with the Collector's keys and defaults.

mod auth;
mod cors;
mod endpoint;
mod grpc;
mod http;
mod protocols;
mod tls;
mod unsupported;

pub(super) use auth::AuthConfig;
pub(super) use cors::CorsConfig;
pub(super) use endpoint::{Place, Transport};
pub(super) use grpc::GrpcConfig;
pub(super) use http::{Compression, HttpConfig};
pub(super) use protocols::Config;
pub(super) use tls::{TlsConfig, TlsVersion};
