//! The sockets: listening, connections and their limits, encryption, the orderly end. Knows HTTP, nothing of
//! OTLP.

mod accept;
mod activity;
mod connection;
mod io;
mod limits;
mod listen;
mod pings;
mod tls;

pub(super) use accept::{Server, ServerTelemetry};
pub(super) use connection::{Answer, EndConnection, within};
pub(super) use limits::{HTTP1_BUFFER, Limits};
pub(super) use listen::Listener;
pub(super) use pings::PingPolicy;
pub(super) use tls::Tls;
