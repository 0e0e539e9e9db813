//! What connectors share that turn spans into metrics: [`Wanted`] finds dimensions in attributes, [`Key`] joins them to the
//! identity of a series, [`Keyed`] finds the series of an identity, [`Durations`] and [`Reservoir`] gather what a series shows, [`adjusted_count`] tells how many spans one stands for,
//! and [`Pace`] tells when metrics are due and the time from the data.
//!
//! Nothing here allocates for what is known already, and everything says how many bytes it may take. What comes out does not
//! depend on how spans were cut into batches.

mod data_clock;
mod dimension;
mod durations;
mod exemplars;
mod exponential;
mod hash;
mod instance;
mod key;
mod keyed;
mod pace;
mod sampling;

#[cfg(test)]
mod tests;

pub(crate) use dimension::{Dimension, Wanted, check_dimensions, encoded_text};
pub(crate) use durations::{Bounds, Durations, Scheme, Shape, Unit};
pub(crate) use exemplars::{ExemplarsConfig, Reservoir, Sample};
pub(crate) use hash::{HashedMap, hash, mix};
pub(crate) use instance::instance_id;
pub(crate) use key::{Key, KeyReader, LONGEST_KEY};
pub(crate) use keyed::Keyed;
pub(crate) use pace::{Pace, Window};
pub(crate) use sampling::adjusted_count;
