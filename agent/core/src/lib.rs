//! The contracts between the parts of Edgewatch.

pub mod config;
