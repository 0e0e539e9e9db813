//! Metrics about every HotSpot JVM on this host, with nothing added to the JVM.
//!
//! [`receiver`] runs on the lane and sends what a round brought; everything that touches another process happens on a helper thread,
//! [`helper`]. There [`fleet`] holds a [`subject`] for each: its counters are looked at several times a second for single pauses,
//! which become [`series`], and once in a round for everything else, which [`encoding`] writes. [`world`] is what is asked of the host,
//! [`host`] the real one. What is known from elsewhere comes through [`neighbours`]: [`gc_logs`]. The JVMs themselves are the business of the crate
//! `edgewatch-hotspot`; this folder knows OTLP, configuration and time.
//!
//! Names, units and attributes are those of the semantic conventions (`jvm.*`); README.md lists them and where each value comes from.

mod asking;
mod config;
mod encoding;
mod fleet;
mod gc_logs;
mod helper;
mod host;
mod metrics;
mod neighbours;
mod receiver;
mod resource;
mod series;
mod subject;
mod telemetry;
#[cfg(test)]
mod tests;
mod world;

pub(super) use receiver::Jvm;
