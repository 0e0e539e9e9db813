//! The numbers that components report about themselves.
//!
//! Components ask a [`Telemetry`] for instruments when they are built and touch only atomics afterwards. The agent reads all of
//! them from the [`Registry`] when somebody asks: the Prometheus page, the OTLP push, a test.
//!
//! Instruments outlive their component only as far as they mean something without it. Counters go on: whoever registers the same name and
//! labels again, as the successor of a component does after a reload, counts on in the same one. Everything else leaves with the
//! [`Tenure`] of its component.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Attributes of a measurement, in the order they were added.
pub type Labels = Vec<(&'static str, String)>;

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    /// The current value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The current value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What kind of number a family holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Name, unit and meaning of a measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Description {
    /// The Collector's name where it has one, with its `otelcol_` prefix.
    pub name: &'static str,
    /// UCUM unit, such as `By` or `{spans}`.
    pub unit: &'static str,
    /// One sentence.
    pub help: &'static str,
}

/// One measurement of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What is measured.
    pub description: Description,
    /// How it moves.
    pub kind: Kind,
    /// Where: component, signal, transport.
    pub labels: Labels,
    /// The value now.
    pub value: f64,
}

type Observe = Box<dyn Fn() -> f64 + Send + Sync>;

struct Instrument {
    description: Description,
    kind: Kind,
    labels: Labels,
    source: Source,
    /// The tenure that it leaves with; `None`: never.
    tenure: Option<u64>,
}

/// Where the value comes from.
enum Source {
    Counter(Counter),
    Computed(Observe),
}

impl Instrument {
    fn is(&self, name: &str, labels: &Labels) -> bool {
        self.description.name == name && self.labels == *labels
    }

    fn read(&self) -> Reading {
        Reading {
            description: self.description,
            kind: self.kind,
            labels: self.labels.clone(),
            value: match &self.source {
                Source::Counter(counter) => counter.get() as f64,
                Source::Computed(observe) => observe(),
            },
        }
    }
}

/// Every instrument of the process.
#[derive(Clone, Default)]
pub struct Registry {
    instruments: Arc<Mutex<Vec<Instrument>>>,
    /// How many have ever been registered, for those who wait for more.
    count: Arc<watch::Sender<usize>>,
    tenures: Arc<AtomicU64>,
}

/// The time during which a component is there. When it is dropped, what the component shows of itself leaves the registry.
#[derive(Debug)]
#[must_use = "dropping it removes the component's instruments"]
pub struct Tenure {
    registry: Registry,
    number: u64,
}

impl Drop for Tenure {
    fn drop(&mut self) {
        let leaves =
            |instrument: &mut Instrument| instrument.tenure.is_some_and(|tenure| tenure == self.number);
        let left: Vec<Instrument> = self.registry.lock().extract_if(.., leaves).collect();
        // What they compute from may itself hold instruments.
        drop(left);
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// Reads every instrument, in the order of their names. Of instruments with equal name and labels the newest counts: its component
    /// has taken the place of the other's.
    #[must_use]
    pub fn read(&self) -> Vec<Reading> {
        let mut readings: Vec<Reading> = self.lock().iter().rev().map(Instrument::read).collect();
        readings.sort_by(|a, b| (a.description.name, &a.labels).cmp(&(b.description.name, &b.labels)));
        readings.dedup_by(|next, kept| {
            next.description.name == kept.description.name && next.labels == kept.labels
        });
        readings
    }

    /// The number of instruments ever registered, with news of more: components may register some only when they run.
    #[must_use]
    pub fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    fn one_more(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Instrument>> {
        self.instruments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A component's access to the registry: what it registers carries the component's labels.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    registry: Registry,
    labels: Labels,
    tenure: Option<u64>,
}

impl Telemetry {
    /// Access to `registry` without labels.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry, labels: Vec::new(), tenure: None }
    }

    /// The same access for a component that may leave before the process does.
    pub fn for_tenure(&self) -> (Self, Tenure) {
        let number = self.registry.tenures.fetch_add(1, Ordering::Relaxed);
        let tenure = Tenure { registry: self.registry.clone(), number };
        (Self { tenure: Some(number), ..self.clone() }, tenure)
    }

    /// The same access with one more label.
    #[must_use]
    pub fn with(&self, key: &'static str, value: impl Into<String>) -> Self {
        let mut labels = self.labels.clone();
        labels.push((key, value.into()));
        Self { labels, ..self.clone() }
    }

    /// Registers a counter, or finds the one that has this name and these labels.
    #[must_use]
    pub fn counter(&self, name: &'static str, unit: &'static str, help: &'static str) -> Counter {
        let mut instruments = self.registry.lock();
        let known = instruments.iter().find_map(|instrument| match &instrument.source {
            Source::Counter(counter) if instrument.is(name, &self.labels) => Some(counter.clone()),
            Source::Counter(_) | Source::Computed(_) => None,
        });
        if let Some(counter) = known {
            return counter;
        }
        let counter = Counter::default();
        instruments.push(Instrument {
            description: Description { name, unit, help },
            kind: Kind::Counter,
            labels: self.labels.clone(),
            source: Source::Counter(counter.clone()),
            tenure: None,
        });
        drop(instruments);
        self.registry.one_more();
        counter
    }

    /// Registers a gauge.
    #[must_use]
    pub fn gauge(&self, name: &'static str, unit: &'static str, help: &'static str) -> Gauge {
        let gauge = Gauge::default();
        let read = gauge.clone();
        self.observe(Description { name, unit, help }, Kind::Gauge, move || read.get() as f64);
        gauge
    }

    /// Registers a number that is computed when somebody asks.
    pub fn observe(
        &self,
        description: Description,
        kind: Kind,
        observe: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        let (labels, tenure) = (self.labels.clone(), self.tenure);
        let source = Source::Computed(Box::new(observe));
        self.registry.lock().push(Instrument { description, kind, labels, source, tenure });
        self.registry.one_more();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTH: Description = Description { name: "depth", unit: "1", help: "How deep" };

    fn values(registry: &Registry) -> Vec<(&'static str, f64)> {
        registry.read().into_iter().map(|reading| (reading.description.name, reading.value)).collect()
    }

    #[test]
    fn a_successor_counts_on_and_its_gauges_take_the_place_of_the_former_ones() {
        let registry = Registry::default();
        let component = Telemetry::new(registry.clone()).with("exporter", "otlp");
        let (old, old_tenure) = component.for_tenure();
        let (sent, open) = (old.counter("sent", "1", "Sent"), old.gauge("open", "1", "Open"));
        old.observe(DEPTH, Kind::Gauge, || 3.0);
        sent.add(5);
        open.set(7);

        let (new, new_tenure) = component.for_tenure();
        let (sent_on, open_now) = (new.counter("sent", "1", "Sent"), new.gauge("open", "1", "Open"));
        sent_on.add(1);
        sent.add(1);
        open_now.set(2);
        assert_eq!(values(&registry), [("depth", 3.0), ("open", 2.0), ("sent", 7.0)]);

        drop(old_tenure);
        assert_eq!(values(&registry), [("open", 2.0), ("sent", 7.0)]);
        drop(new_tenure);
        assert_eq!(values(&registry), [("sent", 7.0)]);
    }
}
