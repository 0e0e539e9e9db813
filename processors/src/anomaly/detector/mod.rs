//! The detector of one series: single pass, no look-ahead, constant memory, the same constants for every series.
//!
//! ```
//! use edgewatch_processors::anomaly::detector::{Detector, Settings};
//!
//! let settings = Settings::default();
//! let mut detector = Detector::default();
//! for minute in 0..600 {
//!     if let Some(scored) = detector.observe(&settings, minute * 60_000_000_000, 0.25) {
//!         assert!(scored.event.is_none(), "{scored}");
//!     }
//! }
//! let mut state = Vec::new();
//! detector.save(&mut state);
//! assert_eq!(Detector::restore(&state).as_ref(), Ok(&detector));
//! ```
//!
//! [`Detector::observe`] takes a time and a value, and returns a [`Scored`] whenever a scoring step is complete:
//! at every point of a series that is no faster than a step, else once a step. What goes in may be anything:
//! not a number, infinite, late, doubled, years ahead. Seven channels turn a step into a surprise each, a tail
//! estimator of its own turns each surprise into minus the logarithm of a probability, and their sum is the
//! raw score. A peak is reported once, and less loudly if the series is known for such peaks; a fixed table
//! turns what is reported into a probability. README.md tells where every constant comes from.
//!
//! State is [`Detector::BYTES`] large, and [`Detector::save`] and [`Detector::restore`] keep it through a restart:
//! what was restored scores exactly as if nothing had happened.

mod calibration;
mod channels;
mod episode;
mod event;
mod reason;
mod scored;
mod series;
mod settings;
mod state;
mod steps;

#[cfg(test)]
mod tests;

pub use crate::stats::{Span, TailConstants};
pub use channels::Channel;
pub use event::Edge;
pub use reason::{Expected, Reason};
pub use scored::Scored;
pub use series::Detector;
pub use settings::{Constants, Direction, Settings};
pub use state::StateError;
