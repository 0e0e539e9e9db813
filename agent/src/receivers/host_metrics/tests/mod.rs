//! Tests of the receiver as a whole: recorded hosts, the real host, laws of the parsers.

pub(super) mod decoded;
mod laws;
mod real_host;
mod receiver;
mod recorded;
mod settings;
