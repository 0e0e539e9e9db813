//! Finds counters that a JVM keeps in its own memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::{Missing, denied};
use crate::counters::{LARGEST, Layout, PROLOGUE};
use crate::procfs::{Mapping, Opened, lines_of};

/// The smallest block that HotSpot makes.
const SMALLEST: u64 = 4 << 10;
/// Mappings up to this size are searched first: a block of the usual size, with some neighbours.
const USUAL: u64 = 128 << 10;
/// Blocks begin where pages do.
const PAGE: u64 = 4 << 10;
/// Most pages that are looked at.
const MOST_PAGES: usize = 16 << 10;

/// The address of the block of counters in the memory of `process`.
pub(super) fn find(process: &Opened, memory: &File) -> Result<u64, Missing> {
    let mut mappings = Vec::new();
    let read = process.file("maps").and_then(|maps| {
        lines_of(File::from(maps), |line| {
            mappings.extend(Mapping::parse(line).filter(is_candidate).map(|mapping| mapping.range));
            true
        })
    });
    read.map_err(|error| denied("/proc/<pid>/maps", "CAP_SYS_PTRACE", error))?;
    // Those of the usual size first; otherwise in their order.
    mappings.sort_by_key(|(from, to)| to - from > USUAL);
    let pages = mappings.iter().flat_map(|&(from, to)| {
        (from..to.saturating_sub(PAGE - 1)).step_by(PAGE as usize).map(move |address| (address, to - address))
    });
    let mut found = None;
    for (address, room) in pages.take(MOST_PAGES) {
        if !is_block(memory, address, room) {
            continue;
        }
        if found.replace(address).is_some() {
            // One of them may be a copy of another JVM's.
            let source = io::Error::other(
                "several blocks of counters were found, and which is its own cannot be told",
            );
            return Err(Missing::Io { what: "the memory of the JVM".to_owned(), source });
        }
    }
    found.ok_or(Missing::None)
}

/// Private, writable, without a file or a name.
fn is_candidate(mapping: &Mapping<'_>) -> bool {
    mapping.permissions == b"rw-p"
        && mapping.inode == 0
        && mapping.path.is_empty()
        && (SMALLEST..=LARGEST as u64).contains(&mapping.size())
}

/// Whether a block of counters, not longer than `room`, begins at `address`.
fn is_block(memory: &File, address: u64, room: u64) -> bool {
    let mut start = [0; 8];
    if memory.read_exact_at(&mut start, address).is_err()
        || start.first_chunk() != Some(&crate::counters::MAGIC)
    {
        return false;
    }
    let mut prologue = [0; PROLOGUE];
    memory.read_exact_at(&mut prologue, address).is_ok()
        && Layout::parse(&prologue)
            .is_ok_and(|layout| layout.used() as u64 <= room && layout.used() > PROLOGUE)
}
