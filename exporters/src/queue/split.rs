//! Cutting batches into smaller ones, at the boundaries of resources, scopes and items.

use std::num::NonZeroUsize;

use edgewatch_core::ack::Ack;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::delivery::Sizer;
use edgewatch_proto::split::{Allowance, Limits, Piece, Pieces};

/// Cuts `batch` into two of about equal numbers of items. `Err` gives back one that holds a single item. What both have more
/// of bytes, because what describes their items stands in each, is charged to the memory of the sources.
pub(super) fn halve(batch: Batch) -> Result<(Batch, Batch), Batch> {
    let Some(half) = NonZeroUsize::new(batch.items() / 2) else {
        return Err(batch);
    };
    let (signal, items, bytes) = (batch.signal(), batch.items(), batch.bytes());
    let mut first = Part::default();
    let mut second = Part::default();
    for segment in batch.segments() {
        let mut pieces = Pieces::new(signal, segment);
        loop {
            let room = NonZeroUsize::new(half.get().saturating_sub(first.items));
            let limit = room.unwrap_or(NonZeroUsize::MAX);
            let Some(piece) = pieces.next(Limits::items(limit)) else { break };
            if room.is_some() { first.push(piece) } else { second.push(piece) }
        }
    }
    debug_assert_eq!(first.items + second.items, items, "cutting keeps every item");
    let (_, ack) = batch.into_parts();
    ack.charge((first.bytes + second.bytes).saturating_sub(bytes));
    Ok((first.into_batch(signal, ack.share()), second.into_batch(signal, ack)))
}

/// Cuts `batch` into pieces of at most `max`, the last one apart. A single item that is larger makes a piece
/// of its own, and so does what is left when cutting has made too much of the batch. What it makes of bytes is
/// charged to the memory of the sources.
pub(super) fn cut(batch: Batch, max: usize, sizer: Sizer) -> (Vec<Batch>, Batch) {
    let signal = batch.signal();
    let max = NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MAX);
    let (bytes, mut made) = (batch.bytes(), 0);
    let mut allowance = Allowance::of(bytes);
    let mut full = Vec::new();
    let mut part = Part::default();
    for segment in batch.segments() {
        let mut pieces = Pieces::new(signal, segment);
        while let Some(piece) = pieces.next_within(part.room(max, sizer), &mut allowance) {
            made += piece.request.len();
            if !part.takes(&piece, max, sizer) {
                full.push(std::mem::take(&mut part));
            }
            part.push(piece);
            if part.is_full(max, sizer) {
                full.push(std::mem::take(&mut part));
            }
        }
    }
    if part.segments.is_empty() {
        part = full.pop().unwrap_or_default();
    }
    let (_, ack) = batch.into_parts();
    ack.charge(made.saturating_sub(bytes));
    let full = full.into_iter().map(|part| part.into_batch(signal, ack.share())).collect();
    (full, part.into_batch(signal, ack))
}

/// Pieces that make one batch.
#[derive(Default)]
struct Part {
    segments: Segments,
    items: usize,
    bytes: usize,
}

impl Part {
    fn push(&mut self, piece: Piece) {
        self.items += piece.items;
        self.bytes += piece.request.len();
        self.segments.push(piece.request);
    }

    /// What still fits; where nothing does, what fits into an empty part.
    fn room(&self, max: NonZeroUsize, sizer: Sizer) -> Limits {
        match sizer {
            Sizer::Requests | Sizer::Items => {
                Limits::items(NonZeroUsize::new(max.get().saturating_sub(self.items)).unwrap_or(max))
            }
            Sizer::Bytes => Limits::bytes(max.get().saturating_sub(self.bytes)),
        }
    }

    fn takes(&self, piece: &Piece, max: NonZeroUsize, sizer: Sizer) -> bool {
        self.segments.is_empty()
            || match sizer {
                Sizer::Requests | Sizer::Items => self.items + piece.items <= max.get(),
                Sizer::Bytes => self.bytes + piece.request.len() <= max.get(),
            }
    }

    fn is_full(&self, max: NonZeroUsize, sizer: Sizer) -> bool {
        match sizer {
            Sizer::Requests | Sizer::Items => self.items >= max.get(),
            Sizer::Bytes => self.bytes >= max.get(),
        }
    }

    fn into_batch(self, signal: edgewatch_core::Signal, ack: Ack) -> Batch {
        Batch::of_segments(signal, self.segments, self.items, ack)
    }
}
