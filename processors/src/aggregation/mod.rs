//! What connectors share that turn spans into metrics: [`Wanted`] finds dimensions in attributes, [`Key`] joins them to the
//! identity of a series, [`Keyed`] finds the series of an identity, [`Durations`] and [`Reservoir`] gather what a series shows,
//! and [`DataClock`] tells the time from the data.
//!
//! Nothing here allocates for what is known already, and everything says how many bytes it may take. What comes out does not
//! depend on how spans were cut into batches.

mod data_clock;
mod dimension;
mod durations;
mod exemplars;
mod exponential;
mod hash;
mod key;
mod keyed;

#[cfg(test)]
mod tests;

pub(crate) use data_clock::DataClock;
pub(crate) use dimension::{Dimension, Wanted, check_dimensions, encoded_text};
pub(crate) use durations::{Bounds, Durations, Scheme, Shape, Unit};
pub(crate) use exemplars::{Reservoir, Sample};
pub(crate) use hash::{hash, mix};
pub(crate) use key::{Key, KeyReader};
pub(crate) use keyed::Keyed;
