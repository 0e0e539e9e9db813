//! TLS towards destinations: what a user may write under `tls`, and the client made from it.
//!
//! The cryptography is ring's, through rustls. The system's certificates are read only when a connection is
//! to be verified with them.

mod client;
mod config;
mod material;
mod skip_verify;
#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;

pub(crate) use client::TlsClient;
pub use config::ClientTls;
