//! `Compiler.codecache`: the heaps that compiled code lives in.

use edgewatch_core::kernel::lines;

use super::words::{addresses, size_after};
use super::{Pool, Usage};

/// Names of code heaps, which are those of their pools. The last one stands for all when there are no segments.
const NAMES: [&str; 4] = [
    "CodeHeap 'non-nmethods'",
    "CodeHeap 'profiled nmethods'",
    "CodeHeap 'non-profiled nmethods'",
    "CodeCache",
];

/// Reads an answer to `Compiler.codecache`. Use is in whole KB, rounded down.
#[must_use]
pub fn code_heaps(answer: &[u8]) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::with_capacity(NAMES.len());
    // The committed size of a heap stands in the line after it.
    let mut open = false;
    for line in lines(answer) {
        let line = line.trim_ascii();
        if open && line.starts_with(b"bounds") {
            if let (Some(pool), Some((bottom, end, _))) = (pools.last_mut(), addresses(line)) {
                pool.usage.committed = Some(end - bottom);
            }
            open = false;
        } else {
            let found = code_heap(line).filter(|found| {
                pools.len() < NAMES.len() && pools.iter().all(|pool| pool.name != found.name)
            });
            open = found.is_some();
            pools.extend(found);
        }
    }
    pools
}

/// The line `CodeHeap 'non-nmethods': size=5692Kb used=1085Kb max_used=1096Kb free=4606Kb`. A sum over segments has commas and is none.
fn code_heap(line: &[u8]) -> Option<Pool> {
    let name = NAMES
        .into_iter()
        .find(|name| line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b": ")))?;
    if memchr::memchr(b',', line).is_some() {
        return None;
    }
    let usage = Usage {
        used: size_after(line, " used=")?,
        committed: None,
        limit: Some(size_after(line, " size=")?),
    };
    Some(Pool { name, usage })
}
