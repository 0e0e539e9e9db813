use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_proto::splice;

/// Cuts `batch` after `items` items, of which it has more. Both parts answer to the same sources. There is no
/// rest when the batch turns out to hold no more items than asked for.
pub(super) fn cut(batch: Batch, items: usize) -> (Batch, Option<Batch>) {
    let (signal, total) = (batch.signal(), batch.items());
    let (segments, ack) = batch.into_parts();
    let (mut head, mut tail) = (Segments::new(), Segments::new());
    let mut missing = items;
    for segment in segments {
        if missing == 0 {
            tail.push(segment);
            continue;
        }
        let mut position = 0;
        let first = splice::retain(signal, &segment, &mut |_: &splice::Located<'_>| {
            position += 1;
            position <= missing
        });
        match first.request {
            Some(request) => {
                tail.extend(behind(signal, &segment, missing));
                head.push(request);
                missing = 0;
            }
            None => {
                missing -= first.kept;
                head.push(segment);
            }
        }
    }
    if tail.is_empty() {
        return (Batch::of_segments(signal, head, total, ack), None);
    }
    let first = Batch::of_segments(signal, head, items, ack.share());
    (first, Some(Batch::of_segments(signal, tail, total - items, ack)))
}

/// What stands behind the first `items` items.
fn behind(signal: Signal, segment: &Bytes, items: usize) -> Option<Bytes> {
    let mut position = 0;
    splice::retain(signal, segment, &mut |_: &splice::Located<'_>| {
        position += 1;
        position > items
    })
    .request
}
