//! What can be done about JVMs from a terminal.
//!
//! [`list()`] shows those that there are, [`ask`] asks one of them. [`cli`] is what users type for that, `questions` hands questions on,
//! `instrument` loads an agent, which `jar` has looked at before; `subject` is the JVM that is meant.

pub mod cli;
mod instrument;
mod jar;
mod list;
mod questions;
mod row;
mod show;
mod subject;
#[cfg(test)]
mod tests;

pub use list::list;
pub use questions::ask;
