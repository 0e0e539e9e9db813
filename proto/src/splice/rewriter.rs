//! Copying a message with some ranges replaced and the lengths around them corrected.

use bytes::Bytes;

use crate::wire::{Fields, Payload, varint, varint_len};

/// A length-delimited field, located by offsets into the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub(super) number: u32,
    /// Where the tag stands.
    pub(super) start: usize,
    /// Where the payload begins.
    pub(super) content: usize,
    /// Behind the payload.
    pub(super) end: usize,
}

impl Child {
    /// The request itself, seen as the payload of a field without tag.
    pub(super) const fn whole(source: &[u8]) -> Self {
        Self {
            number: 0,
            start: 0,
            content: 0,
            end: source.len(),
        }
    }

    /// The payload.
    #[inline]
    pub(super) fn bytes(self, source: &[u8]) -> &[u8] {
        source.get(self.content..self.end).unwrap_or_default()
    }

    /// The length-delimited fields in the payload.
    #[inline]
    pub(super) fn children(self, source: &[u8]) -> impl Iterator<Item = Self> + use<'_> {
        let base = self.content;
        Fields::new(self.bytes(source)).filter_map(move |field| match field.payload {
            Payload::Len(payload) => {
                let end = base + field.end();
                Some(Self {
                    number: field.number,
                    start: base + field.start,
                    content: end - payload.len(),
                    end,
                })
            }
            Payload::Varint(_) | Payload::Fixed64(_) | Payload::Fixed32(_) | Payload::Group(_) => None,
        })
    }
}

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
    /// Where its length stands in the output.
    len_at: usize,
    /// Bytes kept free for the length.
    len_size: usize,
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
}

impl<'a> Rewriter<'a> {
    pub(super) const fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            out: Vec::new(),
            copied: 0,
            frames: Vec::new(),
            changed: false,
        }
    }

    /// Steps into a message.
    #[inline]
    pub(super) fn enter(&mut self, field: Child) {
        self.frames.push(Frame { field, open: None });
    }

    /// Steps out of the message last entered.
    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(Frame {
            field,
            open: Some(open),
        }) = self.frames.pop()
        {
            self.copy_until(field.end);
            self.close(open);
        }
    }

    /// Steps out of the message last entered and leaves it out of the copy.
    pub(super) fn leave_out(&mut self) {
        if let Some(Frame { field, open }) = self.frames.pop() {
            match open {
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
        if !self.changed {
            self.changed = true;
            self.out.reserve(self.source.len() + self.source.len() / 8 + 64);
        }
        self.open_frames();
        self.copy_until(start);
        write(&mut self.out);
        self.copied = end;
    }

    /// The changed copy, if anything changed.
    pub(super) fn finish(mut self) -> Option<Bytes> {
        if !self.changed {
            return None;
        }
        self.copy_until(self.source.len());
        Some(Bytes::from(self.out))
    }

    fn copy_until(&mut self, offset: usize) {
        self.out
            .extend_from_slice(self.source.get(self.copied..offset).unwrap_or_default());
        self.copied = self.copied.max(offset);
    }

    /// Writes the heads of the messages that the walk is in.
    fn open_frames(&mut self) {
        let from = self
            .frames
            .iter()
            .take_while(|frame| frame.open.is_some())
            .count();
        for index in from..self.frames.len() {
            let Some(field) = self.frames.get(index).map(|frame| frame.field) else {
                return;
            };
            self.copy_until(field.start);
            let start = self.out.len();
            let tag_end = varint(self.source, field.start).map_or(field.start, |(_tag, end)| end);
            self.copy_until(tag_end);
            let len_at = self.out.len();
            // The length seldom changes its own size; if it does, `close` moves the payload.
            let len_size = varint_len((field.end - field.content) as u64);
            self.out.resize(len_at + len_size, 0);
            self.copied = field.content;
            if let Some(frame) = self.frames.get_mut(index) {
                frame.open = Some(Open {
                    start,
                    len_at,
                    len_size,
                });
            }
        }
    }

    /// Writes the length of a message whose payload is complete.
    fn close(&mut self, open: Open) {
        let payload_at = open.len_at + open.len_size;
        let len = (self.out.len() - payload_at) as u64;
        let needed = varint_len(len);
        if needed != open.len_size {
            let end = self.out.len();
            if needed > open.len_size {
                self.out.resize(end + needed - open.len_size, 0);
            }
            self.out.copy_within(payload_at..end, open.len_at + needed);
            self.out.truncate(end - open.len_size + needed);
        }
        let mut rest = len;
        for (index, byte) in self.out.iter_mut().skip(open.len_at).take(needed).enumerate() {
            let more = if index + 1 < needed { 0x80 } else { 0 };
            *byte = rest.to_le_bytes()[0] & 0x7f | more;
            rest >>= 7;
        }
    }
}
