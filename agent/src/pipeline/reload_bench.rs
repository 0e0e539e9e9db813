//! What the tests of reloads are made of.

use super::*;

/// The same component with `settings` as its configuration.
pub(in crate::pipeline::tests) fn with<T>(named: Named<T>, settings: &str) -> Named<T> {
    Named { id: named.id, prepared: named.prepared.configured(settings, vec![]) }
}

/// A processor with the same configuration each time, and how often it has been built.
pub(super) fn counted(
    id: &str,
    built: &Arc<AtomicUsize>,
    make: fn() -> Box<dyn Processor>,
) -> Named<Box<dyn Processor>> {
    let built = Arc::clone(built);
    let prepared = Prepared::from_fn(move |_| {
        built.fetch_add(1, Ordering::Relaxed);
        Ok(make())
    });
    with(Named { id: id.to_owned(), prepared }, "same")
}

/// The connector of this name, as it is configured.
pub(super) fn failover(settings: &str) -> Prepared<Connector> {
    let text = ("config.yaml".to_owned(), settings.to_owned());
    let loaded = edgewatch_core::config::load(&[text], &[], &edgewatch_core::config::ProcessEnvironment);
    let mut problems = loaded.problems;
    let factory = crate::connectors::ROUTERS.iter().find(|factory| factory.answers_to("failover"));
    let prepared = factory.expect("in this build").prepare(&loaded.root, "failover", &mut problems);
    prepared.expect("valid settings")
}

/// An agent whose exporter waits for the gate, and the plan that replaces that exporter.
pub(super) async fn slow_and_its_successor()
-> (Running, Surroundings, Source, Arc<Semaphore>, Plan, mpsc::Receiver<String>) {
    let (source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let (a, arrived) = destination();
    let gate = Arc::new(Semaphore::new(0));
    let plan = |exporter| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        exporters: vec![exporter],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["a"])],
        ..Plan::default()
    };
    let surroundings = surroundings();
    let waits = Arc::clone(&gate);
    let prepared = Prepared::from_fn(move |_| Ok(slow(&waits)));
    let first = plan(with(Named { id: "a".to_owned(), prepared }, "1"));
    let running = build(&first, &surroundings).await.expect("a good plan");
    (running, surroundings, source, gate, plan(with(a.named("a"), "2")), arrived)
}

/// Chooses the first of its pipelines.
pub(super) struct First;

impl Router for First {
    fn connect(self: Box<Self>, pipelines: Pipelines) -> Routed {
        let first = pipelines.into_values().next().expect("a pipeline");
        Routed { sink: Arc::new(Way(first)), work: Box::pin(std::future::ready(())) }
    }
}

pub(super) struct Way(Outlet);

#[async_trait]
impl Sink for Way {
    fn admit(&self) -> Result<(), Refusal> {
        self.0.admit()
    }

    async fn send(&self, batch: Batch) {
        self.0.send(batch).await;
    }

    fn forgo(&self, items: usize) {
        self.0.forgo(items);
    }
}

/// Delivers when the test lets it.
pub(super) struct Gated(Arc<Semaphore>);

#[async_trait]
impl Exporter for Gated {
    async fn export(&self, _batch: &Batch) -> Result<Delivered, ExportError> {
        self.0.acquire().await.expect("open").forget();
        Ok(Delivered::default())
    }
}

/// Writes to a place of which there is only one, when the test lets it.
pub(super) struct Alone(pub(super) Arc<Semaphore>);

#[async_trait]
impl Exporter for Alone {
    async fn export(&self, batch: &Batch) -> Result<Delivered, ExportError> {
        Gated(Arc::clone(&self.0)).export(batch).await
    }

    fn is_exclusive(&self) -> bool {
        true
    }
}

pub(super) fn slow(gate: &Arc<Semaphore>) -> AnyExporter {
    BuiltExporter { exporter: Box::new(Gated(Arc::clone(gate))), delivery: Delivery::local() }.into()
}

/// Cannot be opened.
pub(super) struct Closed;

#[async_trait]
impl Receiver for Closed {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        Err(ReceiveError::Setup("closed for today".to_owned()))
    }

    async fn run(self: Box<Self>, _outlets: Outlets, _stop: CancellationToken) -> Result<(), ReceiveError> {
        Ok(())
    }
}

/// Keeps a diary, and takes its time to end.
pub(super) struct Exclusive {
    pub(super) name: &'static str,
    pub(super) works: bool,
    pub(super) diary: mpsc::UnboundedSender<String>,
}

impl Exclusive {
    fn note(&self, what: &str) {
        let _ = self.diary.send(format!("{} {what}", self.name));
    }
}

#[async_trait]
impl Receiver for Exclusive {
    async fn open(&mut self) -> Result<(), ReceiveError> {
        self.note("opens");
        if self.works { Ok(()) } else { Err(ReceiveError::Setup("no".to_owned())) }
    }

    fn is_exclusive(&self) -> bool {
        true
    }

    async fn run(self: Box<Self>, _outlets: Outlets, stop: CancellationToken) -> Result<(), ReceiveError> {
        self.note("runs");
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.note("ends");
        Ok(())
    }
}

/// Says when it ends.
pub(super) struct Keeper(pub(super) &'static str, pub(super) mpsc::UnboundedSender<&'static str>);

#[async_trait]
impl Extension for Keeper {
    async fn run(self: Box<Self>, stop: CancellationToken) {
        stop.cancelled().await;
        let _ = self.1.send(self.0);
    }
}
