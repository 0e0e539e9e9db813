//! Collects requests until there are enough or they have waited long enough.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use edgewatch_tests::Signal;

use super::outlet::Outlet;

/// `send_batch_size` of the batch processor.
const SEND_AT: u64 = 8192;
/// `timeout` of the batch processor.
const MAX_DELAY: Duration = Duration::from_millis(200);

/// One batch for each signal.
pub(super) struct Batches {
    traces: Mutex<Batch>,
    metrics: Mutex<Batch>,
    logs: Mutex<Batch>,
    outlet: Arc<Outlet>,
}

#[derive(Default)]
struct Batch {
    /// Distinguishes this batch from the ones before it.
    generation: u64,
    items: u64,
    pieces: Vec<Bytes>,
}

impl Batch {
    fn take(&mut self) -> Vec<Bytes> {
        self.generation += 1;
        self.items = 0;
        let capacity = self.pieces.capacity();
        mem::replace(&mut self.pieces, Vec::with_capacity(capacity))
    }
}

impl Batches {
    pub(super) fn new(outlet: Outlet) -> Self {
        let [traces, metrics, logs] = [(); 3].map(|()| Mutex::default());
        Self { traces, metrics, logs, outlet: Arc::new(outlet) }
    }

    /// Adds one request; waits only when too many batches are under way.
    pub(super) async fn push(self: &Arc<Self>, signal: Signal, items: u64, pieces: Vec<Bytes>) {
        let full = {
            let mut batch = self.batch(signal);
            if batch.pieces.is_empty() {
                tokio::spawn(Arc::clone(self).flush_later(signal, batch.generation));
            }
            batch.items += items;
            batch.pieces.extend(pieces);
            (batch.items >= SEND_AT).then(|| batch.take())
        };
        if let Some(pieces) = full {
            Arc::clone(&self.outlet).send(signal, pieces).await;
        }
    }

    async fn flush_later(self: Arc<Self>, signal: Signal, generation: u64) {
        tokio::time::sleep(MAX_DELAY).await;
        let due = {
            let mut batch = self.batch(signal);
            (batch.generation == generation).then(|| batch.take())
        };
        if let Some(pieces) = due {
            Arc::clone(&self.outlet).send(signal, pieces).await;
        }
    }

    fn batch(&self, signal: Signal) -> std::sync::MutexGuard<'_, Batch> {
        let batch = match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        };
        batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
