//! Real JVMs of several versions, in all the places that JVMs run in.
//!
//! - [`Java`] is an installed version; `cargo xtask setup` gets them and says where they are in `EDGEWATCH_JAVA`.
//! - [`Launch`] starts a program of `tests/java/` with flags, as another user or in namespaces of its own.
//! - [`Jvm`] is the running program, which does what it is told and reports its own MXBeans as [`Beans`].
//! - [`Watch`] is an agent with the receiver `jvm` in front of a sink, and what arrives about one JVM as a [`Reading`].

mod beans;
mod jar;
mod java;
mod launch;
mod leftovers;
mod process;
mod running;
mod watch;

pub use beans::{Beans, Collector, Pool, Usage};
pub use jar::{Manifest, write_jar};
pub use java::{Java, skipped};
pub use launch::Launch;
pub(crate) use leftovers::Leftovers;
pub use running::Jvm;
pub use watch::{Reading, Watch};
