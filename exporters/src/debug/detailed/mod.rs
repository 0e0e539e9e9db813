//! Everything about every item, in the layout of the Collector's `detailed` verbosity.

mod common;
mod logs;
mod metrics;
mod traces;

pub(super) use common::{Hex, write};
