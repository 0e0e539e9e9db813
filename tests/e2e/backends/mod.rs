//! Backends that fail, refuse, ask for patience, insist on TLS: what the exporters make of them, over gRPC and HTTP.

mod compression;
mod exporter;
mod failing;
mod failover;
mod fan_out;
mod load_balancing;
mod outage;
mod tls;
