//! What the tests need beside Rust, set up below `target/` where that is possible.
//!
//! Everything here is optional: what cannot be had (no network, no rights, another system) is told in one line that begins with
//! `skipped:`, and the stories that need it say so again. What was set up once stays.

mod cargo_deny;
mod debian;
mod java;
mod java_8;
mod python;
mod unpacked;

pub(crate) use cargo_deny::cargo_deny;
pub(crate) use debian::{debian, tomcat};
pub(crate) use java::java;
pub(crate) use python::python;
