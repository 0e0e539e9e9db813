//! The receiver on real sockets, with hyper as the client.

mod agent;
mod auth;
mod client;
mod grpc;
mod hostile;
mod http;
mod lifecycle;
mod memory;
mod samples;
mod settings;
mod tls;
