//! From encoded metrics to numbers that can be scored: which series a data point belongs to, and what it says.
//!
//! Nothing is decoded that is not needed, nothing is allocated per point. What cannot be told is no reading, never a zero.

mod aspect;
mod counter;
mod distributions;
mod explicit;
mod exponential;
mod head;
mod identity;
mod kind;
mod past;
mod quantiles;
mod state;
mod walk;
mod window;

#[cfg(test)]
mod tests;

pub use aspect::{Aspect, Reading};
pub use kind::{Kind, Temporality};
pub use past::Past;
pub use walk::{Found, walk};
