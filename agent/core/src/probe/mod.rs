//! What only the host can tell about a configuration: `edgewatch validate --deep`.
//!
//! A component states its [`Probe`]s in its own `probe.rs`, as [`ComponentConfig::probes`](crate::factory::ComponentConfig::probes);
//! the agent runs all of them at once, each within a time limit, and shows what they find at the keys that they name. A probe
//! looks and changes nothing: it makes no file, and what it listens on or connects to is closed again.

mod certificate;
mod check;
mod file;
mod ports;
mod process;
#[cfg(test)]
mod tests;

pub use certificate::{Role, validity};
pub use check::{Fault, Probe, ProbeContext, Trouble};
pub use file::{readable, readable_directory, writable_directory, writable_file};
pub use ports::Ports;
