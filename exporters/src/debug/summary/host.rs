//! What the metrics of a host tell at a glance: how busy its processors are, its load, its memory, its
//! fullest disk.

use std::collections::HashMap;
use std::fmt::{self, Write};

use edgewatch_proto::view::{AnyValue, KeyValue, Metric, NumberDataPoint, NumberValue, Point};

/// Most hosts whose counters are remembered; of others the processors are not told.
const MAX_HOSTS: usize = 64;
/// Most file systems of a host that are compared.
const MAX_FILESYSTEMS: usize = 256;

const GIB: f64 = (1_u64 << 30) as f64;

/// Remembers the processor times of hosts.
#[derive(Debug, Default)]
pub(super) struct HostWatch {
    times: HashMap<String, Times>,
}

/// Seconds that processors spent since the host started.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    total: f64,
    idle: f64,
}

/// What one batch tells of one host.
#[derive(Debug, Default)]
pub(super) struct Host<'a> {
    pub(super) name: &'a str,
    times: Option<Times>,
    load: Option<f64>,
    memory: Option<Usage>,
    limit: Option<f64>,
    filesystems: Vec<(&'a str, Usage)>,
}

/// Bytes used, of how many.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    used: f64,
    total: f64,
}

impl<'a> Host<'a> {
    /// Nothing is known yet of the host `name`.
    pub(super) fn new(name: &'a str) -> Self {
        Self { name, ..Self::default() }
    }

    /// Reads a metric if it tells something of the host as a whole.
    pub(super) fn take(&mut self, metric: Metric<'a>) -> bool {
        let points = metric.data().points().filter_map(|point| match point {
            Point::Number(point) => Some((point, number(point)?)),
            Point::Histogram(_) | Point::ExponentialHistogram(_) | Point::Summary(_) => None,
        });
        match metric.name() {
            "system.cpu.time" => {
                let times = self.times.get_or_insert_default();
                for (point, seconds) in points {
                    times.total += seconds;
                    if matches!(state(point), "idle" | "wait" | "iowait") {
                        times.idle += seconds;
                    }
                }
            }
            "system.cpu.load_average.1m" => self.load = points.last().map(|(_, load)| load),
            "system.memory.limit" => self.limit = points.last().map(|(_, bytes)| bytes),
            "system.memory.usage" => {
                let memory = self.memory.get_or_insert_default();
                for (point, bytes) in points {
                    match state(point) {
                        "used" => {
                            memory.used += bytes;
                            memory.total += bytes;
                        }
                        "free" | "buffered" | "buffers" | "cached" => memory.total += bytes,
                        _part_of_those => {}
                    }
                }
            }
            "system.filesystem.usage" => {
                for (point, bytes) in points {
                    self.filesystem(point, bytes);
                }
            }
            name => return name.starts_with("system."),
        }
        true
    }

    fn filesystem(&mut self, point: NumberDataPoint<'a>, bytes: f64) {
        let mount = attribute(point, |key| key.ends_with("mountpoint"));
        let index = self.filesystems.iter().position(|(known, _)| *known == mount).unwrap_or_else(|| {
            if self.filesystems.len() < MAX_FILESYSTEMS {
                self.filesystems.push((mount, Usage::default()));
            }
            self.filesystems.len() - 1
        });
        // What is beyond the last one is not compared.
        if let Some((_, usage)) = self.filesystems.get_mut(index).filter(|(known, _)| *known == mount) {
            // What is reserved for the superuser is neither used nor to be had: as `df` counts.
            match state(point) {
                "used" => {
                    usage.used += bytes;
                    usage.total += bytes;
                }
                "free" => usage.total += bytes,
                _reserved => {}
            }
        }
    }

    /// Writes what was read, after what `out` tells already.
    pub(super) fn write(self, watch: &mut HostWatch, out: &mut String) -> fmt::Result {
        if let Some(busy) = self.times.and_then(|times| watch.busy(self.name, times)) {
            part(out, format_args!("cpu {busy:.0} %"))?;
        }
        if let Some(load) = self.load {
            part(out, format_args!("load {load:.2}"))?;
        }
        if let Some(memory) = self.memory.filter(|memory| memory.total > 0.0) {
            let total = self.limit.unwrap_or(memory.total);
            part(out, format_args!("memory {:.1} of {:.1} GiB", memory.used / GIB, total / GIB))?;
        }
        let share = |usage: Usage| if usage.total > 0.0 { usage.used / usage.total } else { 0.0 };
        let fullest = self.filesystems.into_iter().max_by(|(_, a), (_, b)| share(*a).total_cmp(&share(*b)));
        if let Some((mount, usage)) = fullest {
            part(out, format_args!("disk {mount} {:.0} %", 100.0 * share(usage)))?;
        }
        Ok(())
    }
}

impl HostWatch {
    /// The share of time since the last batch, in percent, in which the processors were not idle.
    fn busy(&mut self, name: &str, now: Times) -> Option<f64> {
        let Some(last) = self.times.get_mut(name) else {
            if self.times.len() < MAX_HOSTS {
                self.times.insert(name.to_owned(), now);
            }
            return None;
        };
        let (total, idle) = (now.total - last.total, now.idle - last.idle);
        *last = now;
        // Not after a restart, when the counters begin anew.
        (total > 0.0 && idle >= 0.0).then(|| 100.0 * (1.0 - idle / total).max(0.0))
    }
}

fn part(out: &mut String, text: fmt::Arguments<'_>) -> fmt::Result {
    if !out.is_empty() {
        out.push_str(", ");
    }
    out.write_fmt(text)
}

#[expect(clippy::cast_precision_loss, reason = "for people, who see two digits")]
fn number(point: NumberDataPoint<'_>) -> Option<f64> {
    point.value().map(|value| match value {
        NumberValue::Int(value) => value as f64,
        NumberValue::Double(value) => value,
    })
}

/// What the point is about: `state`, `cpu.mode`, `system.memory.state`, as the conventions changed over time.
fn state(point: NumberDataPoint<'_>) -> &str {
    attribute(point, |key| key.ends_with("state") || key == "cpu.mode")
}

fn attribute<'a>(point: NumberDataPoint<'a>, wanted: impl Fn(&str) -> bool) -> &'a str {
    let mut attributes = point.attributes();
    let attribute = attributes.find(|attribute| wanted(attribute.key()));
    attribute.map(KeyValue::value).and_then(AnyValue::as_str).unwrap_or_default()
}
