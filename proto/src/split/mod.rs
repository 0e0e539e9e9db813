//! Cutting one encoded request into several.
//!
//! A piece is either a slice of the input, which holds whole resources and costs nothing, or part of one resource that
//! is too large: then what describes the resource, the scope and, if it is cut between its points, the metric is
//! written again, and the items are copied. Unknown fields stay; those of a cut message are in each of its parts.
//! What is written again can be much more than the request itself; an [`Allowance`] says how much may be.

mod allowance;
mod cut;
mod pieces;

#[cfg(test)]
mod tests;

pub use allowance::Allowance;
pub(crate) use cut::{count_items, effective_data, is_data, points, put_others};
#[cfg(test)]
pub(crate) use tests::flat;

pub use pieces::{Limits, Piece, Pieces, split, split_bytes};
