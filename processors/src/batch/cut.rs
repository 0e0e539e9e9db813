use std::num::NonZeroUsize;

use edgewatch_core::batch::{Batch, Segments};
use edgewatch_proto::split::{Allowance, Limits, Pieces};

/// Cuts `batch` into parts: the first of `first` items, then as many of `max` items as it fills. These go to
/// `full`; what is left is returned. Whole resources are sliced, only those that cross a limit are copied. What
/// that makes of bytes is charged to the memory of the sources, and when it has become too much the rest is
/// not cut any more. All parts answer to the same sources.
pub(super) fn cut(
    batch: Batch,
    first: NonZeroUsize,
    max: NonZeroUsize,
    mut full: impl FnMut(Batch),
) -> Option<Batch> {
    let (signal, bytes) = (batch.signal(), batch.bytes());
    let (segments, ack) = batch.into_parts();
    let mut allowance = Allowance::of(bytes);
    let (mut part, mut items, mut size) = (Segments::new(), 0, first);
    let mut made = 0;
    for segment in segments {
        let mut pieces = Pieces::new(signal, &segment);
        while let Some(room) = NonZeroUsize::new(size.get().saturating_sub(items)) {
            let Some(piece) = pieces.next_within(Limits::items(room), &mut allowance) else { break };
            items += piece.items;
            made += piece.request.len();
            part.push(piece.request);
            if items >= size.get() {
                full(Batch::of_segments(signal, std::mem::take(&mut part), items, ack.share()));
                (items, size) = (0, max);
            }
        }
    }
    ack.charge(made.saturating_sub(bytes));
    if items == 0 {
        ack.delivered();
        return None;
    }
    Some(Batch::of_segments(signal, part, items, ack))
}
