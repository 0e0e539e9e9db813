//! Authenticates requests that go out by a token that an authorization server issues for the agent's own credentials (RFC 6749
//! section 4.4).
//!
//! Tokens are fetched by a task of their own, one at a time, when a request wants one: [`keeper`] holds what all requests share and
//! decides when to fetch, [`source`] asks the server.

mod config;
mod extension;
mod keeper;
mod source;
#[cfg(test)]
mod tests;
mod token;

pub(super) use extension::OAuth2Client;
