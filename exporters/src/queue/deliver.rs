//! One batch on its way to the destination: attempts, waits, parts, and what its senders are told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::{Delivery, RetrySettings};
use edgewatch_core::exporter::{Delivered, ExportError, Exporter};
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::split::Allowance;
use smallvec::SmallVec;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::condition::Condition;
use super::dead_letter::DeadLetters;
use super::outage::Outage;
use super::split::halve;
use super::telemetry::DeliveryTelemetry;
use crate::retry::Backoff;

/// Delivers the batches of one signal.
pub(super) struct Deliverer {
    pub(super) exporter: Arc<dyn Exporter>,
    pub(super) id: String,
    /// Longest time for one attempt; zero: no limit.
    timeout: Duration,
    retry: RetrySettings,
    /// Longest time that a batch is tried for; `None`: for ever.
    give_up_after: Option<Duration>,
    telemetry: DeliveryTelemetry,
    condition: Condition,
    outage: Outage,
    /// Ends attempts and waits: there is no time left.
    stop: CancellationToken,
    /// For what lies in a storage: when this fires, what fails is left there rather than tried again.
    leave: Option<CancellationToken>,
    /// Where what is given up is kept.
    dead_letters: Option<Arc<DeadLetters>>,
    random: Mutex<fastrand::Rng>,
    abandoned: AtomicUsize,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub(super) enum Fate {
    /// The destination has it, or it was given up and counted.
    Sealed,
    /// The destination may not have all of it; the storage still has it.
    Left,
}

/// What to do with a batch after an attempt.
enum Outcome {
    Done(Delivered),
    Again(Duration),
    Cut,
    Leave,
    GiveUp(Refusal),
}

/// What to do when a part has been dealt with.
enum Then {
    Go,
    Send(Batch, Batch),
    Leave,
}

impl Deliverer {
    pub(super) fn new(
        exporter: Arc<dyn Exporter>,
        id: &str,
        delivery: &Delivery,
        telemetry: DeliveryTelemetry,
        stop: CancellationToken,
        random: fastrand::Rng,
    ) -> Self {
        Self {
            exporter,
            id: id.to_owned(),
            timeout: delivery.timeout.get(),
            retry: delivery.retry.clone(),
            give_up_after: delivery.give_up_after(),
            telemetry,
            condition: Condition::default(),
            outage: Outage::default(),
            stop,
            leave: None,
            dead_letters: None,
            random: Mutex::new(random),
            abandoned: AtomicUsize::new(0),
        }
    }

    /// The same for what lies in a storage; see [`Deliverer::leave`].
    pub(super) fn leaving(mut self, leave: CancellationToken) -> Self {
        self.leave = Some(leave);
        self
    }

    /// The same, keeping what is given up.
    pub(super) fn keeping(mut self, dead_letters: Option<Arc<DeadLetters>>) -> Self {
        self.dead_letters = dead_letters;
        self
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub(super) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Whether the destination works, for the sink to tell.
    pub(super) const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Items that were given up because there was no time left.
    pub(super) fn abandoned(&self) -> usize {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Counts items that were not handed over because the agent stops.
    pub(super) fn forgo(&self, items: usize) {
        self.telemetry.failed.add(items);
    }

    /// Sends `batch`, again and in parts when needed, until the fate of all its items is known, or it is left in its storage.
    pub(super) async fn deliver(&self, batch: Batch) -> Fate {
        let mut allowance = Allowance::of(batch.bytes());
        let mut parts: SmallVec<[Batch; 1]> = SmallVec::from_buf([batch]);
        while let Some(part) = parts.pop() {
            match self.deliver_part(part, &mut allowance).await {
                Then::Go => {}
                Then::Send(first, second) => parts.extend([second, first]),
                Then::Leave => return Fate::Left,
            }
        }
        Fate::Sealed
    }

    /// Sends one part until its fate is known, or it is cut because the destination finds it too large. What the halves have
    /// more of bytes than the part is taken off `allowance`; when that is spent, halving does not make requests smaller.
    async fn deliver_part(&self, part: Batch, allowance: &mut Allowance) -> Then {
        let started = Instant::now();
        let mut backoff = Backoff::new(&self.retry, self.give_up_after);
        loop {
            match self.attempt(&part, &mut backoff, started).await {
                Outcome::Done(delivered) => {
                    self.report(&part, &delivered);
                    part.deliver();
                    return Then::Go;
                }
                Outcome::Again(wait) => {
                    self.telemetry.retries.add(1);
                    tokio::select! {
                        () = self.stop.cancelled() => {}
                        () = self.left() => return Then::Leave,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                Outcome::Cut if allowance.is_spent() => {
                    let reason = "the destination finds it too large, and it hardly shrinks when it is cut: what describes its \
                        items is most of it";
                    self.give_up(part, &Refusal::permanent(reason)).await;
                    return Then::Go;
                }
                Outcome::Cut => {
                    let bytes = part.bytes();
                    match halve(part) {
                        Ok((first, second)) => {
                            allowance.spend((first.bytes() + second.bytes()).saturating_sub(bytes));
                            return Then::Send(first, second);
                        }
                        Err(part) => {
                            let refusal = Refusal::permanent("the destination finds a single item too large");
                            self.give_up(part, &refusal).await;
                            return Then::Go;
                        }
                    }
                }
                Outcome::Leave => return Then::Leave,
                Outcome::GiveUp(refusal) => {
                    self.give_up(part, &refusal).await;
                    return Then::Go;
                }
            }
        }
    }

    /// Completes when what fails is to be left where it lies.
    async fn left(&self) {
        match &self.leave {
            Some(leave) => leave.cancelled().await,
            None => std::future::pending().await,
        }
    }

    async fn attempt(&self, part: &Batch, backoff: &mut Backoff<'_>, started: Instant) -> Outcome {
        let result = tokio::select! {
            biased;
            () = self.stop.cancelled() => {
                if self.leave.is_some() {
                    return Outcome::Leave;
                }
                self.abandoned.fetch_add(part.items(), Ordering::Relaxed);
                return Outcome::GiveUp(Refusal::unavailable("the agent stopped before the delivery"));
            }
            result = self.export(part) => result,
        };
        let exporter = self.id.as_str();
        match result {
            Ok(_) | Err(ExportError::Rejected { .. } | ExportError::TooLarge { .. }) => {
                self.condition.answered();
                if let Some(outage) = self.outage.answered(Instant::now()) {
                    info!(exporter, outage = %written(outage), "the destination answers again");
                }
            }
            Err(ExportError::Retryable { .. }) => self.condition.failed(),
        }
        match result {
            Ok(delivered) => Outcome::Done(delivered),
            Err(error @ ExportError::Rejected { .. }) => {
                let items = part.items();
                let then = self.what_then();
                warn!(exporter, items, %error, "delivery refused for good, items {then}");
                Outcome::GiveUp(Refusal::permanent(error.to_string()))
            }
            Err(error @ ExportError::TooLarge { .. }) => {
                let (items, bytes) = (part.items(), part.bytes());
                info!(exporter, items, bytes, %error, "request too large, sending its halves");
                Outcome::Cut
            }
            Err(ref error @ ExportError::Retryable { retry_after, .. }) => {
                self.after_failure(part, error, retry_after, backoff, started)
            }
        }
    }

    async fn export(&self, part: &Batch) -> Result<Delivered, ExportError> {
        if self.timeout.is_zero() {
            return self.exporter.export(part).await;
        }
        match tokio::time::timeout(self.timeout, self.exporter.export(part)).await {
            Ok(result) => result,
            Err(_elapsed) => Err(ExportError::Retryable {
                destination: self.id.clone(),
                retry_after: None,
                reason: format!(
                    "no answer within {}; raise timeout if it needs longer",
                    edgewatch_core::config::Duration::from(self.timeout)
                ),
            }),
        }
    }

    fn after_failure(
        &self,
        part: &Batch,
        error: &ExportError,
        asked: Option<Duration>,
        backoff: &mut Backoff<'_>,
        started: Instant,
    ) -> Outcome {
        let (exporter, items) = (self.id.as_str(), part.items());
        if self.leave.as_ref().is_some_and(CancellationToken::is_cancelled) {
            info!(exporter, items, %error, "delivery failed, left in the queue on disk");
            return Outcome::Leave;
        }
        if !self.retry.enabled {
            let then = self.what_then();
            warn!(exporter, items, %error, "delivery failed and retry_on_failure is off, items {then}");
            return Outcome::GiveUp(Refusal::unavailable(error.to_string()));
        }
        let wait = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            backoff.next(asked, started.elapsed(), &mut random)
        };
        match wait {
            Some(wait) => {
                match self.outage.failed(Instant::now()) {
                    Some(outage) if outage.is_zero() => {
                        warn!(exporter, items, wait = %written(wait), %error, "delivery failed, trying again later");
                    }
                    Some(outage) => {
                        let (wait, outage) = (written(wait), written(outage));
                        warn!(exporter, items, %wait, %outage, %error, "delivery still fails, trying again later");
                    }
                    None => debug!(exporter, items, wait = %written(wait), %error, "delivery failed"),
                }
                Outcome::Again(wait)
            }
            None => {
                let then = self.what_then();
                warn!(exporter, items, %error, "delivery failed for max_elapsed_time, items {then}");
                Outcome::GiveUp(Refusal::unavailable(error.to_string()))
            }
        }
    }

    /// What becomes of items that are given up, for the log.
    const fn what_then(&self) -> &'static str {
        match self.dead_letters {
            Some(_) => "kept as dead letters",
            None => "dropped",
        }
    }

    fn report(&self, part: &Batch, delivered: &Delivered) {
        let rejected = delivered.rejected.min(part.items());
        self.telemetry.sent.add(part.items() - rejected);
        self.telemetry.rejected.add(rejected);
        if rejected > 0 {
            warn!(exporter = self.id, rejected, message = delivered.message, "destination rejected a part");
        } else if !delivered.message.is_empty() {
            warn!(
                exporter = self.id,
                message = delivered.message,
                "destination took the request with a warning"
            );
        }
    }

    async fn give_up(&self, part: Batch, refusal: &Refusal) {
        self.telemetry.failed.add(part.items());
        if let Some(dead_letters) = &self.dead_letters {
            dead_letters.keep(&part, refusal).await;
        }
        part.refuse(refusal);
    }
}

/// `time` as people write it, to the millisecond.
fn written(time: Duration) -> edgewatch_core::config::Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).into()
}
