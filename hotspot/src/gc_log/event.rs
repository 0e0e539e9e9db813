//! What lines tell.

use crate::collector::Collector;

/// What one line tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line<'a> {
    /// A pause, or a cycle that has ended.
    Event(Event<'a>),
    /// All threads were stopped, for a collection or for another reason.
    Safepoint(Safepoint<'a>),
}

/// A pause, or a cycle that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    /// The number of the collection; JDK 8 has none.
    pub id: Option<u64>,
    /// What happened.
    pub kind: Kind,
    /// Why, in the words of the JVM.
    pub cause: Option<&'a str>,
    /// How long it took, in nanoseconds; `None`: a cycle whose line does not say.
    pub nanoseconds: Option<u64>,
    /// The heap before and after.
    pub heap: Option<Heap>,
    /// When it ended, as far as the line says.
    pub moment: Moment,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// A pause that collects the young generation, alone or with parts of the old one.
    Young,
    /// A pause that collects everything.
    Full,
    /// A pause at the beginning of concurrent marking (CMS).
    InitialMark,
    /// A pause at the end of concurrent marking (G1, CMS).
    Remark,
    /// A pause that counts what was marked (G1).
    Cleanup,
    /// A pause of a collector that works beside the program.
    Short,
    /// The same, for the young generation alone (`y:`).
    ShortMinor,
    /// The same, as part of a collection of everything (`Y:` and `O:`).
    ShortMajor,
    /// A whole cycle.
    Cycle,
    /// A cycle of the young generation.
    MinorCycle,
    /// A cycle of everything.
    MajorCycle,
}

impl Kind {
    /// Whether the program stood still all the time.
    #[must_use]
    pub const fn is_pause(self) -> bool {
        !matches!(self, Self::Cycle | Self::MinorCycle | Self::MajorCycle)
    }
}

/// Bytes of the heap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heap {
    /// In use before.
    pub before: u64,
    /// In use after.
    pub after: u64,
    /// Committed, where the line says.
    pub total: Option<u64>,
}

/// When a line was written, as far as its decorators say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Moment {
    /// Nanoseconds since 1970.
    pub wall: Option<u64>,
    /// Nanoseconds since the JVM started.
    pub uptime: Option<u64>,
}

/// All threads were stopped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Safepoint<'a> {
    /// For what; not said by JDK 11 and before.
    pub operation: Option<&'a str>,
    /// Until all threads stood still, in nanoseconds.
    pub reaching: Option<u64>,
    /// In all, in nanoseconds.
    pub total: u64,
    /// When the line was written: at the end.
    pub moment: Moment,
}

impl Event<'_> {
    /// The middle of the pause, in nanoseconds since the JVM started; `None` when the line does not say.
    #[must_use]
    pub const fn middle(&self) -> Option<u64> {
        match (self.moment.uptime, self.nanoseconds) {
            (Some(end), Some(nanoseconds)) => Some(end.saturating_sub(nanoseconds / 2)),
            (None, _) | (_, None) => None,
        }
    }

    /// `jvm.gc.name` and `jvm.gc.action`, as the beans of the JVM have them; `None` when that is nothing for which `collector` has names.
    #[must_use]
    pub const fn names(&self, collector: Collector) -> Option<(&'static str, &'static str)> {
        const MINOR: &str = "end of minor GC";
        const MAJOR: &str = "end of major GC";
        const PAUSE: &str = "end of GC pause";
        const CYCLE: &str = "end of GC cycle";
        let pause = self.kind.is_pause();
        Some(match (collector, self.kind) {
            (Collector::G1, Kind::Young) => ("G1 Young Generation", MINOR),
            (Collector::G1, Kind::Full) => ("G1 Old Generation", MAJOR),
            (Collector::G1, Kind::Remark | Kind::Cleanup) => {
                ("G1 Concurrent GC", "end of concurrent GC pause")
            }
            (Collector::Parallel, Kind::Young) => ("PS Scavenge", MINOR),
            (Collector::Parallel, Kind::Full) => ("PS MarkSweep", MAJOR),
            (Collector::Serial, Kind::Young) => ("Copy", MINOR),
            (Collector::Serial, Kind::Full) => ("MarkSweepCompact", MAJOR),
            (Collector::Cms, Kind::Young) => ("ParNew", MINOR),
            (Collector::Cms, Kind::Full) => ("ConcurrentMarkSweep", MAJOR),
            (Collector::Cms, Kind::InitialMark | Kind::Remark) => ("ConcurrentMarkSweep", PAUSE),
            (Collector::Z, _) if pause => ("ZGC Pauses", PAUSE),
            (Collector::Z, _) => ("ZGC Cycles", CYCLE),
            (Collector::GenerationalZ, Kind::MinorCycle) => ("ZGC Minor Cycles", CYCLE),
            (Collector::GenerationalZ, Kind::ShortMinor) => ("ZGC Minor Pauses", PAUSE),
            (Collector::GenerationalZ, _) if pause => ("ZGC Major Pauses", PAUSE),
            (Collector::GenerationalZ, _) => ("ZGC Major Cycles", CYCLE),
            (Collector::Shenandoah | Collector::GenerationalShenandoah, _) if pause => {
                ("Shenandoah Pauses", PAUSE)
            }
            (Collector::Shenandoah | Collector::GenerationalShenandoah, _) => ("Shenandoah Cycles", CYCLE),
            (
                Collector::G1 | Collector::Parallel | Collector::Serial | Collector::Cms | Collector::Epsilon,
                Kind::Young
                | Kind::Full
                | Kind::InitialMark
                | Kind::Remark
                | Kind::Cleanup
                | Kind::Short
                | Kind::ShortMinor
                | Kind::ShortMajor
                | Kind::Cycle
                | Kind::MinorCycle
                | Kind::MajorCycle,
            ) => return None,
        })
    }
}
