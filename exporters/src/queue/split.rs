//! Cutting batches into smaller ones.

use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::Sizer;

/// Cuts `batch` into two of about equal size. `Err` gives back one that cannot be cut.
pub(super) fn halve(batch: Batch) -> Result<(Batch, Batch), Batch> {
    Err(batch)
}

/// Cuts `batch` into pieces of at most `max`; the last one apart.
pub(super) fn cut(batch: Batch, _max: usize, _sizer: Sizer) -> (Vec<Batch>, Batch) {
    (Vec::new(), batch)
}
