//! Fields located by their offsets, for those who copy what stands around them.

use super::{Fields, Payload};

/// A length-delimited field, located by offsets into the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) number: u32,
    /// Where the tag stands.
    pub(crate) start: usize,
    /// Where the payload begins.
    pub(crate) content: usize,
    /// Behind the payload.
    pub(crate) end: usize,
}

impl Child {
    /// The request itself, seen as the payload of a field without tag.
    pub(crate) const fn whole(source: &[u8]) -> Self {
        Self { number: 0, start: 0, content: 0, end: source.len() }
    }

    /// The payload.
    #[inline]
    pub(crate) fn bytes(self, source: &[u8]) -> &[u8] {
        source.get(self.content..self.end).unwrap_or_default()
    }

    /// The length-delimited fields in the payload.
    #[inline]
    pub(crate) fn children(self, source: &[u8]) -> impl Iterator<Item = Self> + use<'_> {
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
