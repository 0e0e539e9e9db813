//! The template miner: bytes of a line in, the id of its template out. No I/O, no clock, no regular expressions.

mod class;
mod code;
mod events;
mod generalise;
mod hash;
mod lex;
mod limits;
mod mining;
mod nodes;
mod state;
mod template;
#[cfg(test)]
mod tests;
mod thresholds;
mod together;
mod values;
mod words;

pub use events::{Event, Sighting, TemplateId};
pub use limits::Limits;
pub use mining::Miner;
pub use state::StateError;
pub use thresholds::Thresholds;
