//! The agent as a service: its own logs and numbers, signals, start and end.
//!
//! [`source`] finds the texts of the configuration and `files` watches where they were read; [`run`] is the life of the process from there
//! to the exit, `signals` and `reload` what may happen to it on the way; [`logs`] writes what
//! the agent has to say, sampled so that a fault that repeats does not drown the rest; [`metrics`] shows its numbers as Prometheus text
//! and pushes them as OTLP; `allocator` keeps memory for buffers at hand, `memory` says how
//! much there is and whether it is enough.

mod allocator;
pub mod files;
pub mod logs;
mod memory;
pub mod metrics;
mod reload;
pub mod run;
mod signals;
pub mod source;
