//! Dealing batches out to the destinations, and following the parts.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::budget::Budget;
use edgewatch_core::delivery::QueueBatchSettings;
use edgewatch_core::exporter::Sink;
use edgewatch_core::receiver::any_admits;
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::deal::{Dealer, Part};
use edgewatch_proto::splice::Outgrown;
use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::key::{Router, RoutingKey};
use super::members::{Member, Table};
use super::telemetry::BalancerTelemetry;

/// What everything of one exporter shares.
pub(super) struct Shared {
    pub(super) id: String,
    pub(super) key: Option<RoutingKey>,
    pub(super) attributes: Vec<String>,
    pub(super) tables: watch::Sender<Arc<Table>>,
    pub(super) answers_sources: bool,
    pub(super) budget: Budget,
    pub(super) telemetry: BalancerTelemetry,
    /// No time is left.
    pub(super) stop: CancellationToken,
    /// No new batches will come.
    pub(super) closing: CancellationToken,
}

/// A part of a batch at a destination.
pub(super) struct Sent {
    /// Of the destination.
    label: Arc<str>,
    stop: CancellationToken,
    signal: Signal,
    segments: Segments,
    items: usize,
    /// A share of the batch's. What the destination gets carries one of its own.
    ack: Ack,
    receipt: Receipt,
}

/// The end of the pipelines of one signal.
pub(super) struct Balancer {
    pub(super) signal: Signal,
    pub(super) shared: Arc<Shared>,
    /// Leads to whoever follows the parts.
    pub(super) sent: mpsc::UnboundedSender<Sent>,
}

#[async_trait]
impl Sink for Balancer {
    fn admit(&self) -> Result<(), Refusal> {
        self.shared.admit(self.signal)
    }

    async fn send(&self, batch: Batch) {
        for sent in self.shared.send(batch).await {
            // Nobody follows only when the agent is being torn down; the part is then refused.
            let _ = self.sent.send(sent);
        }
    }

    fn forgo(&self, items: usize) {
        // Counted once, wherever the items would have gone.
        let table = self.shared.tables.borrow();
        if let Some(sink) = table.members.first().and_then(|member| member.sink(self.signal)) {
            sink.forgo(items);
        }
    }

    fn answers_sources(&self) -> bool {
        self.shared.answers_sources
    }

    fn join_behind(&self, settings: Option<&QueueBatchSettings>) -> bool {
        let table = self.shared.tables.borrow();
        let mut sinks = table.members.iter().filter_map(|member| member.sink(self.signal));
        !table.members.is_empty() && sinks.all(|sink| sink.join_behind(settings))
    }

    fn is_failing(&self) -> bool {
        let table = self.shared.tables.borrow();
        let mut sinks = table.members.iter().filter_map(|member| member.sink(self.signal));
        sinks.all(|sink| sink.is_failing())
    }
}

impl Shared {
    /// Whether some destination would take a new batch of `signal` now.
    pub(super) fn admit(&self, signal: Signal) -> Result<(), Refusal> {
        let table = self.tables.borrow();
        if table.members.is_empty() {
            return Err(Refusal::unavailable("no destination has been found yet"));
        }
        any_admits(table.members.iter().filter_map(|member| member.sink(signal)).map(|sink| sink.admit()))
    }

    /// Deals `batch` out and sends each part; returns when the queues of their destinations have them. Without a destination it waits
    /// for one.
    pub(super) async fn send(&self, batch: Batch) -> Vec<Sent> {
        let Some(table) = self.table().await else {
            self.telemetry.lost(batch.signal(), batch.items());
            batch.refuse(&Refusal::unavailable("the agent stopped before a destination was found"));
            return Vec::new();
        };
        let signal = batch.signal();
        let parts = match self.deal(&table, &batch) {
            Ok(parts) => parts,
            Err(error) => {
                let (exporter, items) = (self.id.as_str(), batch.items());
                warn!(exporter, items, %error, "batch not dealt out, items dropped");
                self.telemetry.lost(signal, items);
                batch.refuse(&Refusal::permanent(error.to_string()));
                return Vec::new();
            }
        };
        let made: usize = parts.iter().flat_map(|part| &part.segments).map(Bytes::len).sum();
        batch.ack().charge(made.saturating_sub(batch.bytes()));
        let (_, ack) = batch.into_parts();
        let parts = parts.into_iter().zip(&table.members).filter(|(part, _)| part.items > 0);
        let sending = parts.map(|(part, member)| self.send_part(signal, part, member, ack.share()));
        let sent = join_all(sending).await;
        // Each part answers for its own share.
        ack.delivered();
        sent.into_iter().flatten().collect()
    }

    /// The destinations, as soon as there is one.
    async fn table(&self) -> Option<Arc<Table>> {
        let mut tables = self.tables.subscribe();
        let ready = |table: &Arc<Table>| !table.members.is_empty() || self.closing.is_cancelled();
        let table = tokio::select! {
            biased;
            table = tables.wait_for(ready) => Arc::clone(&*table.ok()?),
            () = self.stop.cancelled() => return None,
        };
        (!table.members.is_empty()).then_some(table)
    }

    /// The part of `batch` for each destination, in the order of the table.
    fn deal(&self, table: &Table, batch: &Batch) -> Result<Vec<Part>, Outgrown> {
        if let [_only] = table.members.as_slice() {
            return Ok(vec![Part { segments: batch.segments().to_vec(), items: batch.items() }]);
        }
        let signal = batch.signal();
        let admits = |member: &Arc<Member>| member.sink(signal).is_some_and(|sink| sink.admit().is_ok());
        let open: Vec<bool> = table.members.iter().map(admits).collect();
        let key = RoutingKey::of(self.key, signal);
        let mut router =
            Router { key, attributes: &self.attributes, ring: &table.ring, open: &open, stood_in: 0 };
        let mut dealer = Dealer::new(signal, table.members.len());
        for segment in batch.segments() {
            dealer.deal(segment, &mut router)?;
        }
        self.telemetry.stood_in(router.stood_in);
        Ok(dealer.finish())
    }

    async fn send_part(&self, signal: Signal, part: Part, member: &Arc<Member>, source: Ack) -> Option<Sent> {
        let Part { segments, items } = part;
        let segments = Segments::from_vec(segments);
        let (mut ack, receipt) = Ack::pair(self.budget.lease(0));
        if source.is_accepted() {
            ack.accepted();
        }
        let sink = member.sink(signal)?;
        sink.send(Batch::of_segments(signal, segments.clone(), items, ack)).await;
        let (label, stop) = (Arc::clone(&member.label), member.stop.clone());
        Some(Sent { label, stop, signal, segments, items, ack: source, receipt })
    }
}

impl Sent {
    /// Waits for the fate of the part. What a departed destination has not delivered comes back, to be dealt again.
    pub(super) async fn follow(mut self, shared: Arc<Shared>) -> Option<Batch> {
        if self.receipt.accepted().await.is_ok() {
            self.ack.accepted();
        }
        let result = self.receipt.delivered().await;
        shared.telemetry.outcome(&self.label, result.is_ok());
        let departed = self.stop.is_cancelled() && !shared.stop.is_cancelled();
        match result {
            Ok(()) => self.ack.delivered(),
            Err(_) if departed && !shared.closing.is_cancelled() => {
                shared.telemetry.dealt_again(self.items);
                return Some(Batch::of_segments(self.signal, self.segments, self.items, self.ack));
            }
            Err(refusal) => self.ack.refused(&refusal),
        }
        None
    }
}
