//! The way from a request's bytes into the pipelines, the same for both protocols.

use std::sync::Arc;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::auth::{Denied, ServerAuth};
use edgewatch_core::batch::Batch;
use edgewatch_core::budget::{Budget, Lease};
use edgewatch_core::receiver::{Outlet, Outlets};
use edgewatch_core::refusal::Refusal;
use edgewatch_proto::scan::scan;
use http::HeaderMap;
use tokio::sync::mpsc;
use tracing::warn;

use super::rejection::{Kind, Rejection};
use super::telemetry::{ReceiverTelemetry, SignalCounters};

/// What the requests of one protocol share.
pub(super) struct Intake {
    outlets: Outlets,
    pub(super) budget: Budget,
    pub(super) telemetry: Arc<ReceiverTelemetry>,
    /// Decides who may send; without it everybody may.
    auth: Option<Arc<dyn ServerAuth>>,
    /// Never used; the receiver waits until all of these are gone.
    _alive: mpsc::Sender<()>,
}

impl Intake {
    pub(super) fn new(
        outlets: Outlets,
        budget: Budget,
        telemetry: Arc<ReceiverTelemetry>,
        auth: Option<Arc<dyn ServerAuth>>,
        alive: mpsc::Sender<()>,
    ) -> Self {
        Self { outlets, budget, telemetry, auth, _alive: alive }
    }

    /// Whether a request with these headers may be sent at all. Asked before anything else about it.
    pub(super) async fn authenticate(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let Some(auth) = &self.auth else { return Ok(()) };
        match auth.authenticate(headers).await {
            Ok(()) => Ok(()),
            Err(Denied::Credentials(reason)) => {
                warn!(reason, "a request was turned away for its credentials");
                Err(Rejection::new(Kind::Unauthenticated { challenge: auth.challenge() }, reason))
            }
            Err(denied @ Denied::Busy) => Err(Refusal::busy(denied.to_string()).into()),
        }
    }

    /// The pipelines for `signal`, when they would take a request now and there is memory to begin with one. Asked
    /// before a request is read.
    pub(super) fn admit(&self, signal: Signal) -> Result<&Outlet, Rejection> {
        let Some(outlet) = self.outlets.get(signal) else {
            return Err(Rejection::new(
                Kind::NotFound,
                format!("no pipeline takes {signal} from this receiver"),
            ));
        };
        if self.budget.is_crowded() {
            return Err(Rejection::no_memory());
        }
        outlet.admit()?;
        Ok(outlet)
    }

    /// Hands over one encoded request and waits until every pipeline has taken responsibility for it.
    pub(super) async fn take(
        &self,
        signal: Signal,
        outlet: &Outlet,
        request: Bytes,
        lease: Lease,
    ) -> Result<(), Rejection> {
        let scanned = scan(signal, &request)
            .map_err(|malformed| Rejection::new(Kind::Invalid, malformed.to_string()))?;
        if scanned.items == 0 {
            return Ok(());
        }
        let (ack, mut receipt) = Ack::pair(Some(lease));
        let mut waiting =
            Waiting { counters: self.telemetry.of(signal), items: scanned.items, answered: false };
        outlet.send(Batch::new(signal, request, scanned.items, ack)).await;
        let answer = receipt.accepted().await;
        waiting.answered = true;
        match answer {
            Ok(()) => {
                waiting.counters.accepted.add(scanned.items);
                Ok(())
            }
            Err(refusal) => {
                waiting.counters.refused.add(scanned.items);
                Err(refusal.into())
            }
        }
    }
}

/// Notices when the client goes away before its answer: the request's future is then dropped.
struct Waiting<'a> {
    counters: &'a SignalCounters,
    items: usize,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.counters.abandoned.add(self.items);
        }
    }
}
