//! Counting the items of an encoded request by walking tags, without decoding it.
//!
//! The request may lie in several chunks, cut anywhere, as an HTTP/2 body arrives.

#[cfg(test)]
mod tests;
mod walk;

pub use walk::{Malformed, items};
