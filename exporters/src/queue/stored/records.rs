//! The records that a batch was made of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use edgewatch_core::batch::Batch;
use edgewatch_core::storage::RecordId;
use smallvec::SmallVec;

use crate::queue::join::Charge;

/// Parts of records, in the order of their items in the batch.
#[derive(Debug)]
pub(super) struct Records(SmallVec<[Part; 1]>);

#[derive(Debug)]
struct Part {
    record: Arc<Record>,
    items: usize,
}

#[derive(Debug)]
struct Record {
    id: RecordId,
    /// Not all of it has met its fate: it must come again.
    left: AtomicBool,
}

impl Records {
    /// A whole record of `items` items.
    pub(super) fn whole(id: RecordId, items: usize) -> Self {
        let record = Arc::new(Record { id, left: AtomicBool::new(false) });
        Self(SmallVec::from_buf([Part { record, items }]))
    }

    /// The fate of these parts is known. Returns the records of which this was the last part that was missing.
    pub(super) fn seal(self) -> Vec<RecordId> {
        let whole = self.0.into_iter().filter_map(|part| Arc::into_inner(part.record));
        whole.filter(|record| !record.left.load(Ordering::Relaxed)).map(|record| record.id).collect()
    }

    /// These parts have not met their fate: their records stay where they are.
    pub(super) fn leave(self) {
        for part in self.0 {
            part.record.left.store(true, Ordering::Relaxed);
        }
    }
}

impl Charge for Records {
    fn absorb(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn share(&mut self, piece: &Batch) -> Self {
        let mut missing = piece.items();
        let whole = self.0.iter().take_while(|part| {
            let fits = part.items <= missing;
            missing -= if fits { part.items } else { 0 };
            fits
        });
        let whole = whole.count();
        let mut taken: SmallVec<[Part; 1]> = self.0.drain(..whole).collect();
        if let Some(part) = self.0.first_mut().filter(|_| missing > 0) {
            part.items -= missing;
            taken.push(Part { record: Arc::clone(&part.record), items: missing });
        }
        Self(taken)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use edgewatch_core::Signal;
    use edgewatch_core::ack::Ack;

    use super::*;

    fn piece(items: usize) -> Batch {
        Batch::new(Signal::Traces, Bytes::new(), items, Ack::none())
    }

    #[test]
    fn a_record_is_sealed_with_its_last_part() {
        let mut rest = Records::whole(RecordId(1), 4);
        rest.absorb(Records::whole(RecordId(2), 3));
        rest.absorb(Records::whole(RecordId(3), 5));
        let first = rest.share(&piece(6));
        let second = rest.share(&piece(1));

        assert_eq!(second.seal(), []);
        assert_eq!(first.seal(), [RecordId(1), RecordId(2)]);
        assert_eq!(rest.seal(), [RecordId(3)]);
    }

    #[test]
    fn a_record_with_a_part_that_was_left_is_not_sealed() {
        let mut rest = Records::whole(RecordId(1), 4);
        rest.absorb(Records::whole(RecordId(2), 4));
        let first = rest.share(&piece(2));

        first.leave();

        assert_eq!(rest.seal(), [RecordId(2)]);
    }
}
