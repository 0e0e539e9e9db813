//! What receivers that measure have in common: tables of metrics with a switch for each, lists of names to include or exclude, and
//! the report of what could not be read. Nothing here reads anything.

pub(crate) mod filter;
pub(crate) mod metric;
pub(crate) mod report;
