//! Everything that is read of a block, resolved once.

use std::borrow::Cow;
use std::ops::Range;

use super::feature;
use super::kind::Collector;
use super::pools::{Pool, pools};
use super::value::Value;
use crate::counters::{Layout, LayoutError, Slot, TextSlot};
use crate::pauses::Tally;

/// What is read of the blocks of one JVM, and where it is. Reading allocates nothing.
#[derive(Clone, Debug)]
pub struct Plan {
    layout: Layout,
    collector: Option<Collector>,
    feature: Option<u32>,
    frequency: u64,
    pools: Vec<Pool>,
    collections: Vec<Collections>,
    /// Counts of all collections, whether or not their times can be used.
    invocations: Vec<Slot>,
    numbers: [Option<Slot>; NUMBERS.len()],
    cause: Option<TextSlot>,
}

/// Collections of one kind, as one bean of JMX has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Collections {
    /// `jvm.gc.name`.
    pub name: &'static str,
    /// `jvm.gc.action`.
    pub action: &'static str,
    /// Whether they collect the old generation.
    pub major: bool,
    /// Whether [`Plan::last_cause`] and the lines of logs tell why they were. Pauses of a cycle that runs beside the program have the cause
    /// of that cycle, and it is not known which one a text belongs to: another collection may have come between.
    pub has_cause: bool,
    count: Slot,
    time: Slot,
    entry: Slot,
    exit: Slot,
}

/// What all JVMs tell. `None`: not this one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct General {
    /// Threads, daemons too.
    pub threads: Option<u64>,
    /// Those of them that are daemons.
    pub daemons: Option<u64>,
    /// Classes loaded since the start.
    pub loaded: Option<u64>,
    /// Classes unloaded since the start.
    pub unloaded: Option<u64>,
    /// How often all threads were stopped.
    pub safepoints: Option<u64>,
    /// How long they stood, in nanoseconds.
    pub safepoint_time: Option<u64>,
    /// How long it took to stop them, in nanoseconds.
    pub safepoint_sync_time: Option<u64>,
    /// When the JVM was ready, in milliseconds since 1970: what JMX calls its start.
    pub started: Option<u64>,
}

/// The counters of [`General`], in the order of [`Plan::general`].
const NUMBERS: [&str; 10] = [
    "java.threads.live",
    "java.threads.daemon",
    "java.cls.loadedClasses",
    "java.cls.sharedLoadedClasses",
    "java.cls.unloadedClasses",
    "java.cls.sharedUnloadedClasses",
    "sun.rt.safepoints",
    "sun.rt.safepointTime",
    "sun.rt.safepointSyncTime",
    "sun.rt.vmInitDoneTime",
];

/// One of the last counters that a starting JVM of any version makes.
const LAST: &str = "sun.rt.internalVersion";

impl Plan {
    /// What is read of a JVM with this block.
    ///
    /// # Errors
    ///
    /// [`LayoutError`].
    pub fn new(block: &[u8]) -> Result<Self, LayoutError> {
        let mut layout = Layout::parse(block)?;
        // A block is said to be accessible some milliseconds before its last counters are made: names, arguments, versions.
        if layout.text(block, LAST).is_none() {
            return Err(LayoutError::Unfinished);
        }
        let collector = Collector::of(&layout, block);
        let feature = feature(&layout, block);
        let frequency = layout.number(block, "sun.os.hrt.frequency");
        let pools = pools(&layout, block, collector, feature);
        let collections = collector.map(|collector| collections(&layout, collector)).unwrap_or_default();
        let invocations = (0..3).filter_map(|number| layout.slot(&counter(number, "invocations"))).collect();
        let numbers = NUMBERS.map(|name| layout.slot(name));
        let cause = layout.text_slot("sun.gc.lastCause");
        layout.forget_names();
        Ok(Self {
            collector,
            feature,
            frequency: frequency.and_then(|ticks| u64::try_from(ticks).ok()).unwrap_or(0),
            pools,
            collections,
            invocations,
            numbers,
            cause,
            layout,
        })
    }

    /// Whether it still holds for a block with this beginning.
    #[must_use]
    pub fn is_current(&self, block: &[u8]) -> bool {
        self.layout.is_current(block)
    }

    /// How many bytes of the block are in use.
    #[must_use]
    pub const fn used_bytes(&self) -> usize {
        self.layout.used()
    }

    /// The garbage collector, if it is one that is known.
    #[must_use]
    pub const fn collector(&self) -> Option<Collector> {
        self.collector
    }

    /// The feature version.
    #[must_use]
    pub const fn feature(&self) -> Option<u32> {
        self.feature
    }

    /// The memory pools.
    #[must_use]
    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    /// The kinds of collections whose counters can be used.
    #[must_use]
    pub fn collections(&self) -> &[Collections] {
        &self.collections
    }

    /// Which bytes of the block change whenever a collection begins or ends: a small part, for those who only want to know whether
    /// one did. Empty where collections cannot be seen. Counters are added to a block and never moved, so these bytes stay what
    /// they are for the life of the JVM.
    #[must_use]
    pub fn watched(&self) -> Range<usize> {
        let slots =
            || self.collections.iter().flat_map(|of| [of.count, of.time, of.entry, of.exit]).map(Slot::bytes);
        let from = slots().map(|bytes| bytes.start).min().unwrap_or(0);
        from..slots().map(|bytes| bytes.end).max().unwrap_or(0)
    }

    /// Whether the JVM has collected yet; `None` when its counters do not tell.
    #[must_use]
    pub fn has_collected(&self, block: &[u8]) -> Option<bool> {
        if self.invocations.is_empty() {
            return None;
        }
        Some(
            self.invocations.iter().any(|slot| self.layout.read(block, *slot).is_some_and(|count| count > 0)),
        )
    }

    /// A value of a pool.
    #[must_use]
    pub fn value(&self, block: &[u8], value: Value) -> Option<u64> {
        value.read(&self.layout, block)
    }

    /// What is used of `pool`.
    #[must_use]
    pub fn used(&self, block: &[u8], pool: &Pool) -> Option<u64> {
        self.settled(block, pool)?;
        self.value(block, pool.used)
    }

    /// What is committed for `pool`.
    #[must_use]
    pub fn committed(&self, block: &[u8], pool: &Pool) -> Option<u64> {
        self.settled(block, pool)?;
        self.value(block, pool.committed)
    }

    /// What was used of `pool` after the last collection of it, where that can be seen at any time.
    #[must_use]
    pub fn after(&self, block: &[u8], pool: &Pool) -> Option<u64> {
        if pool.after == Value::Unknown || self.has_collected(block) != Some(true) {
            return None;
        }
        self.value(block, pool.after)
    }

    /// How often, how long and when last: in nanoseconds.
    #[must_use]
    pub fn tally(&self, block: &[u8], of: &Collections) -> Option<Tally> {
        let number = |slot| u64::try_from(self.layout.read(block, slot)?).ok();
        let time = |slot| self.nanoseconds(number(slot)?);
        Some(Tally {
            count: number(of.count)?,
            time: time(of.time)?,
            entry: time(of.entry)?,
            exit: time(of.exit)?,
        })
    }

    /// Threads, classes, safepoints.
    #[must_use]
    pub fn general(&self, block: &[u8]) -> General {
        let number = |slot: Option<Slot>| u64::try_from(self.layout.read(block, slot?)?).ok();
        let [threads, daemons, loaded, shared, unloaded, shared_unloaded, safepoints, time, sync, started] =
            self.numbers.map(number);
        let sum = |one: Option<u64>, other: Option<u64>| one?.checked_add(other?);
        General {
            threads,
            daemons,
            loaded: sum(loaded, shared),
            unloaded: sum(unloaded, shared_unloaded),
            safepoints,
            safepoint_time: time.and_then(|ticks| self.nanoseconds(ticks)),
            safepoint_sync_time: sync.and_then(|ticks| self.nanoseconds(ticks)),
            started: started.filter(|started| *started > 0),
        }
    }

    /// Why the last collection began.
    #[must_use]
    pub fn last_cause<'b>(&self, block: &'b [u8]) -> Option<Cow<'b, str>> {
        self.layout.read_text(block, self.cause?)
    }

    fn settled(&self, block: &[u8], pool: &Pool) -> Option<()> {
        (!pool.settles || self.has_collected(block)?).then_some(())
    }

    fn nanoseconds(&self, ticks: u64) -> Option<u64> {
        const SECOND: u64 = 1_000_000_000;
        match self.frequency {
            0 => None,
            SECOND => Some(ticks),
            frequency => u64::try_from(u128::from(ticks) * u128::from(SECOND) / u128::from(frequency)).ok(),
        }
    }
}

/// What was used of the old generation after its last collection: seen only by who looks soon after it.
#[derive(Clone, Copy, Debug, Default)]
pub struct OldAfter {
    majors: Option<u64>,
    minors: u64,
    bytes: Option<u64>,
}

impl OldAfter {
    /// Takes note of `block`. Called at every look, while no collection runs.
    pub fn look(&mut self, plan: &Plan, block: &[u8]) {
        let of = |major| plan.collections.iter().filter(move |of| of.major == major);
        let tally = |of: &Collections| plan.tally(block, of);
        let (Some(major), Some(minor)) = (of(true).find_map(tally), of(false).find_map(tally)) else {
            return;
        };
        let Some(old) = plan.pools.iter().find(|pool| pool.heap && pool.after == Value::Unknown) else {
            return;
        };
        let advanced = match self.majors {
            Some(before) => major.count != before,
            // Without sampling the counter is that of the end of the last collection, whenever it was.
            None => major.count > 0 && plan.feature >= Some(25) && plan.collector != Some(Collector::G1),
        };
        let minors = std::mem::replace(&mut self.minors, minor.count);
        self.majors = Some(major.count);
        if advanced {
            let was_last = major.exit >= minor.exit;
            self.bytes = if was_last { plan.used(block, old) } else { None };
        } else if plan.collector == Some(Collector::G1) && minor.count != minors {
            // It may have been a mixed collection, which collects the old generation too.
            self.bytes = None;
        }
    }

    /// The bytes, if they were seen, for `pool`.
    #[must_use]
    pub fn of(&self, pool: &Pool) -> Option<u64> {
        if matches!(pool.name, Some("G1 Old Gen" | "PS Old Gen" | "Tenured Gen")) { self.bytes } else { None }
    }
}

/// Which collections have which counters. Those of Shenandoah are nested and include concurrent work: unusable.
fn collections(layout: &Layout, collector: Collector) -> Vec<Collections> {
    const MINOR: &str = "end of minor GC";
    const MAJOR: &str = "end of major GC";
    const PAUSE: &str = "end of GC pause";
    let all: &[(u8, &str, &str, bool)] = match collector {
        Collector::G1 => &[
            (0, "G1 Young Generation", MINOR, false),
            (1, "G1 Old Generation", MAJOR, true),
            // The bean of this name exists since JDK 20, the pauses of Remark and Cleanup have always been there.
            (2, "G1 Concurrent GC", "end of concurrent GC pause", false),
        ],
        Collector::Parallel => &[(0, "PS Scavenge", MINOR, false), (1, "PS MarkSweep", MAJOR, true)],
        Collector::Serial => &[(0, "Copy", MINOR, false), (1, "MarkSweepCompact", MAJOR, true)],
        Collector::Cms => &[
            (0, "ParNew", MINOR, false),
            (1, "ConcurrentMarkSweep", MAJOR, true),
            (2, "ConcurrentMarkSweep", PAUSE, false),
        ],
        Collector::Z => &[(2, "ZGC Pauses", PAUSE, false)],
        Collector::GenerationalZ => {
            &[(0, "ZGC Minor Pauses", PAUSE, false), (2, "ZGC Major Pauses", PAUSE, true)]
        }
        Collector::Shenandoah | Collector::GenerationalShenandoah | Collector::Epsilon => &[],
    };
    let resolve = |&(number, name, action, major): &(u8, &'static str, &'static str, bool)| {
        let slot = |what| layout.slot(&counter(number, what));
        Some(Collections {
            name,
            action,
            major,
            has_cause: matches!(action, MINOR | MAJOR),
            count: slot("invocations")?,
            time: slot("time")?,
            entry: slot("lastEntryTime")?,
            exit: slot("lastExitTime")?,
        })
    };
    all.iter().filter_map(resolve).collect()
}

fn counter(number: u8, what: &str) -> String {
    format!("sun.gc.collector.{number}.{what}")
}
