//! What the metrics of a JVM tell at a glance: how full its heap is, how long it collected garbage, its threads.

use std::fmt::{self, Write};

use edgewatch_proto::view::{AnyValue, KeyValue, Metric, NumberDataPoint, NumberValue, Point};

const MIB: f64 = (1_u64 << 20) as f64;

/// What one batch tells of one JVM.
#[derive(Debug, Default)]
pub(super) struct Jvm<'a> {
    pub(super) name: &'a str,
    used: Heap,
    committed: Heap,
    collections: Option<(u64, f64)>,
    threads: Option<f64>,
}

/// Bytes of the pools of a heap, and how many pools there are.
#[derive(Clone, Copy, Debug, Default)]
struct Heap {
    pools: usize,
    bytes: f64,
}

impl<'a> Jvm<'a> {
    /// Nothing is known yet of the JVM `name`.
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, ..Self::default() }
    }

    /// Reads a metric if it is one of JVMs.
    pub(super) fn take(&mut self, metric: Metric<'a>) -> bool {
        let points = metric.data().points();
        match metric.name() {
            "jvm.memory.used" => self.used.add(points),
            "jvm.memory.committed" => self.committed.add(points),
            "jvm.gc.duration" => {
                for point in points {
                    if let Point::Histogram(point) = point {
                        let (count, seconds) = self.collections.get_or_insert_default();
                        *count += point.count();
                        *seconds += point.sum().unwrap_or_default();
                    }
                }
            }
            "jvm.thread.count" => self.threads = Some(numbers(points).map(|(_, count)| count).sum()),
            name => return name.starts_with("jvm."),
        }
        true
    }

    /// Whether there is something to tell.
    pub(super) const fn is_known(&self) -> bool {
        self.committed.pools > 0 || self.collections.is_some() || self.threads.is_some()
    }

    /// Writes what was read.
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        let mut comma = "";
        if self.committed.pools > 0 {
            let committed = self.committed.bytes / MIB;
            // What is used is not known of every pool of every collector, and a part of it would be wrong.
            if self.used.pools == self.committed.pools {
                write!(out, "heap {:.0} of {committed:.0} MiB", self.used.bytes / MIB)?;
            } else {
                write!(out, "heap of {committed:.0} MiB")?;
            }
            comma = ", ";
        }
        if let Some((count, seconds)) = self.collections {
            let noun = if count == 1 { "GC" } else { "GCs" };
            write!(out, "{comma}{count} {noun} {:.0} ms", seconds * 1e3)?;
            comma = ", ";
        }
        if let Some(threads) = self.threads {
            write!(out, "{comma}{threads} threads")?;
        }
        Ok(())
    }
}

impl Heap {
    fn add<'a>(&mut self, points: impl Iterator<Item = Point<'a>>) {
        for (point, bytes) in numbers(points) {
            let mut attributes = point.attributes();
            let kind = attributes.find(|attribute| attribute.key() == "jvm.memory.type");
            if kind.map(KeyValue::value).and_then(AnyValue::as_str) == Some("heap") {
                self.pools += 1;
                self.bytes += bytes;
            }
        }
    }
}

fn numbers<'a>(points: impl Iterator<Item = Point<'a>>) -> impl Iterator<Item = (NumberDataPoint<'a>, f64)> {
    points.filter_map(|point| match point {
        Point::Number(point) => Some((point, number(point.value()?))),
        Point::Histogram(_) | Point::ExponentialHistogram(_) | Point::Summary(_) => None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "for people, who see whole numbers")]
const fn number(value: NumberValue) -> f64 {
    match value {
        NumberValue::Int(value) => value as f64,
        NumberValue::Double(value) => value,
    }
}
