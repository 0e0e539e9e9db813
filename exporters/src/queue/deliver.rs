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
use tracing::{info, warn};

use super::condition::Condition;
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
    telemetry: DeliveryTelemetry,
    condition: Condition,
    /// Ends attempts and waits: there is no time left.
    stop: CancellationToken,
    random: Mutex<fastrand::Rng>,
    abandoned: AtomicUsize,
}

/// What to do with a batch after an attempt.
enum Outcome {
    Done(Delivered),
    Again(Duration),
    Cut,
    GiveUp(Refusal),
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
            telemetry,
            condition: Condition::default(),
            stop,
            random: Mutex::new(random),
            abandoned: AtomicUsize::new(0),
        }
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

    /// Sends `batch`, again and in parts when needed, until the fate of all its items is known.
    pub(super) async fn deliver(&self, batch: Batch) {
        let mut allowance = Allowance::of(batch.bytes());
        let mut parts: SmallVec<[Batch; 1]> = SmallVec::from_buf([batch]);
        while let Some(part) = parts.pop() {
            if let Some((first, second)) = self.deliver_part(part, &mut allowance).await {
                parts.extend([second, first]);
            }
        }
    }

    /// Sends one part until its fate is known. Returns its halves when the destination finds it too large. What the halves have
    /// more of bytes than the part is taken off `allowance`; when that is spent, halving does not make requests smaller.
    async fn deliver_part(&self, part: Batch, allowance: &mut Allowance) -> Option<(Batch, Batch)> {
        let started = Instant::now();
        let mut backoff = Backoff::new(&self.retry);
        loop {
            match self.attempt(&part, &mut backoff, started).await {
                Outcome::Done(delivered) => {
                    self.report(&part, &delivered);
                    part.deliver();
                    return None;
                }
                Outcome::Again(wait) => {
                    self.telemetry.retries.add(1);
                    tokio::select! {
                        () = self.stop.cancelled() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                Outcome::Cut if allowance.is_spent() => {
                    let reason = "the destination finds it too large, and it hardly shrinks when it is cut: what describes its \
                        items is most of it";
                    self.give_up(part, &Refusal::permanent(reason));
                    return None;
                }
                Outcome::Cut => {
                    let bytes = part.bytes();
                    match halve(part) {
                        Ok((first, second)) => {
                            allowance.spend((first.bytes() + second.bytes()).saturating_sub(bytes));
                            return Some((first, second));
                        }
                        Err(part) => {
                            self.give_up(
                                part,
                                &Refusal::permanent("the destination finds a single item too large"),
                            );
                            return None;
                        }
                    }
                }
                Outcome::GiveUp(refusal) => {
                    self.give_up(part, &refusal);
                    return None;
                }
            }
        }
    }

    async fn attempt(&self, part: &Batch, backoff: &mut Backoff<'_>, started: Instant) -> Outcome {
        let result = tokio::select! {
            biased;
            () = self.stop.cancelled() => {
                self.abandoned.fetch_add(part.items(), Ordering::Relaxed);
                return Outcome::GiveUp(Refusal::unavailable("the agent stopped before the delivery"));
            }
            result = self.export(part) => result,
        };
        let exporter = self.id.as_str();
        match result {
            Ok(_) | Err(ExportError::Rejected { .. } | ExportError::TooLarge { .. }) => {
                self.condition.answered()
            }
            Err(ExportError::Retryable { .. }) => self.condition.failed(),
        }
        match result {
            Ok(delivered) => Outcome::Done(delivered),
            Err(error @ ExportError::Rejected { .. }) => {
                let items = part.items();
                warn!(exporter, items, %error, "delivery refused for good, items dropped");
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
        if !self.retry.enabled {
            warn!(exporter, items, %error, "delivery failed and retry_on_failure is off, items dropped");
            return Outcome::GiveUp(Refusal::unavailable(error.to_string()));
        }
        let wait = {
            let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
            backoff.next(asked, started.elapsed(), &mut random)
        };
        match wait {
            Some(wait) => {
                warn!(exporter, items, ?wait, %error, "delivery failed, trying again later");
                Outcome::Again(wait)
            }
            None => {
                warn!(exporter, items, %error, "delivery failed for max_elapsed_time, items dropped");
                Outcome::GiveUp(Refusal::unavailable(error.to_string()))
            }
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

    fn give_up(&self, part: Batch, refusal: &Refusal) {
        self.telemetry.failed.add(part.items());
        part.refuse(refusal);
    }
}
