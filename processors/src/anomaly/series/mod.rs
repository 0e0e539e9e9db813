//! From encoded metrics to numbers that can be scored: which series a data point belongs to, and what it says.
//!
//! Nothing is decoded that is not needed, nothing is allocated per point. What cannot be told is no reading, never a zero.

mod aspect;
mod past;
mod walk;

pub use aspect::{Aspect, Reading};
pub use past::Past;
pub use walk::{Found, walk};
