//! Authenticates by user name and password: puts them into requests that go out, or looks those of requests that come in up in
//! the users of an htpasswd file.
//!
//! Passwords are hashed slowly on purpose, so credentials that have been checked are remembered, by a digest that means nothing
//! outside of this process, and checking happens beside the lane, one at a time.

mod apr1;
mod client;
mod config;
mod extension;
mod memory;
mod server;
#[cfg(test)]
mod tests;
mod users;

pub(super) use extension::BasicAuth;
