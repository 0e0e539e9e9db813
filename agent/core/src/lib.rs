//! The contracts between the parts of Edgewatch.
//!
//! Here stand the unit of data ([`batch`]) and the obligation that travels with it ([`ack`]), the traits that components
//! implement ([`receiver`], [`processor`], [`router`], [`exporter`], [`group`], [`extension`]), what processors remember ([`learned`]), how they are made from configuration ([`factory`],
//! [`config`]), what extensions offer to others ([`storage`], [`auth`]), and what they may use of their surroundings: memory ([`budget`], [`memory`]), numbers about themselves ([`telemetry`]),
//! the host ([`host`]), sockets to listen on ([`listeners`]). No concrete component is known here, and nothing here does work of its own.

pub mod ack;
pub mod auth;
pub mod batch;
pub mod budget;
pub mod config;
pub mod delivery;
pub mod exporter;
pub mod extension;
pub mod factory;
pub mod group;
pub mod health;
pub mod host;
pub mod kernel;
pub mod learned;
pub mod listeners;
pub mod memory;
mod prepared;
pub mod probe;
pub mod processor;
pub mod receiver;
pub mod refusal;
pub mod router;
pub mod storage;
pub mod switch;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use edgewatch_proto::Signal;
