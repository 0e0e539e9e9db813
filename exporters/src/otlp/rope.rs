//! Request bodies made of several pieces, written one after the other without being joined.

use std::convert::Infallible;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use smallvec::SmallVec;

/// Pieces of a body, in order. None of them is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rope {
    pieces: SmallVec<[Bytes; 2]>,
    /// The pieces before this one are used up.
    first: usize,
    remaining: usize,
}

impl Rope {
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.remaining += piece.len();
            self.pieces.push(piece);
        }
    }
}

impl FromIterator<Bytes> for Rope {
    fn from_iter<I: IntoIterator<Item = Bytes>>(pieces: I) -> Self {
        let mut rope = Self::default();
        pieces.into_iter().for_each(|piece| rope.push(piece));
        rope
    }
}

impl Buf for Rope {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.get(self.first).map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pieces = self.pieces.get(self.first..).unwrap_or_default();
        let pairs = slices.iter_mut().zip(pieces);
        pairs.map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }

    /// Frees each piece as soon as it is used up.
    fn advance(&mut self, mut count: usize) {
        self.remaining = self.remaining.saturating_sub(count);
        while let Some(piece) = self.pieces.get_mut(self.first) {
            if count < piece.len() {
                piece.advance(count);
                return;
            }
            count -= piece.len();
            *piece = Bytes::new();
            self.first += 1;
        }
    }
}

/// A body that consists of one rope. HTTP/2 cuts frames of the size that the peer wants from it, wherever its
/// pieces end.
#[derive(Debug)]
pub(crate) struct RopeBody(Option<Rope>);

impl RopeBody {
    pub(crate) fn new(rope: Rope) -> Self {
        Self(Some(rope).filter(Rope::has_remaining))
    }
}

impl Body for RopeBody {
    type Data = Rope;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Rope>, Infallible>>> {
        Poll::Ready(self.0.take().map(|rope| Ok(Frame::data(rope))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |rope| rope.remaining() as u64))
    }
}

#[cfg(test)]
#[path = "rope_tests.rs"]
mod tests;
