//! The numbers that components report about themselves.
//!
//! Components ask a [`Telemetry`] for instruments when they are built and touch only atomics afterwards. The agent reads all of
//! them from the [`Registry`] when somebody asks: the Prometheus page, the OTLP push, a test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
    observe: Observe,
}

/// Every instrument of the process.
#[derive(Clone, Default)]
pub struct Registry {
    instruments: Arc<Mutex<Vec<Instrument>>>,
    /// How many there are, for those who wait for more.
    count: Arc<watch::Sender<usize>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// Reads every instrument, in the order of their names; instruments with equal name and labels are added up.
    #[must_use]
    pub fn read(&self) -> Vec<Reading> {
        let instruments = self.instruments.lock().unwrap_or_else(PoisonError::into_inner);
        let mut readings: Vec<Reading> = instruments
            .iter()
            .map(|instrument| Reading {
                description: instrument.description,
                kind: instrument.kind,
                labels: instrument.labels.clone(),
                value: (instrument.observe)(),
            })
            .collect();
        drop(instruments);
        readings.sort_by(|a, b| (a.description.name, &a.labels).cmp(&(b.description.name, &b.labels)));
        readings.dedup_by(|next, kept| {
            let same = next.description.name == kept.description.name && next.labels == kept.labels;
            if same {
                kept.value += next.value;
            }
            same
        });
        readings
    }

    /// The number of instruments, with news of more: components may register some only when they run.
    #[must_use]
    pub fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }

    fn add(&self, instrument: Instrument) {
        self.instruments.lock().unwrap_or_else(PoisonError::into_inner).push(instrument);
        self.count.send_modify(|count| *count += 1);
    }
}

/// A component's access to the registry: what it registers carries the component's labels.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    registry: Registry,
    labels: Labels,
}

impl Telemetry {
    /// Access to `registry` without labels.
    #[must_use]
    pub fn new(registry: Registry) -> Self {
        Self { registry, labels: Vec::new() }
    }

    /// The same access with one more label.
    #[must_use]
    pub fn with(&self, key: &'static str, value: impl Into<String>) -> Self {
        let mut labels = self.labels.clone();
        labels.push((key, value.into()));
        Self { registry: self.registry.clone(), labels }
    }

    /// Registers a counter.
    #[must_use]
    pub fn counter(&self, name: &'static str, unit: &'static str, help: &'static str) -> Counter {
        let counter = Counter::default();
        let read = counter.clone();
        self.register(Description { name, unit, help }, Kind::Counter, Box::new(move || read.get() as f64));
        counter
    }

    /// Registers a gauge.
    #[must_use]
    pub fn gauge(&self, name: &'static str, unit: &'static str, help: &'static str) -> Gauge {
        let gauge = Gauge::default();
        let read = gauge.clone();
        self.register(Description { name, unit, help }, Kind::Gauge, Box::new(move || read.get() as f64));
        gauge
    }

    /// Registers a number that is computed when somebody asks.
    pub fn observe(
        &self,
        description: Description,
        kind: Kind,
        observe: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        self.register(description, kind, Box::new(observe));
    }

    fn register(&self, description: Description, kind: Kind, observe: Observe) {
        let labels = self.labels.clone();
        self.registry.add(Instrument { description, kind, labels, observe });
    }
}
