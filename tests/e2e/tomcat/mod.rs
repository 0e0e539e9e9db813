//! Debian's Tomcat under load, seen through the receiver `tomcat`.
//!
//! Without `EDGEWATCH_TOMCAT` nothing is told here; `cargo xtask setup` installs it.

mod counts;
mod records;
mod rights;
mod scene;
