//! The assembled program seen from outside: everything a story or a load run needs around the agent.
//!
//! - [`agent`] starts the real `edgewatch` binary and watches it.
//! - [`forwarder`] is an agent between clients and a sink, with its own metrics at hand.
//! - [`sink`] is an OTLP backend that records what it gets and answers as told.
//! - [`client`] sends requests, well-formed ones and others, and returns whatever comes back.
//! - [`jvm`] and [`tomcat`] start the real thing, and [`points`] reads what arrives about it.
//! - [`tls`] issues certificates for both ends.
//! - [`load`] makes requests whose items are numbered, so that loss and duplicates are counted exactly.
//!
//! Nothing here uses the agent's own wire code: encoding, decoding and counting are done a second, independent way
//! (the message types of `opentelemetry-proto`, and [`count`]), so that a mistake in one does not hide in the other.

pub mod agent;
pub mod client;
pub mod count;
pub mod forwarder;
pub mod framing;
pub mod jvm;
pub mod load;
pub mod metrics_page;
pub mod points;
pub mod ports;
pub mod process;
mod signal;
pub mod sink;
pub mod status;
pub mod tls;
pub mod tomcat;

pub use signal::Signal;
