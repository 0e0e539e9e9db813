//! The agent as a service: its own logs and numbers, signals, start and end.
//!
//! [`source`] finds the texts of the configuration; [`run`] is the life of the process from there to the exit; [`logs`] writes what
//! the agent has to say, sampled so that a fault that repeats does not drown the rest; [`metrics`] shows its numbers as Prometheus text
//! and pushes them as OTLP; `allocator` keeps memory for buffers at hand, `memory` says how
//! much there is and whether it is enough.

mod allocator;
pub mod logs;
mod memory;
pub mod metrics;
pub mod run;
pub mod source;
