//! What the OTLP exporters share: bodies made of segments, compression, connections with TLS and through
//! proxies, credentials, and the meaning of answers.

mod agent;
pub(crate) mod answer;
pub(crate) mod auth;
#[cfg(test)]
mod auth_tests;
pub(crate) mod compression;
pub(crate) mod connect;
pub(crate) mod endpoint;
pub(crate) mod headers;
pub(crate) mod probe;
pub(crate) mod proxy;
#[cfg(test)]
mod reload_tests;
pub(crate) mod rope;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod unavailable;

pub(crate) use agent::user_agent;
