//! Headers of records.

use super::bytes::{Reader, Writer};
use super::checksum;

/// Length of a record's header.
pub(in crate::journal) const RECORD_HEADER: usize = 56;

/// What records begin with. Not ASCII as a whole, so that text does not look like it.
pub(in crate::journal) const MAGIC: [u8; 4] = *b"EWR\x9D";

/// Largest payload before compression. What is larger could not be sent in one request anywhere.
pub(in crate::journal) const MAX_RECORD: usize = 1 << 29;

/// How a payload is stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::journal) enum Codec {
    Stored,
    Lz4,
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::journal) struct RecordHeader {
    pub(in crate::journal) journal: u32,
    pub(in crate::journal) sequence: u64,
    pub(in crate::journal) items: u32,
    pub(in crate::journal) codec: Codec,
    /// Length of the payload.
    pub(in crate::journal) stored: u32,
    /// Its length before compression.
    pub(in crate::journal) raw: u32,
    pub(in crate::journal) payload_checksum: u32,
    /// Items appended to the queue before.
    pub(in crate::journal) items_before: u64,
    /// Bytes, before compression, appended to the queue before.
    pub(in crate::journal) bytes_before: u64,
}

impl RecordHeader {
    pub(in crate::journal) fn encode(&self) -> [u8; RECORD_HEADER] {
        let mut bytes = [0; RECORD_HEADER];
        let (front, fields) = bytes.split_at_mut(8);
        let mut writer = Writer(fields);
        writer.u32(self.payload_checksum);
        writer.u32(self.stored);
        writer.u32(self.raw);
        writer.u32(self.items);
        writer.u32(self.journal);
        writer.u32(match self.codec {
            Codec::Stored => 0,
            Codec::Lz4 => 1,
        });
        writer.u64(self.sequence);
        writer.u64(self.items_before);
        writer.u64(self.bytes_before);
        let mut writer = Writer(front);
        writer.put(MAGIC);
        writer.u32(checksum(fields));
        bytes
    }

    /// The header that `bytes` begin with, when it is whole.
    pub(in crate::journal) fn decode(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<RECORD_HEADER>()?;
        let (front, fields) = header.split_at(8);
        let mut reader = Reader(front);
        if reader.array()? != MAGIC || reader.u32()? != checksum(fields) {
            return None;
        }
        let mut reader = Reader(fields);
        let (payload_checksum, stored, raw, items) =
            (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
        let journal = reader.u32()?;
        let codec = match reader.u32()? {
            0 => Codec::Stored,
            1 => Codec::Lz4,
            _ => return None,
        };
        let (sequence, items_before, bytes_before) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let fits = raw as usize <= MAX_RECORD && stored <= raw;
        fits.then_some(Self {
            journal,
            sequence,
            items,
            codec,
            stored,
            raw,
            payload_checksum,
            items_before,
            bytes_before,
        })
    }

    /// Bytes that the record takes in its segment.
    pub(in crate::journal) const fn length(&self) -> u64 {
        RECORD_HEADER as u64 + self.stored as u64
    }
}
