//! Payloads: joined, compressed, and back.

use bytes::Bytes;
use lz4_flex::block::{self, CompressTable};

use super::format::{Codec, RECORD_HEADER, RecordHeader, checksum};
use super::totals::Totals;

/// Payloads that do not shrink by this part are stored as they are: reading them back is then free.
const WORTH: usize = 16;

/// Most memory that a buffer keeps between batches.
const KEPT: usize = 4 << 20;

/// Below this, LZ4 finds nothing.
const SMALLEST: usize = 64;

/// Turns batches into records, in a buffer that is used again.
pub(super) struct Encoder {
    /// A batch with several segments in one piece.
    joined: Vec<u8>,
    /// Room for what comes out.
    packed: Vec<u8>,
    table: CompressTable,
    compress: bool,
}

impl Encoder {
    pub(super) fn new(compress: bool) -> Self {
        Self { joined: Vec::new(), packed: Vec::new(), table: CompressTable::default(), compress }
    }

    /// Appends the record of `segments` to `out`. `before` is what was appended to the queue before it.
    pub(super) fn encode(
        &mut self,
        out: &mut Vec<u8>,
        segments: &[Bytes],
        (journal, sequence): (u32, u64),
        items: u32,
        before: Totals,
    ) -> RecordHeader {
        let start = out.len();
        out.resize(start + RECORD_HEADER, 0);
        let raw: usize = segments.iter().map(Bytes::len).sum();
        let codec = if self.compress && raw >= SMALLEST && self.shrink(out, segments, raw) {
            Codec::Lz4
        } else {
            for segment in segments {
                out.extend_from_slice(segment);
            }
            Codec::Stored
        };
        let payload = out.get(start + RECORD_HEADER..).unwrap_or_default();
        // Both fit: the caller has refused what is larger than `MAX_RECORD`.
        let header = RecordHeader {
            journal,
            sequence,
            items,
            codec,
            stored: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            raw: u32::try_from(raw).unwrap_or(u32::MAX),
            payload_checksum: checksum(payload),
            items_before: before.items,
            bytes_before: before.bytes,
        };
        if let Some(slot) = out.get_mut(start..start + RECORD_HEADER) {
            slot.copy_from_slice(&header.encode());
        }
        header
    }

    /// Appends the compressed payload, unless it is hardly smaller: then `out` is as it was.
    fn shrink(&mut self, out: &mut Vec<u8>, segments: &[Bytes], raw: usize) -> bool {
        let input: &[u8] = match segments {
            [one] => one,
            several => {
                self.joined.clear();
                several.iter().for_each(|segment| self.joined.extend_from_slice(segment));
                &self.joined
            }
        };
        // It only grows: what is beyond the batch's own need is never looked at.
        let most = block::get_maximum_output_size(raw);
        if self.packed.len() < most {
            self.packed.resize(most, 0);
        }
        let written = block::compress_into_with_table(input, &mut self.packed, &mut self.table);
        let packed = written.ok().and_then(|length| self.packed.get(..length));
        let worth = packed.filter(|packed| packed.len() < raw - raw / WORTH);
        if let Some(packed) = worth {
            out.extend_from_slice(packed);
        }
        let worth = worth.is_some();
        self.trim();
        worth
    }

    /// Lets go of what an exceptionally large batch needed.
    fn trim(&mut self) {
        for buffer in [&mut self.joined, &mut self.packed] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }
}

/// The payload as it was appended; `None` when it is not what the header says.
pub(super) fn decode(header: &RecordHeader, payload: &[u8]) -> Option<Bytes> {
    if payload.len() != header.stored as usize || checksum(payload) != header.payload_checksum {
        return None;
    }
    match header.codec {
        Codec::Stored => Some(Bytes::copy_from_slice(payload)),
        Codec::Lz4 => {
            let mut raw = vec![0; header.raw as usize];
            let length = block::decompress_into(payload, &mut raw).ok()?;
            (length == raw.len()).then(|| raw.into())
        }
    }
}
