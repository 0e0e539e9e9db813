//! HotSpot JVMs seen from outside: found among the processes of a host, read through the performance counters that they keep for
//! anybody to read, and, where a user asks for it, spoken to over their attach socket. Nothing is ever added to a JVM.
//!
//! The way of a JVM through this crate: [`find`] notices the process and says where its counters are, [`source`] opens them,
//! [`counters`] knows their layout, [`collector`] which of them mean what under its garbage collector, [`pauses`] makes single pauses of
//! counters that only add up. [`command`] tells its name without its secrets. [`attach`] asks what counters do not tell, behind
//! every guard, [`replies`] reads the answers, [`gc_log`] the lines of a log.
//!
//! Invariants: a value that cannot be known is `None`, never zero; counters are read only from a file or a piece of memory that is known
//! to belong to this very process (device and inode, or its own address space); no signal is sent to a process that does not catch it. Bytes
//! of JVMs are foreign bytes: whatever they are, nothing here panics or reads out of bounds.
//!
//! Knows nothing of OTLP, pipelines, configuration or tokio. All calls block, if only for microseconds.

pub mod attach;
pub mod collector;
pub mod command;
pub mod counters;
pub mod find;
pub mod gc_log;
pub mod pauses;
pub mod process;
pub mod procfs;
pub mod replies;
pub mod source;
