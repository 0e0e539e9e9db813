//! Who has learned something, and what people are told about its file.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edgewatch_core::factory::BuildContext;
use edgewatch_core::learned::Unusable;
use edgewatch_core::probe::{Fault, Trouble};
use edgewatch_core::telemetry::{Counter, Telemetry};
use tracing::{error, info, warn};

use super::home::{Claim, Home};
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
    home: Home,
    /// The right to the place, once that is used.
    claim: Mutex<Option<Claim>>,
    /// Failures in a row.
    failures: AtomicU32,
    /// There was something to restore, and nothing has been saved since.
    unproven: AtomicBool,
    /// Nothing of what is on disk could be used, which somebody else may be able to: it is put aside rather than replaced.
    unused: AtomicBool,
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
    pub(in crate::pipeline) fn new(
        index: usize,
        owner: Owner<'_>,
        context: &BuildContext,
        home: &Home,
    ) -> Option<Self> {
        let place = Place::new(context.state_directory.as_deref()?, owner);
        let file = Arc::new(Kin {
            place,
            pipeline: owner.pipeline.map_or_else(String::new, |(id, _)| id.to_owned()),
            id: owner.id.to_owned(),
            home: home.clone(),
            claim: Mutex::default(),
            failures: AtomicU32::new(0),
            unproven: AtomicBool::new(false),
            unused: AtomicBool::new(false),
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

    /// Makes the place this process's for as long as this is there.
    ///
    /// # Errors
    ///
    /// It is another one's.
    pub(super) fn claim(&self) -> io::Result<()> {
        let mut claim = self.claim.lock().unwrap_or_else(PoisonError::into_inner);
        if claim.is_none() {
            *claim = self.home.claim(self.place.directory())?;
        }
        Ok(())
    }

    /// Makes room for what is to be saved now.
    pub(super) fn make_room(&self) {
        if self.unused.swap(false, Ordering::Relaxed) {
            let _aside = self.place.put_aside();
        }
    }

    pub(super) fn saved(&self, bytes: u64) {
        self.unproven.store(false, Ordering::Relaxed);
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

    pub(super) fn begins_to_restore(&self) {
        self.unproven.store(true, Ordering::Relaxed);
    }

    /// What came of restoring: what the file said, and how many of its parts the processor could not use.
    pub(super) fn restored(&self, outcome: &Outcome, unusable: usize, reason: Option<&Unusable>) {
        self.telemetry.lost.add(outcome.lost + unusable);
        let (pipeline, id, path) = (&self.pipeline, &self.id, self.place.path().display());
        let restored = outcome.parts.saturating_sub(unusable);
        self.unproven.store(restored > 0, Ordering::Relaxed);
        self.unused.store(restored == 0 && unusable > 0, Ordering::Relaxed);
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

    pub(super) fn not_waited_for(&self) {
        let (pipeline, id) = (&self.pipeline, &self.id);
        warn!(
            pipeline,
            id,
            "the pipeline that is replaced takes long to end; its successor goes on with what was saved before"
        );
    }

    /// At the start, so that nobody has to wait for the first time that it is to be saved.
    pub(super) fn cannot_be_saved(&self, fault: &Fault) {
        let (pipeline, id) = (&self.pipeline, &self.id);
        let Trouble { findings: error, .. } = fault.clone().warning_at("");
        warn!(pipeline, id, %error, "what is learned will be forgotten with the process; make the state directory writable or choose one with --state-directory");
    }

    pub(super) fn not_ours(&self, error: &io::Error) {
        let (pipeline, id, directory) = (&self.pipeline, &self.id, self.place.directory().display());
        warn!(pipeline, id, %directory, %error, "what is learned is neither read nor saved; give this agent another --state-directory");
    }

    /// The pipeline has failed by a mistake in its code. What it went on with may have led there, and must not lead there again.
    pub(super) fn failed(&self) {
        if !self.unproven.load(Ordering::Relaxed) {
            return;
        }
        let (pipeline, id) = (&self.pipeline, &self.id);
        let aside = self.place.put_aside().map(|path| path.display().to_string());
        error!(
            pipeline,
            id,
            aside,
            "failed soon after it went on with what had been learned; that is put aside, and learning starts anew"
        );
    }

    pub(super) fn not_read_in_time(&self, patience: Duration) {
        self.telemetry.lost.add(1);
        self.unused.store(true, Ordering::Relaxed);
        let (pipeline, id, path) = (&self.pipeline, &self.id, self.place.path().display());
        warn!(pipeline, id, %path, ?patience, "what had been learned cannot be read in time; it starts anew");
    }
}
