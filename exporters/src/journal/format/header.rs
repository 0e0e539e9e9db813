//! What all files begin with.

use super::bytes::{Reader, Writer};

/// The version that this program writes, and the latest that it reads.
const VERSION: u16 = 1;

/// Where the checksum of the header lies.
const CHECKSUM: std::ops::Range<usize> = 12..16;

/// The part that both kinds of headers share.
pub(super) const COMMON: usize = 24;

/// Why the beginning of a file is not the header that it should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::journal) enum Foreign {
    /// Whole, and written by a later version of this program.
    Version(u16),
    /// Damaged, or something else.
    Unknown,
}

/// The magic of a kind of file.
pub(super) type Magic = [u8; 8];

/// Writes the common part and the checksum over a `header` whose other fields stand already.
pub(super) fn seal(header: &mut [u8], magic: Magic, journal: u32) {
    let length = u16::try_from(header.len()).unwrap_or(u16::MAX);
    let mut writer = Writer(header);
    writer.put(magic);
    writer.u16(VERSION);
    writer.u16(length);
    writer.u32(0);
    writer.u32(journal);
    writer.u32(0);
    let checksum = checksum_of(header);
    if let Some(field) = header.get_mut(CHECKSUM) {
        field.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// The journal id in the header that `bytes` begin with, when it is whole and of this version.
pub(super) fn open(bytes: &[u8], magic: Magic, length: usize) -> Result<u32, Foreign> {
    let mut reader = Reader(bytes);
    let fields =
        (|| Some((reader.array::<8>()?, reader.u16()?, reader.u16()?, reader.u32()?, reader.u32()?)))();
    let Some((found, version, stated, checksum, journal)) = fields else { return Err(Foreign::Unknown) };
    let header = bytes.get(..usize::from(stated)).unwrap_or_default();
    if found != magic || header.len() < COMMON || checksum_of(header) != checksum {
        return Err(Foreign::Unknown);
    }
    // The checksum holds, so the version is what was written.
    match version {
        VERSION if usize::from(stated) == length => Ok(journal),
        version => Err(Foreign::Version(version)),
    }
}

fn checksum_of(header: &[u8]) -> u32 {
    let before = header.get(..CHECKSUM.start).unwrap_or_default();
    let behind = header.get(CHECKSUM.end..).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c(before), behind)
}
