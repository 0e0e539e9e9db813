//! The numbers of the exporter as a whole; what its destinations do together has the numbers of any exporter.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// Most endpoints that numbers are kept for one by one. Counters outlive what they count, and a name may have had any number of
/// addresses.
const MOST_ENDPOINTS: usize = 1024;

/// Resolutions, destinations, and what became of what was sent to each.
pub(super) struct BalancerTelemetry {
    telemetry: Telemetry,
    resolved: Counter,
    failed: Counter,
    pub(super) updates: Counter,
    pub(super) members: Gauge,
    pub(super) too_many: Counter,
    stood_in: Counter,
    dealt_again: Counter,
    lost: [Counter; 3],
    /// By label: success and failure.
    outcomes: Mutex<BTreeMap<String, [Counter; 2]>>,
}

impl BalancerTelemetry {
    pub(super) fn new(telemetry: &Telemetry, resolver: &'static str) -> Self {
        let by_resolver = telemetry.with("resolver", resolver);
        let resolutions = |success: &str| {
            by_resolver.with("success", success).counter(
                "otelcol_loadbalancer_num_resolutions",
                "{resolutions}",
                "Number of times the resolver has triggered new resolutions.",
            )
        };
        let lost = |name| telemetry.counter(name, "{items}", "Items that were given up.");
        Self {
            resolved: resolutions("true"),
            failed: resolutions("false"),
            updates: by_resolver.counter(
                "otelcol_loadbalancer_num_backend_updates",
                "{updates}",
                "Number of times the list of backends was updated.",
            ),
            members: by_resolver.gauge(
                "otelcol_loadbalancer_num_backends",
                "{backends}",
                "Current number of backends in use.",
            ),
            too_many: by_resolver.counter(
                "edgewatch_loadbalancer_ignored_backends",
                "{backends}",
                "Backends that a resolution found beyond the most that are used.",
            ),
            stood_in: telemetry.counter(
                "edgewatch_loadbalancer_stood_in",
                "{assignments}",
                "Assignments to the next backend on the ring because the one that they belong to was full.",
            ),
            dealt_again: telemetry.counter(
                "edgewatch_loadbalancer_dealt_again_items",
                "{items}",
                "Items that a departed backend had not delivered and others got.",
            ),
            lost: [
                lost("otelcol_exporter_send_failed_spans"),
                lost("otelcol_exporter_send_failed_metric_points"),
                lost("otelcol_exporter_send_failed_log_records"),
            ],
            telemetry: telemetry.clone(),
            outcomes: Mutex::default(),
        }
    }

    pub(super) fn resolved(&self, success: bool) {
        if success { &self.resolved } else { &self.failed }.add(1);
    }

    pub(super) fn stood_in(&self, assignments: usize) {
        self.stood_in.add(assignments);
    }

    pub(super) fn dealt_again(&self, items: usize) {
        self.dealt_again.add(items);
    }

    /// Items that no destination was even asked for.
    pub(super) fn lost(&self, signal: Signal, items: usize) {
        let [traces, metrics, logs] = &self.lost;
        match signal {
            Signal::Traces => traces.add(items),
            Signal::Metrics => metrics.add(items),
            Signal::Logs => logs.add(items),
        }
    }

    /// What became of a part that was sent to the endpoint with this label.
    pub(super) fn outcome(&self, label: &str, success: bool) {
        let outcomes = self.outcomes();
        if let Some([good, bad]) = outcomes.get(label) {
            if success { good } else { bad }.add(1);
        }
    }

    /// The label under which `endpoint` is counted.
    pub(super) fn label(&self, endpoint: &str) -> String {
        let mut outcomes = self.outcomes();
        let known = outcomes.len() < MOST_ENDPOINTS || outcomes.contains_key(endpoint);
        let label = if known { endpoint } else { "other" };
        outcomes.entry(label.to_owned()).or_insert_with(|| self.outcomes_of(label));
        label.to_owned()
    }

    fn outcomes(&self) -> MutexGuard<'_, BTreeMap<String, [Counter; 2]>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outcomes_of(&self, endpoint: &str) -> [Counter; 2] {
        ["true", "false"].map(|success| {
            self.telemetry.with("endpoint", endpoint).with("success", success).counter(
                "otelcol_loadbalancer_backend_outcome",
                "{outcomes}",
                "Number of successes and failures for each endpoint.",
            )
        })
    }
}
