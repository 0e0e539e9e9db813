//! The receiver on real sockets, with hyper as the client.

mod agent;
mod client;
mod grpc;
mod samples;
