//! Adds, replaces and removes headers of requests that go out, and may hand them to another authenticator then.

mod config;
mod extension;
#[cfg(test)]
mod tests;

pub(super) use extension::HeadersSetter;
