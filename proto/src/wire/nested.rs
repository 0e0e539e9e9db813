//! Writing a message before its length is known.

use super::{WireType, put_tag, varint_len};

/// A message that is being written: its payload is appended to the buffer until [`NestedMessage::close`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct NestedMessage {
    /// Where the length stands.
    len_at: usize,
    /// Bytes kept free for it.
    len_size: usize,
}

impl NestedMessage {
    /// Appends the tag of field `number` and room for a length of about `expected`.
    #[inline]
    pub fn open(out: &mut Vec<u8>, number: u32, expected: usize) -> Self {
        put_tag(out, number, WireType::Len);
        Self::open_length(out, expected)
    }

    /// Appends room for a length of about `expected`; the tag is there already.
    #[inline]
    pub(crate) fn open_length(out: &mut Vec<u8>, expected: usize) -> Self {
        let (len_at, len_size) = (out.len(), varint_len(expected as u64));
        out.resize(len_at + len_size, 0);
        Self { len_at, len_size }
    }

    /// Writes the length of all that was appended since. The payload moves only if the length takes more or fewer
    /// bytes than expected.
    #[inline]
    pub fn close(self, out: &mut Vec<u8>) {
        let payload_at = self.len_at + self.len_size;
        let mut len = (out.len() - payload_at) as u64;
        let needed = varint_len(len);
        if needed != self.len_size {
            let end = out.len();
            out.resize(end + needed, 0);
            out.copy_within(payload_at..end, self.len_at + needed);
            out.truncate(end - self.len_size + needed);
        }
        for (index, byte) in out.iter_mut().skip(self.len_at).take(needed).enumerate() {
            let more = if index + 1 < needed { 0x80 } else { 0 };
            *byte = len.to_le_bytes()[0] & 0x7f | more;
            len >>= 7;
        }
    }
}
