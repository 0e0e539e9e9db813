//! Headers and names of segments.

use super::bytes::{Reader, Writer};
use super::header::{self, COMMON, Foreign, Magic};
use crate::journal::totals::Totals;

/// Length of a segment's header.
pub(in crate::journal) const SEGMENT_HEADER: usize = 64;

const MAGIC: Magic = *b"EWQSEG\r\n";

/// The beginning of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::journal) struct SegmentHeader {
    pub(in crate::journal) journal: u32,
    pub(in crate::journal) index: u64,
    /// Sequence that the first record has or would have.
    pub(in crate::journal) first: u64,
    /// What was appended before.
    pub(in crate::journal) before: Totals,
}

impl SegmentHeader {
    pub(in crate::journal) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut bytes = [0; SEGMENT_HEADER];
        let (_, fields) = bytes.split_at_mut(COMMON);
        let mut writer = Writer(fields);
        writer.u64(self.index);
        writer.u64(self.first);
        writer.u64(self.before.records);
        writer.u64(self.before.items);
        writer.u64(self.before.bytes);
        header::seal(&mut bytes, MAGIC, self.journal);
        bytes
    }

    pub(in crate::journal) fn decode(bytes: &[u8]) -> Result<Self, Foreign> {
        let journal = header::open(bytes, MAGIC, SEGMENT_HEADER)?;
        let mut reader = Reader(bytes.get(COMMON..).unwrap_or_default());
        let mut fields = || -> Option<Self> {
            let (index, first) = (reader.u64()?, reader.u64()?);
            let before = Totals { records: reader.u64()?, items: reader.u64()?, bytes: reader.u64()? };
            Some(Self { journal, index, first, before })
        };
        fields().ok_or(Foreign::Unknown)
    }
}

/// The name of a segment's file.
pub(in crate::journal) fn segment_name(index: u64, first: u64) -> String {
    format!("{index:010x}-{first:016x}.seg")
}

/// Index and first sequence of the segment that is called `name`.
pub(in crate::journal) fn parse_segment_name(name: &str) -> Option<(u64, u64)> {
    let (index, first) = name.strip_suffix(".seg")?.split_once('-')?;
    let parsed = (u64::from_str_radix(index, 16).ok()?, u64::from_str_radix(first, 16).ok()?);
    // One file has one name.
    (segment_name(parsed.0, parsed.1) == name).then_some(parsed)
}
