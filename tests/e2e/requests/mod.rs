//! What the agent answers to requests that it does not take: exactly what the OTLP and gRPC specifications say.

mod bodies;
mod busy;
mod grpc;
mod http;
