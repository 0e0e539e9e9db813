//! Holds the spans of a trace until it is likely complete, then keeps or drops all of them, by policies.
//!
//! What is held are the encoded requests as they came (`requests`); a trace is a list of places in them (`traces`). When a trace is due it
//! is judged by `policies`; what is kept is cut out of the requests (`release`), and a request goes when its last trace is decided.
//! `decided` remembers decisions for spans that come late.
//!
//! The acknowledgement of a request is shared by its traces: sources are told that it is *accepted* at once, and *delivered* when all
//! that was kept of it has been.

mod config;
mod decided;
mod policies;
mod policy_config;
mod processor;
mod release;
mod requests;
mod telemetry;
mod traces;

#[cfg(test)]
mod tests;

pub(crate) use processor::TailSampling;
