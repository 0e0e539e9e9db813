//! What receivers that measure have in common: tables of metrics with a switch for each, lists of names to include or exclude, and
//! names of users, and the report of what could not be read. Only the names of users are read here.

pub(crate) mod filter;
pub(crate) mod metric;
pub(crate) mod owners;
pub(crate) mod report;
