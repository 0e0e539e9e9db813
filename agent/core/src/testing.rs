//! Helpers for the tests of components: a recording sink, a scripted host, ready-made contexts.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use edgewatch_proto::Signal;
use tokio::sync::{Notify, mpsc};

use crate::batch::Batch;
use crate::budget::Budget;
use crate::config::{Map, Node, ProcessEnvironment, load};
use crate::exporter::Sink;
use crate::extension::{Offered, Offers};
use crate::factory::{BuildContext, Factory};
use crate::health::Health;
use crate::host::Host;
use crate::listeners::Listeners;
use crate::receiver::{Inlet, Outlet, Outlets};
use crate::refusal::Refusal;
use crate::telemetry::{Registry, Telemetry};

/// A pipeline that ends in the test's hands: the outlets for a receiver, and the batches it sends.
pub struct Recorder {
    batches: mpsc::Receiver<Batch>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    refusal: Mutex<Option<Refusal>>,
}

#[async_trait]
impl Sink for Gate {
    fn admit(&self) -> Result<(), Refusal> {
        match &*self.refusal.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(()),
        }
    }

    async fn send(&self, batch: Batch) {
        batch.deliver();
    }

    fn forgo(&self, _items: usize) {}
}

impl Recorder {
    /// Outlets for all three signals, and the recorder of what is sent into them.
    #[must_use]
    pub fn outlets() -> (Outlets, Self) {
        let (sender, batches) = mpsc::channel(1024);
        let gate = Arc::new(Gate::default());
        let inlet = Inlet::new(sender, Arc::new([Arc::clone(&gate) as Arc<dyn Sink>]));
        let mut outlets = Outlets::default();
        for signal in Signal::ALL {
            outlets.set(signal, Outlet::new(vec![inlet.clone()]));
        }
        (outlets, Self { batches, gate })
    }

    /// From now on new batches are refused before they are read; `None` opens again.
    pub fn refuse(&self, refusal: Option<Refusal>) {
        *self.gate.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// The next batch; `None` when every outlet is gone. The test answers it.
    pub async fn next(&mut self) -> Option<Batch> {
        self.batches.recv().await
    }

    /// The next batch when one is there already.
    pub fn try_next(&mut self) -> Option<Batch> {
        self.batches.try_recv().ok()
    }
}

/// A sink that keeps what it is given, delivered.
#[derive(Default)]
pub struct CollectingSink {
    batches: Mutex<Vec<Batch>>,
    arrived: Notify,
}

impl CollectingSink {
    /// Takes out what has arrived.
    pub fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut self.batches.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something arrives.
    pub async fn arrival(&self) {
        self.arrived.notified().await;
    }
}

#[async_trait]
impl Sink for CollectingSink {
    fn admit(&self) -> Result<(), Refusal> {
        Ok(())
    }

    async fn send(&self, mut batch: Batch) {
        batch.ack_mut().accepted();
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
        self.arrived.notify_one();
    }

    fn forgo(&self, _items: usize) {}
}

/// A host that is what the test says.
#[derive(Clone, Debug, Default)]
pub struct FakeHost {
    /// Environment variables.
    pub env: HashMap<String, String>,
    /// Files and their text.
    pub files: HashMap<PathBuf, String>,
    /// The host's name.
    pub hostname: Option<String>,
}

impl Host for FakeHost {
    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn hostname(&self) -> Option<String> {
        self.hostname.clone()
    }
}

/// A context for building the component `id`, and the registry of its numbers.
#[must_use]
pub fn context(id: &str) -> (BuildContext, Registry) {
    let registry = Registry::default();
    let context = BuildContext {
        id: id.to_owned(),
        signal: None,
        telemetry: Telemetry::new(registry.clone()),
        budget: Budget::unlimited(),
        health: Health::starting(std::time::Instant::now()),
        host: Arc::new(FakeHost::default()),
        state_directory: None,
        offered: Offered::default(),
        former: Offers::default(),
        listeners: Listeners::default(),
    };
    (context, registry)
}

/// The value of the counter or gauge `name` whose labels include `labels`, summed; zero when there is none.
#[must_use]
pub fn reading(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> f64 {
    let matches = |have: &crate::telemetry::Labels| {
        labels.iter().all(|(key, value)| have.iter().any(|(k, v)| k == key && v == value))
    };
    let readings = registry.read();
    readings.iter().filter(|r| r.description.name == name && matches(&r.labels)).map(|r| r.value).sum()
}

/// What is wrong with the YAML examples in a component's manual, as reported to users; empty when all of them can be
/// prepared. Looks at the entries of the factory's section that the factory answers to, and wants at least one.
#[must_use]
pub fn check_examples<T>(manual: &str, factory: &Factory<T>) -> String {
    let section = factory.description.kind.section();
    let mut found = 0;
    let mut report = String::new();
    for block in manual.split("```yaml\n").skip(1) {
        let text = block.split("```").next().unwrap_or_default().to_owned();
        let mut loaded = load(&[("README.md".to_owned(), text)], &[], &ProcessEnvironment);
        let mut problems = std::mem::take(&mut loaded.problems);
        let entries = loaded.root.get(section).and_then(Node::as_map).into_iter().flat_map(Map::iter);
        for (key, node) in entries {
            if factory.answers_to(key.name.split('/').next().unwrap_or_default()) {
                found += 1;
                // Problems are all that counts here.
                let _prepared = factory.prepare(node, &format!("{section}.{}", key.name), &mut problems);
            }
        }
        if problems.has_errors() {
            report.push_str(&problems.render(&loaded.sources, false));
        }
    }
    if found == 0 {
        report.push_str(&format!("no example has {} in {section}", factory.description.name));
    }
    report
}

/// A file that does not answer, like one on a dead network file system: who reads it waits until this is dropped, and finds nothing.
#[derive(Debug)]
pub struct Silent(PathBuf);

impl Silent {
    /// Takes the place of the file at `path`.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn instead_of(path: PathBuf) -> io::Result<Self> {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        std::fs::remove_file(&path)?;
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        Ok(Self(path))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // Lets those go who wait; those who come later find no file.
        let end = std::fs::OpenOptions::new().read(true).write(true).open(&self.0);
        let _ = std::fs::remove_file(&self.0);
        drop(end);
    }
}
