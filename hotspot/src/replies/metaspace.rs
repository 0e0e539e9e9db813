//! `VM.metaspace basic`: what classes take up at this moment.

use edgewatch_core::kernel::lines;

use super::Usage;
use super::heap::kilobytes;
use super::words::{after, before, rough_size};

/// What `VM.metaspace` says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Metaspace {
    /// All of it, with the class space, as the pool `Metaspace` has it.
    pub metaspace: Option<Usage>,
    /// The pool `Compressed Class Space`.
    pub class_space: Option<Usage>,
}

/// Reads an answer to `VM.metaspace basic`. JDK 25 is precise to the KB; before, numbers are rounded to two decimals of KB or MB, and
/// `GC.heap_info` is more precise.
#[must_use]
pub fn metaspace(answer: &[u8]) -> Metaspace {
    let mut precise = Metaspace::default();
    let (mut both, mut class) = (Rough::default(), Rough::default());
    for line in lines(answer) {
        let line = line.trim_ascii();
        if line.starts_with(b"Metaspace ") {
            precise.metaspace = kilobytes(line);
        } else if line.starts_with(b"class space ") {
            precise.class_space = kilobytes(line);
        } else if let Some(rest) = line.strip_prefix(b"Both:") {
            both.read(rest);
        } else if let Some(rest) = line.strip_prefix(b"Class:") {
            class.read(rest);
        } else if let Some(rest) = line.strip_prefix(b"Class space:") {
            class.read(rest);
        } else if line.starts_with(b"Chunk freelists") {
            break;
        }
    }
    Metaspace {
        metaspace: precise.metaspace.or_else(|| both.usage()),
        class_space: precise.class_space.or_else(|| class.usage()),
    }
}

/// What two lines say together: what is used stands under `Usage`, what is committed under `Virtual space`.
#[derive(Default)]
struct Rough {
    used: Option<u64>,
    committed: Option<u64>,
}

impl Rough {
    fn read(&mut self, line: &[u8]) {
        if let Some(reserved) = after(line, "reserved,") {
            self.committed = share(reserved, "committed").or(self.committed);
        } else {
            // JDK 11 says the capacity first.
            let line = after(line, "capacity,").unwrap_or(line);
            self.used = share(line, "used").or(self.used);
        }
    }

    fn usage(&self) -> Option<Usage> {
        Some(Usage { used: self.used?, committed: self.committed, limit: None })
    }
}

/// The size before `word`, with a share in brackets between them or not: `5.31 MB ( 98%) used`.
fn share(line: &[u8], word: &str) -> Option<u64> {
    let text = before(line, word)?;
    rough_size(before(text, "(").unwrap_or(text))
}
