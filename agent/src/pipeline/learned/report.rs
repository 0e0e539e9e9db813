//! Who has learned something, and what people are told about its file.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use edgewatch_core::factory::BuildContext;
use edgewatch_core::learned::Unusable;
use edgewatch_core::telemetry::{Counter, Telemetry};
use tracing::{info, warn};

use super::place::{Outcome, Owner, Place};

/// Of failures in a row the first is told, and then one in so many: one an hour.
const TOLD: u32 = 12;

/// A processor or connector of which something is kept.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct Kept {
    /// Its number in the chain.
    pub(super) index: usize,
    pub(super) file: Arc<Kin>,
}

/// What its helper threads share with it.
#[derive(Debug)]
pub(super) struct Kin {
    pub(super) place: Place,
    pipeline: String,
    id: String,
    /// Failures in a row.
    failures: AtomicU32,
    telemetry: LearnedTelemetry,
}

#[derive(Debug)]
struct LearnedTelemetry {
    saved: Counter,
    failed: Counter,
    lost: Counter,
}

impl LearnedTelemetry {
    fn new(telemetry: &Telemetry) -> Self {
        Self {
            saved: telemetry.counter(
                "edgewatch_learned_saved_bytes",
                "By",
                "Bytes of learned state written to the state directory.",
            ),
            failed: telemetry.counter(
                "edgewatch_learned_failed_saves",
                "{saves}",
                "Times that learned state could not be written to the state directory.",
            ),
            lost: telemetry.counter(
                "edgewatch_learned_lost_parts",
                "{parts}",
                "Parts of learned state on disk that could not be restored, at least.",
            ),
        }
    }
}

impl Kept {
    /// The processor number `index` of a chain, which is built in `context`; `None` when there is no state directory.
    pub(in crate::pipeline) fn new(index: usize, owner: Owner<'_>, context: &BuildContext) -> Option<Self> {
        let place = Place::new(context.state_directory.as_deref()?, owner);
        let file = Arc::new(Kin {
            place,
            pipeline: owner.pipeline.map_or_else(String::new, |(id, _)| id.to_owned()),
            id: owner.id.to_owned(),
            failures: AtomicU32::new(0),
            telemetry: LearnedTelemetry::new(&context.telemetry),
        });
        Some(Self { index, file })
    }
}

impl Kin {
    /// Whether the present state is not on disk although it should be.
    pub(super) fn is_behind(&self) -> bool {
        self.failures.load(Ordering::Relaxed) > 0
    }

    pub(super) fn saved(&self, bytes: u64) {
        self.telemetry.saved.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        if self.failures.swap(0, Ordering::Relaxed) > 0 {
            let (pipeline, id) = (&self.pipeline, &self.id);
            info!(pipeline, id, "what has been learned is saved again");
        }
    }

    pub(super) fn not_saved(&self, error: &io::Error) {
        self.telemetry.failed.add(1);
        if self.failures.fetch_add(1, Ordering::Relaxed).is_multiple_of(TOLD) {
            let (pipeline, id, path) = (&self.pipeline, &self.id, self.place.path().display());
            warn!(pipeline, id, %path, %error, "cannot save what has been learned; what was saved before is kept, and telemetry goes on");
        }
    }

    /// What came of restoring: what the file said, and how many of its parts the processor could not use.
    pub(super) fn restored(&self, outcome: &Outcome, unusable: usize, reason: Option<&Unusable>) {
        self.telemetry.lost.add(outcome.lost + unusable);
        let (pipeline, id, path) = (&self.pipeline, &self.id, self.place.path().display());
        let restored = outcome.parts.saturating_sub(unusable);
        if let Some(reason) = &outcome.reason {
            let (lost, aside) =
                (outcome.lost, outcome.aside.as_deref().map(|path| path.display().to_string()));
            warn!(pipeline, id, %path, reason, lost, restored, aside, "what had been learned is not all there; the rest starts anew");
        }
        if let Some(reason) = reason {
            warn!(pipeline, id, %path, %reason, lost = unusable, restored, "parts of what had been learned cannot be used; they start anew");
        }
        if outcome.reason.is_none() && reason.is_none() && restored > 0 {
            info!(pipeline, id, parts = restored, "goes on with what had been learned");
        }
    }

    pub(super) fn not_read_in_time(&self, patience: Duration) {
        self.telemetry.lost.add(1);
        let (pipeline, id, path) = (&self.pipeline, &self.id, self.place.path().display());
        warn!(pipeline, id, %path, ?patience, "what had been learned cannot be read in time; it starts anew");
    }
}
