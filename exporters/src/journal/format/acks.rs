//! Headers and entries of acknowledgement files.

use super::bytes::{Reader, Writer};
use super::header::{self, Foreign, Magic};

/// Length of the header.
pub(in crate::journal) const ACK_HEADER: usize = 32;

/// Length of an entry, and what its place is a multiple of: entries do not straddle sectors.
pub(in crate::journal) const ACK_ENTRY: usize = 32;

const MAGIC: Magic = *b"EWQACK\r\n";

/// That the records `start..end` are settled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::journal) struct AckEntry {
    pub(in crate::journal) start: u64,
    pub(in crate::journal) end: u64,
}

impl AckEntry {
    pub(in crate::journal) fn encode(self, journal: u32) -> [u8; ACK_ENTRY] {
        let mut bytes = [0; ACK_ENTRY];
        let (front, fields) = bytes.split_at_mut(8);
        let mut writer = Writer(fields);
        writer.u64(self.start);
        writer.u64(self.end);
        let mut writer = Writer(front);
        writer.u32(journal);
        writer.u32(crc32c::crc32c_append(journal, fields));
        bytes
    }

    /// The journal id and the entry that `bytes` hold, when they are whole.
    pub(in crate::journal) fn decode(bytes: &[u8]) -> Option<(u32, Self)> {
        let entry = bytes.first_chunk::<ACK_ENTRY>()?;
        let (front, fields) = entry.split_at(8);
        let mut reader = Reader(front);
        let journal = reader.u32()?;
        if reader.u32()? != crc32c::crc32c_append(journal, fields) {
            return None;
        }
        let mut reader = Reader(fields);
        let (start, end) = (reader.u64()?, reader.u64()?);
        (start < end).then_some((journal, Self { start, end }))
    }
}

/// The header of an acknowledgement file.
pub(in crate::journal) fn ack_header(journal: u32) -> [u8; ACK_HEADER] {
    let mut bytes = [0; ACK_HEADER];
    header::seal(&mut bytes, MAGIC, journal);
    bytes
}

/// The journal id in the header that `bytes` begin with.
pub(in crate::journal) fn ack_journal(bytes: &[u8]) -> Result<u32, Foreign> {
    header::open(bytes, MAGIC, ACK_HEADER)
}
