//! Tells probes whether the agent is ready: HTTP 200 while every component works, 503 while it starts and stops.

mod config;
mod extension;
mod probe;
#[cfg(test)]
mod tests;

pub(super) use extension::HealthCheck;
