//! `/proc/<pid>/maps`.

use edgewatch_core::kernel::{hexadecimal, lines, number, split_once};

/// A piece of the address space of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mapping<'a> {
    /// Its first address, and the one behind its last.
    pub range: (u64, u64),
    /// Such as `rw-s`.
    pub permissions: &'a [u8],
    /// Major and minor number of the device of its file.
    pub device: (u32, u32),
    /// The inode of its file; zero when there is none.
    pub inode: u64,
    /// The path of its file, or a name such as `[heap]`, or nothing.
    pub path: &'a [u8],
    /// Whether the file was deleted since.
    pub deleted: bool,
}

impl<'a> Mapping<'a> {
    /// Reads a line.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let (range, rest) = split_once(line, b' ')?;
        let (permissions, rest) = split_once(rest, b' ')?;
        let (_offset, rest) = split_once(rest, b' ')?;
        let (device, rest) = split_once(rest, b' ')?;
        let (inode, path) = split_once(rest, b' ').unwrap_or((rest, &[]));
        let (from, to) = split_once(range, b'-')?;
        let (major, minor) = split_once(device, b':')?;
        let half = |word| u32::try_from(hexadecimal(word)?).ok();
        let path = path.trim_ascii_start();
        let (path, deleted) = match path.strip_suffix(b" (deleted)") {
            Some(path) => (path, true),
            None => (path, false),
        };
        Some(Self {
            range: (hexadecimal(from)?, hexadecimal(to)?),
            permissions,
            device: (half(major)?, half(minor)?),
            inode: number(inode)?,
            path,
            deleted,
        })
    }

    /// The last part of its path.
    #[must_use]
    pub fn file_name(&self) -> &'a [u8] {
        let after = memchr::memrchr(b'/', self.path).map_or(0, |at| at + 1);
        self.path.get(after..).unwrap_or_default()
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.range.1.saturating_sub(self.range.0)
    }
}

/// The mappings in `text`. Lines that are not understood are passed over.
pub fn mappings(text: &[u8]) -> impl Iterator<Item = Mapping<'_>> {
    lines(text).filter_map(Mapping::parse)
}
