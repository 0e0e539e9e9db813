//! The command line of a JVM: its name, flags and properties, without its secrets.
//!
//! The counters hold two texts: options of the JVM, those from environment variables and files included, and main class with its
//! arguments. Both are words put together with spaces, so a word with spaces cannot be told for certain: good enough for flags, not for
//! taking secrets out. What leaves the host as a command line is therefore made of `/proc/<pid>/cmdline`, where words are whole.

mod line;
mod name;
mod redact;
mod started;
#[cfg(test)]
mod tests;

pub use line::Command;
pub use name::{ServiceName, environment_name};
pub use redact::redacted;
pub use started::Started;
