//! Editing the requests of a batch.

use bytes::Bytes;
use edgewatch_core::batch::{Batch, Segments};
use edgewatch_core::processor::ProcessError;
use edgewatch_core::refusal::Refusal;
use edgewatch_core::telemetry::{Counter, Telemetry};
use edgewatch_proto::scan::scan;
use edgewatch_proto::splice::Outgrown;

/// Edits batches, and turns away what an edit would blow up.
#[derive(Debug)]
pub(crate) struct Rewriting {
    outgrown: Counter,
}

impl Rewriting {
    pub(crate) fn new(telemetry: &Telemetry) -> Self {
        let help = "Items of requests that an edit would have made more than 20 MiB larger";
        Self { outgrown: telemetry.counter("edgewatch_processor_outgrown_items", "{items}", help) }
    }

    /// Lets `edit` replace encoded requests of `batch`; `None` leaves a request as it is.
    ///
    /// A request that the edit would blow up is refused when it is all there is; among others it is dropped and counted, since
    /// they must not be lost with it.
    pub(crate) fn rewrite(
        &self,
        mut batch: Batch,
        mut edit: impl FnMut(&Bytes) -> Result<Option<Bytes>, Outgrown>,
    ) -> Result<Batch, ProcessError> {
        let mut changed = false;
        let mut items = batch.items();
        let mut segments = Segments::with_capacity(batch.segments().len());
        for segment in batch.segments() {
            match edit(segment) {
                Ok(None) => segments.push(segment.clone()),
                Ok(Some(edited)) => {
                    changed = true;
                    segments.push(edited);
                }
                Err(Outgrown) => {
                    changed = true;
                    let lost = scan(batch.signal(), segment).map_or(0, |scan| scan.items);
                    self.outgrown.add(lost);
                    items = items.saturating_sub(lost);
                }
            }
        }
        if segments.is_empty() {
            return Err(ProcessError::new(batch, Refusal::permanent(Outgrown.to_string())));
        }
        if changed {
            batch.replace(segments, items);
        }
        Ok(batch)
    }
}
