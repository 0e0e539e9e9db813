use bytes::Bytes;
use edgewatch_core::batch::{Batch, Segments};

/// Lets `edit` replace encoded requests of `batch`, which keeps its items. `None` leaves a request as it is.
pub(crate) fn rewrite(batch: &mut Batch, mut edit: impl FnMut(&Bytes) -> Option<Bytes>) {
    let mut changed = false;
    let segments: Segments = batch
        .segments()
        .iter()
        .map(|segment| match edit(segment) {
            Some(edited) => {
                changed = true;
                edited
            }
            None => segment.clone(),
        })
        .collect();
    if changed {
        let items = batch.items();
        batch.replace(segments, items);
    }
}
