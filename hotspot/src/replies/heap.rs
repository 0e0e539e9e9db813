//! `GC.heap_info`: how the heap is used at this moment.

use edgewatch_core::kernel::lines;

use super::words::{addresses, after, before, size, size_after};
use super::{Pool, Usage};

/// What `GC.heap_info` says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Heap {
    /// Use of the heap as a whole, where the collector tells: G1, ZGC (in whole MB) and Shenandoah (three digits or more). Without
    /// generations this is the only pool, `ZHeap` or `Shenandoah`; with them nothing is said of each.
    pub whole: Option<Usage>,
    /// Pools: all of Serial and Parallel, to the byte; eden and survivors of G1, in whole regions.
    pub pools: Vec<Pool>,
    /// Metaspace with the class space, in KB. JDK 25 says it under `VM.metaspace` only.
    pub metaspace: Option<Usage>,
    /// The compressed class space, in KB.
    pub class_space: Option<Usage>,
}

/// The pools of a generational collector whose spaces are listed by address.
#[derive(Clone, Copy)]
struct Names {
    eden: &'static str,
    survivor: &'static str,
    old: &'static str,
}

const SERIAL: Names = Names { eden: "Eden Space", survivor: "Survivor Space", old: "Tenured Gen" };
const PARALLEL: Names = Names { eden: "PS Eden Space", survivor: "PS Survivor Space", old: "PS Old Gen" };
/// With `-XX:+UseParNewGC`, up to JDK 9.
const PAR_NEW: Names = Names { eden: "Par Eden Space", survivor: "Par Survivor Space", old: "Tenured Gen" };

/// Reads an answer to `GC.heap_info`.
#[must_use]
pub fn heap(answer: &[u8]) -> Heap {
    let mut heap = Heap::default();
    let mut names = None;
    for line in lines(answer) {
        let line = line.trim_ascii();
        if line.starts_with(b"PSYoungGen") {
            names = Some(PARALLEL);
        } else if line.starts_with(b"def new generation") || line.starts_with(b"DefNew") {
            names = Some(SERIAL);
        } else if line.starts_with(b"par new generation") {
            names = Some(PAR_NEW);
        } else if line.starts_with(b"concurrent mark-sweep generation") {
            heap.add("CMS Old Gen", whole_generation(line));
        } else if line.starts_with(b"garbage-first heap") {
            heap.whole = g1(line);
        } else if line.starts_with(b"region size") {
            heap.add_regions(line);
        } else if line.starts_with(b"ZHeap") {
            heap.whole = z(line);
        } else if line.ends_with(b" used") && memchr::memmem::find(line, b"soft max").is_some() {
            heap.whole = shenandoah(line);
        } else if line.starts_with(b"Metaspace") {
            heap.metaspace = kilobytes(line);
        } else if line.starts_with(b"class space") {
            heap.class_space = kilobytes(line);
        } else if let Some(names) = names {
            heap.add_space(line, names);
        }
    }
    heap
}

impl Heap {
    fn add(&mut self, name: &'static str, usage: Option<Usage>) {
        if let Some(usage) = usage
            && self.pools.iter().all(|pool| pool.name != name)
        {
            self.pools.push(Pool { name, usage });
        }
    }

    /// A line such as `eden space 33280K, 20% used [0x..,0x..,0x..)`.
    fn add_space(&mut self, line: &[u8], names: Names) {
        let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let name = match (words.next(), words.next()) {
            (Some(b"eden"), Some(b"space")) => names.eden,
            (Some(b"from"), Some(b"space")) => names.survivor,
            (Some(b"object" | b"the"), Some(b"space")) => names.old,
            _ => return,
        };
        self.add(name, space(line));
    }

    /// The line `region size 1024K, 2 young (2048K), 1 survivors (1024K)`.
    fn add_regions(&mut self, line: &[u8]) {
        let (Some(young), Some(survivors)) = (size_after(line, "young ("), size_after(line, "survivors ("))
        else {
            return;
        };
        let usage = |used| Some(Usage { used, ..Usage::default() });
        self.add("G1 Eden Space", young.checked_sub(survivors).and_then(usage));
        self.add("G1 Survivor Space", usage(survivors));
    }
}

/// Serial of 17 and before has a fourth address in its old space, before the last.
fn space(line: &[u8]) -> Option<Usage> {
    let (bottom, top, end) = addresses(line)?;
    Some(Usage { used: top - bottom, committed: Some(end - bottom), limit: None })
}

fn whole_generation(line: &[u8]) -> Option<Usage> {
    Some(Usage { used: size_after(line, "used ")?, committed: size_after(line, "total "), limit: None })
}

/// JDK 25 says `total reserved 65536K, committed 65536K`, before it was `total 65536K`, which is what is committed.
fn g1(line: &[u8]) -> Option<Usage> {
    Some(Usage {
        used: size_after(line, "used ")?,
        committed: size_after(line, "committed ").or_else(|| size_after(line, "total ")),
        limit: size_after(line, "reserved "),
    })
}

fn z(line: &[u8]) -> Option<Usage> {
    Some(Usage {
        used: size_after(line, "used ")?,
        committed: size_after(line, "capacity "),
        limit: size_after(line, "max capacity "),
    })
}

/// The line `128M max, 128M soft max, 128M committed, 5632K used`.
fn shenandoah(line: &[u8]) -> Option<Usage> {
    let after_soft = after(line, "soft max,")?;
    Some(Usage {
        used: size(after(after_soft, "committed,")?)?,
        committed: size(after_soft),
        limit: before(line, " max,").and_then(size),
    })
}

/// A line such as `Metaspace       used 138K, committed 320K, reserved 1114112K`.
pub(super) fn kilobytes(line: &[u8]) -> Option<Usage> {
    Some(Usage { used: size_after(line, "used ")?, committed: size_after(line, "committed "), limit: None })
}
