//! The block of performance counters (`hsperfdata`, version 2.0): its layout, looked up by name once and read by offset from then on.
//!
//! The format is that of `src/hotspot/share/runtime/perfMemory.hpp` and `perfData.hpp` of OpenJDK. Positions differ between versions and
//! collectors, names do not.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Length of the prologue of a block.
pub const PROLOGUE: usize = 32;

/// Largest block that is read. The default size is 32 KiB; `-XX:PerfDataMemorySize` may ask for more.
pub const LARGEST: usize = 4 << 20;

/// Why bytes are not a block of counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LayoutError {
    /// There is none yet: the JVM is starting. Worth another try.
    #[error("the JVM has not finished creating its counters")]
    Unfinished,
    /// It is something else.
    #[error("not a block of performance counters")]
    Foreign,
    /// It is of a version that is not known here.
    #[error("performance counters of version {0}, which is not known")]
    Version(u8),
}

/// Where the value of a counter stands in its block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slot(u32);

impl Slot {
    /// The bytes of the block that hold the value.
    #[must_use]
    pub const fn bytes(self) -> Range<usize> {
        let from = self.0 as usize;
        from..from + 8
    }
}

/// Where the text of a counter stands in its block: from, to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TextSlot(u32, u32);

/// The names of a block and where their values are.
#[derive(Clone, Debug)]
pub struct Layout {
    big_endian: bool,
    used: usize,
    /// Bytes 8 to 32 of the prologue: when they change, so may the layout.
    stamp: [u8; 24],
    numbers: HashMap<Box<str>, Slot>,
    texts: HashMap<Box<str>, TextSlot>,
}

impl Layout {
    /// Reads the layout of `block`, which may end before its last bytes: what lies beyond is left out.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn parse(block: &[u8]) -> Result<Self, LayoutError> {
        let Some((prologue, _)) = block.split_first_chunk::<PROLOGUE>() else {
            return Err(LayoutError::Unfinished);
        };
        let [magic @ .., order, major, _minor, accessible] = first(prologue);
        if magic == [0; 4] {
            return Err(LayoutError::Unfinished);
        }
        if magic != MAGIC || order > 1 {
            return Err(LayoutError::Foreign);
        }
        if major != 2 {
            return Err(LayoutError::Version(major));
        }
        if accessible == 0 {
            return Err(LayoutError::Unfinished);
        }
        let mut layout = Self {
            big_endian: order == 0,
            used: 0,
            stamp: *prologue.last_chunk().unwrap_or(&[0; 24]),
            numbers: HashMap::new(),
            texts: HashMap::new(),
        };
        let field = |at| usize::try_from(layout.int(block, at).unwrap_or(0)).unwrap_or(0);
        let (used, mut at, count) = (field(8), field(24), field(28));
        layout.used = used.clamp(PROLOGUE, LARGEST);
        let block = block.get(..layout.used).unwrap_or(block);
        for _ in 0..count {
            let Some(length) = layout.int(block, at).and_then(|length| usize::try_from(length).ok()) else {
                break;
            };
            if length < ENTRY || layout.entry(block, at).is_none() {
                break;
            }
            at += length;
        }
        Ok(layout)
    }

    /// Whether a block with this beginning still has this layout. Values may have changed, names and places have not.
    #[must_use]
    pub fn is_current(&self, block: &[u8]) -> bool {
        block.get(8..PROLOGUE) == Some(&self.stamp)
    }

    /// How many bytes of the block are in use.
    #[must_use]
    pub const fn used(&self) -> usize {
        self.used
    }

    /// Where the number `name` is, if the JVM has it.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<Slot> {
        self.numbers.get(name).copied()
    }

    /// The number at `slot` of `block`.
    #[must_use]
    pub fn read(&self, block: &[u8], slot: Slot) -> Option<i64> {
        let bytes = block.get(slot.0 as usize..)?.first_chunk()?;
        Some(if self.big_endian { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) })
    }

    /// The number `name`, looked up: for what is read once.
    #[must_use]
    pub fn number(&self, block: &[u8], name: &str) -> Option<i64> {
        self.read(block, self.slot(name)?)
    }

    /// The text `name` up to its first zero; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text<'a>(&self, block: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
        self.read_text(block, self.text_slot(name)?)
    }

    /// Where the text `name` is, if the JVM has it.
    #[must_use]
    pub fn text_slot(&self, name: &str) -> Option<TextSlot> {
        self.texts.get(name).copied()
    }

    /// The text at `slot` of `block`, as [`text`](Self::text).
    #[must_use]
    pub fn read_text<'a>(&self, block: &'a [u8], TextSlot(from, to): TextSlot) -> Option<Cow<'a, str>> {
        let bytes = block.get(from as usize..to as usize)?;
        let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        Some(String::from_utf8_lossy(bytes.get(..end)?))
    }

    /// Forgets all names, which are most of what a layout takes of memory. Slots stay good.
    pub fn forget_names(&mut self) {
        self.numbers = HashMap::new();
        self.texts = HashMap::new();
    }

    /// The names of all numbers, in no order.
    pub fn numbers(&self) -> impl Iterator<Item = &str> {
        self.numbers.keys().map(|name| &**name)
    }

    /// The names of all texts, in no order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(|name| &**name)
    }

    /// Remembers the entry at `at`; `None` when it leads out of the block.
    fn entry(&mut self, block: &[u8], at: usize) -> Option<()> {
        let offset = |field: usize| {
            let offset = usize::try_from(self.int(block, at + field)?).ok()?;
            at.checked_add(offset)
        };
        let name = block.get(offset(4)?..)?;
        let name = str::from_utf8(name.get(..memchr::memchr(0, name)?)?).ok();
        let length = usize::try_from(self.int(block, at + 8)?).ok()?;
        let kind = *block.get(at + 12)?;
        let data = offset(16)?;
        // A name that is not text, and types that are not known, are passed over.
        let Some(name) = name else { return Some(()) };
        match (kind, length) {
            (b'J', 0) => {
                block.get(data..)?.first_chunk::<8>()?;
                self.numbers.insert(name.into(), Slot(u32::try_from(data).ok()?));
            }
            (b'B', 1..) => {
                let end = data.checked_add(length).filter(|end| *end <= block.len())?;
                let slot = TextSlot(u32::try_from(data).ok()?, u32::try_from(end).ok()?);
                self.texts.insert(name.into(), slot);
            }
            _ => {}
        }
        Some(())
    }

    fn int(&self, block: &[u8], at: usize) -> Option<i32> {
        let bytes = block.get(at..)?.first_chunk()?;
        Some(if self.big_endian { i32::from_be_bytes(*bytes) } else { i32::from_le_bytes(*bytes) })
    }
}

/// `0xCAFEC0C0`, in this order of bytes on every machine.
pub(crate) const MAGIC: [u8; 4] = [0xCA, 0xFE, 0xC0, 0xC0];

/// Length of the fixed part of an entry.
const ENTRY: usize = 20;

/// Magic, order of bytes, version and whether the block is complete.
fn first(prologue: &[u8; PROLOGUE]) -> [u8; 8] {
    *prologue.first_chunk().unwrap_or(&[0; 8])
}
