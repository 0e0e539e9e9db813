//! Metrics about every HotSpot JVM on this host, with nothing added to the JVM.
//!
//! [`receiver`] runs on the lane and sends what a round brought; everything that touches another process happens on a helper
//! thread. The JVMs themselves are the business of the crate `edgewatch-hotspot`; this folder knows OTLP, configuration and time.
//!
//! Names, units and attributes are those of the semantic conventions (`jvm.*`); README.md lists them and where each value comes from.

#[cfg_attr(not(test), expect(dead_code, reason = "asked by the receiver once it reads JVMs"))]
mod asking;
mod config;
mod receiver;

pub(super) use receiver::Jvm;
