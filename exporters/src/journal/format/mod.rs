//! The bytes of the files, without any I/O. All numbers are little-endian; all checksums are CRC-32C.
//!
//! A queue has a directory of its own with two kinds of files. Both begin with the same 16 bytes, in this and every later version:
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | magic: `EWQSEG\r\n` for segments, `EWQACK\r\n` for acknowledgements |
//! | 8..10 | format version, 1 |
//! | 10..12 | length of the header, these bytes included |
//! | 12..16 | checksum of the header without this field |
//! | 16..20 | journal id: drawn when the queue is made; tells the queue's own bytes from copies of others |
//! | 20..24 | zero |
//!
//! A **segment** is named `<index>-<first sequence>.seg`, in hexadecimal. Its header goes on with where it stands in the queue's
//! life; what lies in a run of segments is thereby known from the headers of the first and of the one behind the last:
//!
//! | bytes | field |
//! |---|---|
//! | 24..32 | index of the segment |
//! | 32..40 | sequence that its first record has or would have |
//! | 40..48 | records appended to the queue before this segment |
//! | 48..56 | items in them |
//! | 56..64 | bytes of them, before compression |
//!
//! Records follow without gaps, each with a header of 56 bytes and its payload:
//!
//! | bytes | field |
//! |---|---|
//! | 0..4 | magic: `EWR` and 0x9D |
//! | 4..8 | checksum of bytes 8..56 |
//! | 8..12 | checksum of the payload |
//! | 12..16 | length of the payload |
//! | 16..20 | its length before compression |
//! | 20..24 | items |
//! | 24..28 | journal id |
//! | 28..32 | codec: 0 stored as it is, 1 an LZ4 block |
//! | 32..40 | sequence |
//! | 40..48 | items appended to the queue before this record |
//! | 48..56 | bytes, before compression, appended before it |
//!
//! An **acknowledgement file** (`acks-0`, `acks-1`) has a header of 32 bytes, the last 8 zero, and then entries of 32 bytes at multiples of 32.
//! Each says that the records of a range of sequences are settled:
//!
//! | bytes | field |
//! |---|---|
//! | 0..4 | journal id |
//! | 4..8 | checksum of the other bytes |
//! | 8..16 | first sequence |
//! | 16..24 | sequence behind the last |
//! | 24..32 | zero |
//!
//! Sequences are never used twice, so an entry is true for ever: what is settled is the union of all entries of both files, whatever
//! order or age they have.

mod acks;
mod bytes;
mod header;
mod record;
mod segment;

pub(super) use acks::{ACK_ENTRY, ACK_HEADER, AckEntry, ack_header, ack_journal};
pub(super) use header::Foreign;
pub(super) use record::{Codec, MAGIC as RECORD_MAGIC, MAX_RECORD, RECORD_HEADER, RecordHeader};
pub(super) use segment::{SEGMENT_HEADER, SegmentHeader, parse_segment_name, segment_name};

/// Checksum of `bytes`.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
}
