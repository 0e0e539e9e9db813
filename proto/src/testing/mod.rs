//! Generated requests for property tests: every field of every message, then unknown fields, repeated fields in their
//! unpacked form, and damage.

mod common;
mod damage;
mod disturb;
mod logs;
mod metrics;
mod request;
mod trace;

pub(crate) use damage::damage;
pub(crate) use disturb::disturb;
pub(crate) use logs::logs;
pub(crate) use metrics::metrics;
pub(crate) use request::{Decoded, any_encoded, any_signal};
pub(crate) use trace::traces;
