//! What receivers that measure have in common: tables of metrics with a switch for each, lists of names to include or exclude, and
//! names of users, the report of what could not be read, the counters of both, and who a JVM is.

pub(crate) mod filter;
pub(crate) mod identity;
pub(crate) mod metric;
pub(crate) mod owners;
pub(crate) mod report;
pub(crate) mod telemetry;
