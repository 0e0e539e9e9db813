//! Pure streaming statistics: single pass, constant memory, no clock and no input or output.
//!
//! Every statistic learns in proportion to a *weight*: how much of a beat one sample stands for. A series
//! with five samples a beat hands in a fifth each, so a [`Span`] means the same length of time at any
//! cadence. All state is finite at all times and is stored bit for bit by [`Stored`].

mod day;
mod divergence;
mod ewma;
mod ln;
mod sketch;
mod stored;
mod tail;

#[cfg(test)]
mod tests;

pub(crate) use day::{Day, rescaled};
pub(crate) use divergence::Divergence;
pub(crate) use ewma::Ewma;
pub use ewma::Span;
pub(crate) use ln::{asinh, ln, ln_ratio};
pub(crate) use sketch::Sketch;
pub(crate) use stored::{Stored, stored_fields};
pub(crate) use tail::Tail;
pub use tail::TailConstants;
