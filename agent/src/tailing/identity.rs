//! What a file is, apart from its name.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// Where a file lies on its disk. Unique among the files that exist at one time; used again when a file is gone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct Place {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// What the system says about a file without reading it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Facts {
    pub(super) place: Place,
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified: i128,
    /// When the file was made, in nanoseconds since 1970, where the file system knows.
    pub(super) born: Option<u64>,
    /// Names that it has.
    pub(super) links: u64,
}

impl Facts {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            place: Place { device: metadata.dev(), inode: metadata.ino() },
            size: metadata.size(),
            modified: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
            born: born.and_then(|age| u64::try_from(age.as_nanos()).ok()),
            links: metadata.nlink(),
        }
    }

    /// Whether a file born at `born` can be this one.
    pub(super) fn may_be_born(&self, born: Option<u64>) -> bool {
        match (self.born, born) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        }
    }
}

/// Some bytes of a file, remembered by their hash.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Print {
    pub(super) length: u32,
    hash: u128,
}

impl Print {
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        Self { length: u32::try_from(bytes.len()).unwrap_or(u32::MAX), hash: xxh3_128(bytes) }
    }

    /// The beginning of a file, of which `bytes` have been seen. Zeros at their end may be room for what will be written later.
    pub(super) fn of_head(bytes: &[u8]) -> Self {
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Self::of(bytes.get(..written).unwrap_or_default())
    }

    /// Whether the bytes that end at `end` of `file` are those remembered.
    pub(super) fn ends_at(self, file: &File, end: u64) -> io::Result<bool> {
        let Some(start) = end.checked_sub(u64::from(self.length)) else { return Ok(false) };
        let bytes = read_up_to(file, start, self.length as usize)?;
        Ok(Self::of(&bytes) == self)
    }

    /// Whether `file` begins with the bytes remembered.
    pub(super) fn begins(self, file: &File) -> io::Result<bool> {
        self.ends_at(file, u64::from(self.length))
    }
}

impl From<Print> for String {
    fn from(print: Print) -> Self {
        format!("{}:{:x}", print.length, print.hash)
    }
}

impl TryFrom<String> for Print {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let form = "not a length and a hash";
        let (length, hash) = text.split_once(':').ok_or(form)?;
        let length = length.parse().map_err(|_| form)?;
        let hash = u128::from_str_radix(hash, 16).map_err(|_| form)?;
        Ok(Self { length, hash })
    }
}

/// Bytes in front of a position that are remembered with it. Together with the beginning of the file they show whether it
/// is still the same up to there: after a truncation, a copy or a restart.
pub(super) const ANCHOR: usize = 256;

/// How far a file has been read.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Position {
    pub(super) offset: u64,
    /// The bytes in front of `offset`.
    pub(super) anchor: Print,
    /// Records up to here, empty ones included.
    pub(super) records: u64,
    /// The rest of the line is not wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) discarding: bool,
}

impl Position {
    /// A position at `offset` of `file`.
    pub(super) fn at(file: &File, offset: u64) -> io::Result<Self> {
        let start = offset.saturating_sub(ANCHOR as u64);
        let bytes = read_up_to(file, start, ANCHOR.min(usize::try_from(offset).unwrap_or(ANCHOR)))?;
        Ok(Self { offset, anchor: Print::of(&bytes), ..Self::default() })
    }

    /// Whether `file` can have been read up to here.
    pub(super) fn fits(&self, file: &File) -> io::Result<bool> {
        self.anchor.ends_at(file, self.offset)
    }
}

/// Reads `length` bytes from `start` on, or as many as there are.
pub(super) fn read_up_to(file: &File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let filled = fill(file, start, &mut bytes)?;
    bytes.truncate(filled);
    Ok(bytes)
}

/// Fills `buffer` from `start` of `file` on; returns how much there was.
pub(super) fn fill(file: &File, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(room, start + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Whether a file that begins with `bytes` is compressed.
pub(super) fn is_compressed(bytes: &[u8]) -> bool {
    // gzip, zstd, xz, bzip2, lz4: their magic numbers.
    let magic: [&[u8]; 5] = [
        &[0x1f, 0x8b, 0x08],
        &[0x28, 0xb5, 0x2f, 0xfd],
        &[0xfd, b'7', b'z', b'X', b'Z', 0x00],
        b"BZh",
        &[0x04, 0x22, 0x4d, 0x18],
    ];
    magic.iter().any(|magic| bytes.starts_with(magic))
}
