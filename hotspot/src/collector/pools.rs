//! The memory pools of each collector, under their JMX names.

use super::flags::{option, size};
use super::kind::Collector;
use super::value::Value;
use crate::counters::Layout;

/// A memory pool and how its values are made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pool {
    /// Its JMX name; `None` for the whole heap, where the counters do not tell its pools apart.
    pub name: Option<&'static str>,
    /// Whether it is part of the heap.
    pub heap: bool,
    /// Bytes in use.
    pub used: Value,
    /// Bytes that are there for it.
    pub committed: Value,
    /// Most bytes that it may have.
    pub limit: Value,
    /// Bytes that it began with.
    pub init: Value,
    /// Bytes in use after the last collection of it, for pools that only collections change. The old generation is [`super::OldAfter`].
    pub after: Value,
    /// Whether `used` and `committed` say nothing before the first collection.
    pub settles: bool,
}

/// First of JDKs in which no thread refreshes what is used of the spaces of Serial and Parallel: 50 milliseconds old before, that of the
/// end of the last collection since.
const WITHOUT_SAMPLING: u32 = 25;

/// The pools of a JVM.
pub(super) fn pools(
    layout: &Layout,
    block: &[u8],
    collector: Option<Collector>,
    feature: Option<u32>,
) -> Vec<Pool> {
    let names = Names { layout };
    // When the version is not known, what may lag is not told.
    let sampled = feature.is_some_and(|feature| feature < WITHOUT_SAMPLING);
    let mut pools = collector.map(|collector| names.heap(collector, sampled)).unwrap_or_default();
    pools.push(names.metaspace(metaspace_limit(layout, block)));
    pools.push(names.class_space());
    pools
}

/// What `-XX:MaxMetaspaceSize` says. The counter holds the reserved size, not this.
fn metaspace_limit(layout: &Layout, block: &[u8]) -> Value {
    let limit = ["java.rt.vmArgs", "java.rt.vmFlags"].into_iter().find_map(|counter| {
        let text = layout.text(block, counter)?;
        size(option(&text, "MaxMetaspaceSize")?)
    });
    limit.map_or(Value::Unknown, Value::Constant)
}

const EDEN: &str = "sun.gc.generation.0.space.0";
const SURVIVORS: [&str; 2] = ["sun.gc.generation.0.space.1", "sun.gc.generation.0.space.2"];
const OLD: &str = "sun.gc.generation.1.space.0";

struct Names<'a> {
    layout: &'a Layout,
}

impl Names<'_> {
    fn heap(&self, collector: Collector, sampled: bool) -> Vec<Pool> {
        match collector {
            Collector::G1 => self.g1(),
            Collector::Parallel => self.parallel(sampled),
            Collector::Serial => self.copying(sampled, ["Eden Space", "Survivor Space", "Tenured Gen"]),
            Collector::Cms => {
                // Collections of the old generation end with a young one that is in use.
                let mut pools =
                    self.copying(sampled, ["Par Eden Space", "Par Survivor Space", "CMS Old Gen"]);
                pools.iter_mut().for_each(|pool| pool.after = Value::Unknown);
                pools
            }
            // What is used and committed is refreshed by the phases of a cycle only, of which there may be none for hours.
            Collector::Z => vec![Pool {
                limit: self.slot(OLD, "maxCapacity"),
                init: self.slot(OLD, "initCapacity"),
                ..heap("ZHeap")
            }],
            Collector::GenerationalZ => {
                let generation = |name, space| Pool {
                    limit: self.slot(space, "maxCapacity"),
                    init: self.slot(space, "initCapacity"),
                    ..heap(name)
                };
                vec![generation("ZGC Young Generation", EDEN), generation("ZGC Old Generation", OLD)]
            }
            Collector::Shenandoah => vec![Pool { name: Some("Shenandoah"), ..self.shenandoah() }],
            Collector::GenerationalShenandoah => {
                let limit = self.slot("sun.gc.generation.1", "maxCapacity");
                let generation = |name| Pool { limit, init: Value::Constant(0), ..heap(name) };
                let whole = Pool { limit: Value::Unknown, init: Value::Unknown, ..self.shenandoah() };
                vec![whole, generation("Shenandoah Young Gen"), generation("Shenandoah Old Gen")]
            }
            Collector::Epsilon => vec![Pool {
                used: self.slot(OLD, "used"),
                committed: self.slot(OLD, "capacity"),
                limit: self.slot(OLD, "maxCapacity"),
                ..heap("Epsilon Heap")
            }],
        }
    }

    /// Up to JDK 20 every capacity has 8 bytes more than there are.
    fn g1(&self) -> Vec<Pool> {
        let [_, survivor] = SURVIVORS;
        vec![
            Pool {
                used: self.slot(EDEN, "used"),
                committed: self.pages(EDEN, "capacity"),
                init: self.pages(EDEN, "initCapacity"),
                after: Value::Constant(0),
                ..heap("G1 Eden Space")
            },
            Pool {
                used: self.slot(survivor, "used"),
                committed: self.pages(survivor, "capacity"),
                init: self.pages(survivor, "initCapacity"),
                after: self.slot(survivor, "used"),
                ..heap("G1 Survivor Space")
            },
            Pool {
                used: self.slot(OLD, "used"),
                committed: self.pages(OLD, "capacity"),
                limit: self.pages(OLD, "maxCapacity"),
                init: self.pages(OLD, "initCapacity"),
                // Objects of the archive of classes are there from the start, and not counted until the first collection.
                settles: true,
                ..heap("G1 Old Gen")
            },
        ]
    }

    fn parallel(&self, sampled: bool) -> Vec<Pool> {
        let [young, survivor, old] =
            self.young(sampled, ["PS Eden Space", "PS Survivor Space", "PS Old Gen"]);
        let limit = self.both("capacity").and_then(|survivors| {
            Some(Value::Rest(self.layout.slot("sun.gc.generation.0.maxCapacity")?, survivors))
        });
        let eden = Pool { limit: limit.unwrap_or(Value::Unknown), ..young };
        vec![eden, Pool { limit: survivor.committed, ..survivor }, old]
    }

    fn copying(&self, sampled: bool, names: [&'static str; 3]) -> Vec<Pool> {
        let [eden, survivor, old] = self.young(sampled, names);
        let [space, _] = SURVIVORS;
        let eden = Pool { limit: self.slot(EDEN, "maxCapacity"), ..eden };
        vec![eden, Pool { limit: self.slot(space, "maxCapacity"), ..survivor }, old]
    }

    /// Eden, survivor and old spaces that are areas of addresses.
    fn young(&self, sampled: bool, [eden, survivor, old]: [&'static str; 3]) -> [Pool; 3] {
        let survived = self.both("used");
        let sum = survived.map_or(Value::Unknown, |[one, other]| Value::Sum(one, other));
        let in_use = self
            .both("capacity")
            .zip(survived)
            .map_or(Value::Unknown, |(capacities, used)| Value::InUse { capacities, used });
        [
            Pool {
                used: if sampled { self.slot(EDEN, "used") } else { Value::Unknown },
                committed: self.slot(EDEN, "capacity"),
                after: Value::Constant(0),
                ..heap(eden)
            },
            Pool { used: sum, committed: in_use, after: sum, ..heap(survivor) },
            Pool {
                used: self.slot(OLD, "used"),
                committed: self.slot(OLD, "capacity"),
                limit: self.slot(OLD, "maxCapacity"),
                init: self.slot(OLD, "initCapacity"),
                ..heap(old)
            },
        ]
    }

    /// The heap as a whole. The capacity of its only space is its limit, that of the generation what is committed.
    fn shenandoah(&self) -> Pool {
        Pool {
            name: None,
            used: self.slot(OLD, "used"),
            committed: self.slot("sun.gc.generation.1", "capacity"),
            limit: self.slot("sun.gc.generation.1", "maxCapacity"),
            init: self.slot(OLD, "initCapacity"),
            ..heap("")
        }
    }

    /// Refreshed by collections, and zero before the first one. It includes the class space, as in JMX.
    fn metaspace(&self, limit: Value) -> Pool {
        Pool {
            used: self.positive("sun.gc.metaspace", "used"),
            committed: self.positive("sun.gc.metaspace", "capacity"),
            limit,
            init: Value::Constant(0),
            heap: false,
            ..heap("Metaspace")
        }
    }

    /// As the metaspace. There may be none, which looks as before the first collection.
    fn class_space(&self) -> Pool {
        Pool {
            used: self.positive("sun.gc.compressedclassspace", "used"),
            committed: self.positive("sun.gc.compressedclassspace", "capacity"),
            limit: self.positive("sun.gc.compressedclassspace", "maxCapacity"),
            heap: false,
            ..heap("Compressed Class Space")
        }
    }

    fn positive(&self, of: &str, what: &str) -> Value {
        self.layout.slot(&format!("{of}.{what}")).map_or(Value::Unknown, Value::Positive)
    }

    fn slot(&self, of: &str, what: &str) -> Value {
        self.layout.slot(&format!("{of}.{what}")).map_or(Value::Unknown, Value::Slot)
    }

    fn pages(&self, of: &str, what: &str) -> Value {
        self.layout.slot(&format!("{of}.{what}")).map_or(Value::Unknown, Value::Pages)
    }

    fn both(&self, what: &str) -> Option<[crate::counters::Slot; 2]> {
        let [one, other] = SURVIVORS.map(|space| self.layout.slot(&format!("{space}.{what}")));
        Some([one?, other?])
    }
}

/// A pool of the heap of which nothing is known.
const fn heap(name: &'static str) -> Pool {
    Pool {
        name: Some(name),
        heap: true,
        used: Value::Unknown,
        committed: Value::Unknown,
        limit: Value::Unknown,
        init: Value::Unknown,
        after: Value::Unknown,
        settles: false,
    }
}
