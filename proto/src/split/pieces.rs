//! Going through a request piece by piece.

use std::num::NonZeroUsize;

use bytes::Bytes;

use super::Allowance;
use super::cut::{Cut, count_items};
use crate::Signal;
use crate::wire::child::Child;
use crate::wire::field;

/// Field of the request that holds its resources.
const RESOURCES: u32 = 1;

/// Part of a request; a complete request itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    /// The encoded request.
    pub request: Bytes,
    /// Items in it.
    pub items: usize,
}

/// How large the next piece may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Most items.
    pub items: NonZeroUsize,
    /// Most bytes; exceeded only where a single item, with what describes it, is larger.
    pub bytes: usize,
}

impl Limits {
    /// At most `items` items, of any size.
    #[must_use]
    pub const fn items(items: NonZeroUsize) -> Self {
        Self { items, bytes: usize::MAX }
    }

    /// Whatever is there.
    pub const NONE: Self = Self::items(NonZeroUsize::MAX);

    /// At most `bytes` bytes.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self { items: NonZeroUsize::MAX, bytes }
    }
}

/// The pieces of a request that are still to come.
#[derive(Debug)]
pub struct Pieces {
    signal: Signal,
    request: Bytes,
    /// Offset of the next resource.
    at: usize,
    /// The resource that is being cut.
    cut: Option<Cut>,
    /// Where cut pieces are put together.
    scratch: Vec<u8>,
}

/// Cuts `request` into pieces of at most `max_items` items, in order.
pub fn split(signal: Signal, request: &Bytes, max_items: NonZeroUsize) -> impl Iterator<Item = Piece> {
    let mut pieces = Pieces::new(signal, request);
    std::iter::from_fn(move || pieces.next(Limits::items(max_items)))
}

/// Cuts `request` into pieces of at most `max_bytes` bytes, in order. A single item that is larger makes a piece of
/// its own, which the caller finds too large.
pub fn split_bytes(signal: Signal, request: &Bytes, max_bytes: usize) -> impl Iterator<Item = Piece> {
    let mut pieces = Pieces::new(signal, request);
    std::iter::from_fn(move || pieces.next(Limits::bytes(max_bytes)))
}

impl Pieces {
    /// All of `request`.
    #[must_use]
    pub fn new(signal: Signal, request: &Bytes) -> Self {
        Self { signal, request: request.clone(), at: 0, cut: None, scratch: Vec::new() }
    }

    /// The next piece within `limits`, which may differ from call to call. It may be smaller than it could be: whole
    /// resources are not joined with parts of another, since that would mean to copy them. `None` at the end.
    pub fn next(&mut self, limits: Limits) -> Option<Piece> {
        if self.cut.is_none() {
            if let Some(run) = self.whole_resources(limits) {
                return Some(run);
            }
            let resource = self.resource_at(self.at)?;
            self.at = resource.end;
            self.cut = Some(Cut::new(self.signal, &self.request, resource));
        }
        let items = self.cut.as_mut()?.write(&self.request, limits, &mut self.scratch);
        if self.cut.as_ref().is_some_and(Cut::is_done) {
            self.cut = None;
        }
        Some(Piece { request: Bytes::copy_from_slice(&self.scratch), items })
    }

    /// [`Pieces::next`] while there is some of `allowance` left, which the piece is taken off; then all that is left of a
    /// resource that is being cut, and all that is left of the request.
    pub fn next_within(&mut self, limits: Limits, allowance: &mut Allowance) -> Option<Piece> {
        let piece = self.next(if allowance.is_spent() { Limits::NONE } else { limits })?;
        allowance.spend(piece.request.len());
        Some(piece)
    }

    /// The longest run of whole resources within `limits`; `None` if not even the next one fits.
    fn whole_resources(&mut self, limits: Limits) -> Option<Piece> {
        let start = self.at;
        let mut items = 0;
        while self.at < self.request.len() {
            let end = field(&self.request, self.at).map_or(self.request.len(), |field| field.end());
            let room = limits.items.get() - items;
            let found = match self.resource_at(self.at) {
                Some(resource) => count_items(self.signal, resource.bytes(&self.request), room),
                None => 0,
            };
            let fits = found <= room && end - start <= limits.bytes;
            // What is no resource cannot be cut, however long.
            let must = self.at == start && self.resource_at(self.at).is_none();
            if !fits && !must {
                break;
            }
            items += found;
            self.at = end;
        }
        (self.at > start).then(|| Piece { request: self.request.slice(start..self.at), items })
    }

    fn resource_at(&self, at: usize) -> Option<Child> {
        let field = field(&self.request, at).filter(|field| field.number == RESOURCES)?;
        let payload = field.bytes()?;
        let end = field.end();
        Some(Child { number: RESOURCES, start: at, content: end - payload.len(), end })
    }
}
