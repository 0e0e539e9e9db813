//! Access logs: what a valve writes ([`codes`], compiled from its pattern by [`pattern`], [`extended`] or [`json`]) read back from its
//! lines ([`mod@line`]) into a [`request::Request`]. Values of parameters that sign or authorise are replaced before ([`redact`]).
//!
//! A log is compiled once; reading a line allocates nothing. Whatever stands in a line, reading it ends in a request or in the
//! statement that it is none.

mod codes;
mod extended;
mod json;
mod line;
mod pattern;
pub(super) mod redact;
pub(super) mod request;
#[cfg(test)]
mod tests;

pub(super) use codes::Release;
pub(super) use line::{Format, Outcome, Reader};
