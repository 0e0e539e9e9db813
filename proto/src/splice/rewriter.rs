//! Copying a message with some ranges replaced and the lengths around them corrected.

use bytes::Bytes;

use crate::wire::child::Child;
use crate::wire::{NestedMessage, varint};

/// Bytes by which edits may enlarge a request.
///
/// An attribute of a hundred bytes written to each of two million empty items would make 200 MiB out of 4. Honest requests grow
/// by a small part of themselves: this is as much as the largest default limit of a receiver, 20 MiB.
pub(super) const GROWTH: usize = 20 * 1024 * 1024;

/// Edits would have enlarged a request by more than 20 MiB, and were given up.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the edited request would be more than {} MiB larger than it came", GROWTH / (1024 * 1024))]
pub struct Outgrown;

/// A message that the walk is in; written only once something in it changes.
#[derive(Debug)]
struct Frame {
    field: Child,
    open: Option<Open>,
}

/// A frame whose head has been written.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where its tag stands in the output.
    start: usize,
    message: NestedMessage,
}

/// Writes a changed copy of `source`, in order of offsets.
#[derive(Debug)]
pub(super) struct Rewriter<'a> {
    source: &'a [u8],
    out: Vec<u8>,
    /// Offset up to which `source` is dealt with.
    copied: usize,
    frames: Vec<Frame>,
    changed: bool,
    /// The output has become too large: nothing is written any more.
    outgrown: bool,
}

impl<'a> Rewriter<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self { source, out: Vec::new(), copied: 0, frames: Vec::new(), changed: false, outgrown: false }
    }

    /// Steps into a message.
    #[inline]
    pub(super) fn enter(&mut self, field: Child) {
        self.frames.push(Frame { field, open: None });
    }

    /// Steps out of the message last entered.
    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(Frame { field, open: Some(open) }) = self.frames.pop()
            && !self.outgrown
        {
            self.copy_until(field.end);
            open.message.close(&mut self.out);
        }
    }

    /// Steps out of the message last entered and leaves it out of the copy.
    pub(super) fn leave_out(&mut self) {
        if let Some(Frame { field, open }) = self.frames.pop() {
            match open {
                Some(_) if self.outgrown => {}
                Some(open) => {
                    self.out.truncate(open.start);
                    self.copied = field.end;
                }
                None => self.replace(field.start, field.end, |_out| {}),
            }
        }
    }

    /// Writes something else instead of `start..end`, which may be empty to insert.
    pub(super) fn replace(&mut self, start: usize, end: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if self.outgrown {
            return;
        }
        if !self.changed {
            self.changed = true;
            self.out.reserve(self.source.len() + self.source.len() / 8 + 64);
        }
        self.open_frames();
        self.copy_until(start);
        write(&mut self.out);
        self.copied = end;
        if self.out.len() > self.source.len().saturating_add(GROWTH) {
            self.outgrown = true;
            self.out = Vec::new();
        }
    }

    /// The changed copy, if anything changed.
    pub(super) fn finish(mut self) -> Result<Option<Bytes>, Outgrown> {
        if self.outgrown {
            return Err(Outgrown);
        }
        if !self.changed {
            return Ok(None);
        }
        self.copy_until(self.source.len());
        Ok(Some(Bytes::from(self.out)))
    }

    fn copy_until(&mut self, offset: usize) {
        self.out.extend_from_slice(self.source.get(self.copied..offset).unwrap_or_default());
        self.copied = self.copied.max(offset);
    }

    /// Writes the heads of the messages that the walk is in.
    fn open_frames(&mut self) {
        let from = self.frames.iter().take_while(|frame| frame.open.is_some()).count();
        for index in from..self.frames.len() {
            let Some(field) = self.frames.get(index).map(|frame| frame.field) else {
                return;
            };
            self.copy_until(field.start);
            let start = self.out.len();
            let tag_end = varint(self.source, field.start).map_or(field.start, |(_tag, end)| end);
            self.copy_until(tag_end);
            let message = NestedMessage::open_length(&mut self.out, field.end - field.content);
            self.copied = field.content;
            if let Some(frame) = self.frames.get_mut(index) {
                frame.open = Some(Open { start, message });
            }
        }
    }
}
