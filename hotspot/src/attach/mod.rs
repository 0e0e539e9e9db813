//! The attach protocol: asks a JVM what its counters do not tell, behind every guard.
//!
//! A JVM opens its socket, `/tmp/.java_pid<n>`, when it gets a SIGQUIT while a trigger file, `.attach_pid<n>`, lies there. The same signal
//! ends a process that does not catch it, and makes a JVM that finds no trigger print all its threads to its standard output. That is why
//! `listener` sends it only to the very process that was found, when that catches it, allows attaching and can find the trigger, and at
//! most once until it was successful.
//!
//! `session` is what callers hold, `command` what may be asked: a closed list. `target` is the process, held by a descriptor of its
//! directory in `/proc`, so that no reused number can be mistaken for it. `owner` takes the ids of the JVM, for one thread, because a
//! JVM speaks to its own user only. `exchange` is the wire, `peer` who is at its other end. `gc_log_file` switches logs on and off. `error` sorts what can go wrong.
//!
//! Everything in the file system of a JVM is under control of whoever runs in its container: no symbolic link leads out of it, and a
//! socket is believed only if it belongs to the JVM's user and the JVM listens on it.

mod command;
mod error;
mod exchange;
mod gc_log_file;
mod listener;
mod owner;
mod peer;
mod session;
mod target;

pub use command::{Command, GcLogDetail, Unsendable};
pub use error::{AttachError, Reason};
pub use exchange::{LARGEST_REPLY, Reply, parse_reply};
pub use gc_log_file::SwitchedOn;
pub use session::{Attach, Known};
pub use target::{Facts, identify};

#[cfg(test)]
mod tests;
