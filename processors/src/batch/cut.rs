use std::num::NonZeroUsize;

use edgewatch_core::batch::{Batch, Segments};
use edgewatch_proto::split::{Limits, Pieces};

/// Cuts `batch` into parts: the first of `first` items, then as many of `max` items as it fills. These go to
/// `full`; what is left is returned. Whole resources are sliced, only those that cross a limit are copied.
/// All parts answer to the same sources.
pub(super) fn cut(
    batch: Batch,
    first: NonZeroUsize,
    max: NonZeroUsize,
    mut full: impl FnMut(Batch),
) -> Option<Batch> {
    let signal = batch.signal();
    let (segments, ack) = batch.into_parts();
    let (mut part, mut items, mut size) = (Segments::new(), 0, first);
    for segment in segments {
        let mut pieces = Pieces::new(signal, &segment);
        while let Some(room) = NonZeroUsize::new(size.get().saturating_sub(items)) {
            let Some(piece) = pieces.next(Limits::items(room)) else { break };
            items += piece.items;
            part.push(piece.request);
            if items >= size.get() {
                full(Batch::of_segments(signal, std::mem::take(&mut part), items, ack.share()));
                (items, size) = (0, max);
            }
        }
    }
    if items == 0 {
        ack.delivered();
        return None;
    }
    Some(Batch::of_segments(signal, part, items, ack))
}
