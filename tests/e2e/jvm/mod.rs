//! Real JVMs of several versions, seen through the receiver `jvm` and the commands `edgewatch jvm`.
//!
//! Without `EDGEWATCH_JAVA` nothing is told here; `cargo xtask setup` gets the JVMs.

mod attach;
mod collectors;
mod commands;
mod compare;
mod default_config;
mod gc_logs;
mod harm;
mod places;
mod rights;
