//! The two doors of a connector: the one that pipelines before it send to, and the one that leads to those behind it. Processors that
//! derive other signals have the second one as well.

use async_trait::async_trait;
use edgewatch_core::Signal;
use edgewatch_core::batch::Batch;
use edgewatch_core::exporter::Sink;
use edgewatch_core::receiver::{Inlet, Outlet, Outlets, any_admits};
use edgewatch_core::refusal::Refusal;

/// The entrance of a connector.
pub(super) struct Entrance(pub(super) Inlet);

#[async_trait]
impl Sink for Entrance {
    fn admit(&self) -> Result<(), Refusal> {
        self.0.admit()
    }

    async fn send(&self, batch: Batch) {
        self.0.send(batch).await;
    }

    fn forgo(&self, items: usize) {
        self.0.forgo(items);
    }

    fn answers_sources(&self) -> bool {
        self.0.answers_sources()
    }

    fn is_failing(&self) -> bool {
        self.0.is_failing()
    }
}

/// The pipelines behind a connector or processor, each batch to those of its signal.
#[derive(Clone, Default)]
pub(super) struct Behind(pub(super) Outlets);

#[async_trait]
impl Sink for Behind {
    fn admit(&self) -> Result<(), Refusal> {
        any_admits(self.outlets().map(Outlet::admit))
    }

    async fn send(&self, batch: Batch) {
        match self.0.get(batch.signal()) {
            Some(outlet) => outlet.send(batch).await,
            None => batch.deliver(),
        }
    }

    fn forgo(&self, items: usize) {
        self.outlets().for_each(|outlet| outlet.forgo(items));
    }

    fn answers_sources(&self) -> bool {
        self.outlets().any(Outlet::answers_sources)
    }

    fn is_failing(&self) -> bool {
        self.outlets().any(Outlet::is_failing)
    }
}

impl Behind {
    /// Sends `batch` where it is wanted and there is room; counts it where there is none.
    pub(super) async fn offer(&self, batch: Batch) {
        match self.0.get(batch.signal()) {
            Some(outlet) => outlet.offer(batch).await,
            None => batch.deliver(),
        }
    }

    fn outlets(&self) -> impl Iterator<Item = &Outlet> {
        Signal::ALL.into_iter().filter_map(|signal| self.0.get(signal))
    }
}
