//! What is remembered about processes from look to look.

use crate::procfs::Stat;

/// Most processes that are remembered; further ones are not looked at.
pub(super) const MOST_PROCESSES: usize = 128 << 10;

/// How often a process that is no JVM is looked at again: so many of them in each look.
const RECHECKED: usize = 256;

/// A process that runs for less than this may become a JVM at any moment.
pub(super) const YOUNG_SECONDS: u64 = 10;

/// What a process was when it was looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A thread of the kernel: it will never be anything else.
    Kernel,
    /// No JVM, so far.
    Other,
    /// Probably a JVM, and its maps may not be read.
    Hidden,
    /// A JVM without counters, so far.
    Silent,
    /// A JVM with counters.
    Jvm,
}

/// A process that was looked at. There may be a hundred thousand of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) pid: u32,
    /// Which program it runs: a hash.
    pub(super) image: u32,
    /// The inode of its directory.
    pub(super) inode: u64,
    pub(super) start: u64,
    /// Its address space in MiB.
    pub(super) size: u32,
    pub(super) kind: Kind,
    /// Whether it is to be looked at again in the next look.
    pub(super) young: bool,
}

impl Seen {
    /// Whether its turn is in this look.
    pub(super) fn is_due(&self, look: usize, processes: usize) -> bool {
        let turns = processes.div_ceil(RECHECKED).max(1);
        self.pid as usize % turns == look % turns
    }

    /// Whether `stat` tells of another program, or of one that has since mapped so much that it may have become a JVM.
    pub(super) fn is_outdated(&self, stat: &Stat<'_>) -> bool {
        self.start != stat.start
            || self.image != image(stat)
            || mebibytes(stat) >= 2 * u64::from(self.size) + 64
    }
}

/// Which program a process runs, as far as may be known: where it begins is another place after each `exec`.
pub(super) fn image(stat: &Stat<'_>) -> u32 {
    let (code, stack) = (stat.image.0.to_le_bytes(), stat.image.1.to_le_bytes());
    let bytes = stat.name.iter().chain(&code).chain(&stack);
    // FNV-1a.
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

pub(super) fn mebibytes(stat: &Stat<'_>) -> u64 {
    stat.size >> 20
}
