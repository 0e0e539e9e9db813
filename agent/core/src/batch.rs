//! The unit of data and its acknowledgement.

use std::fmt;

use bytes::Bytes;
use edgewatch_proto::Signal;
use smallvec::SmallVec;

use crate::ack::Ack;
use crate::refusal::Refusal;

/// Encoded requests that are one request when joined: every field of an OTLP export request is `repeated`.
pub type Segments = SmallVec<[Bytes; 1]>;

/// Telemetry of one signal on its way through the agent.
///
/// Each segment is a complete encoded `Export*ServiceRequest` that has passed [`edgewatch_proto::scan`] or was written
/// by [`edgewatch_proto::encode`]; nothing behind the edge checks it again. Whoever takes a batch owes its sources an
/// answer: [`Batch::deliver`], [`Batch::refuse`], or passing it on.
#[derive(Debug)]
#[must_use = "a batch that is dropped is refused"]
pub struct Batch {
    signal: Signal,
    segments: Segments,
    items: usize,
    bytes: usize,
    ack: Ack,
}

impl Batch {
    /// A batch of one encoded request that holds `items` items.
    pub fn new(signal: Signal, request: Bytes, items: usize, ack: Ack) -> Self {
        Self { signal, bytes: request.len(), segments: SmallVec::from_buf([request]), items, ack }
    }

    /// A batch of several encoded requests that hold `items` items together.
    pub fn of_segments(signal: Signal, segments: Segments, items: usize, ack: Ack) -> Self {
        Self { signal, bytes: segments.iter().map(Bytes::len).sum(), segments, items, ack }
    }

    /// The kind of telemetry.
    #[must_use]
    pub const fn signal(&self) -> Signal {
        self.signal
    }

    /// The encoded requests, in order.
    #[must_use]
    pub fn segments(&self) -> &[Bytes] {
        &self.segments
    }

    /// Spans, data points or log records.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items
    }

    /// Encoded size.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The obligation that travels with the data.
    pub const fn ack_mut(&mut self) -> &mut Ack {
        &mut self.ack
    }

    /// The obligation that travels with the data.
    pub const fn ack(&self) -> &Ack {
        &self.ack
    }

    /// Data and obligation apart, for stages that rebuild batches.
    pub fn into_parts(self) -> (Segments, Ack) {
        (self.segments, self.ack)
    }

    /// The same data for one more receiver; both must answer.
    pub fn share(&self) -> Self {
        Self {
            signal: self.signal,
            segments: self.segments.clone(),
            items: self.items,
            bytes: self.bytes,
            ack: self.ack.share(),
        }
    }

    /// Joins `other` behind this batch without copying it. Both must carry the same signal.
    pub fn append(&mut self, other: Self) {
        debug_assert_eq!(self.signal, other.signal, "batches of different signals cannot be joined");
        self.items += other.items;
        self.bytes += other.bytes;
        self.segments.extend(other.segments);
        self.ack.merge(other.ack);
    }

    /// Puts `segments` holding `items` items in the place of this batch's data. What they have more of bytes is charged to the
    /// memory that the batch has leased.
    pub fn replace(&mut self, segments: Segments, items: usize) {
        let bytes = segments.iter().map(Bytes::len).sum();
        self.ack.charge(bytes - self.bytes.min(bytes));
        self.bytes = bytes;
        self.segments = segments;
        self.items = items;
    }

    /// The journey ends well: delivered, or dropped on purpose.
    pub fn deliver(self) {
        self.ack.delivered();
    }

    /// The journey ends badly.
    pub fn refuse(self, refusal: &Refusal) {
        self.ack.refused(refusal);
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.items, self.signal.items(), self.bytes)
    }
}

/// Equality of the data, for tests; obligations are not compared.
impl PartialEq for Batch {
    fn eq(&self, other: &Self) -> bool {
        self.signal == other.signal && self.items == other.items && self.segments == other.segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    #[test]
    fn what_a_processor_adds_counts_as_memory_in_flight() {
        let budget = Budget::new(10);
        let (ack, _receipt) = Ack::pair(budget.lease(3));
        let mut batch = Batch::new(Signal::Logs, Bytes::from_static(b"abc"), 1, Ack::none());
        batch.append(Batch::new(Signal::Logs, Bytes::from_static(b"def"), 1, ack));

        let longer = SmallVec::from_buf([Bytes::from_static(b"abc, def and more")]);
        batch.replace(longer, 2);
        assert_eq!(budget.used(), 14);
        batch.replace(SmallVec::from_buf([Bytes::from_static(b"-")]), 1);
        assert_eq!(budget.used(), 14, "the longer text may live on elsewhere");

        batch.deliver();
        assert_eq!(budget.used(), 0);
    }
}
