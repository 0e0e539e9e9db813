//! Whether the memory that the configuration may take is there.

use edgewatch_core::budget::{Budget, Limits};
use edgewatch_core::telemetry::{Gauge, Telemetry};
use tracing::{info, warn};

/// The memory of this process, and what of it is promised to whom.
#[derive(Debug)]
pub(super) struct Memory {
    /// For telemetry in flight.
    pub(super) budget: Budget,
    /// What the process may use; `None` when the host does not tell.
    total: Option<usize>,
    components: Gauge,
}

impl Memory {
    /// The memory of a process that may use `total` bytes. Until a `memory_limiter` says otherwise, half of it is for telemetry in
    /// flight, so that a dead destination cannot make the system kill us.
    pub(super) fn new(total: Option<usize>, telemetry: &Telemetry) -> Self {
        let limits = total.map_or(Budget::unlimited().limits(), |total| Limits::below(total / 2));
        let components = telemetry.gauge(
            "edgewatch_memory_components_bound",
            "By",
            "Most memory that the tables and buffers of all components may take, beside telemetry in flight",
        );
        Self { budget: Budget::with_limits(limits), total, components }
    }

    /// Reports the sum of what components may hold, `bound` bytes, and warns when it does not fit: beside the memory for
    /// telemetry in flight into what this process may use, or at all into that budget.
    pub(super) fn report(&self, bound: usize) {
        self.components.set(bound as u64);
        let in_flight_bytes = self.budget.limits().hard;
        let (components_bytes, memory_bytes) = (bound, self.total.unwrap_or(usize::MAX));
        if fits(bound, in_flight_bytes, memory_bytes) {
            info!(components_bytes, in_flight_bytes, memory_bytes, "memory that may be used");
        } else {
            warn!(
                components_bytes,
                in_flight_bytes,
                memory_bytes,
                "components may take more memory than there is for them: lower their limits (such as max_connections), set \
                 memory_limiter to less, or give the agent more memory"
            );
        }
    }
}

fn fits(components: usize, in_flight: usize, memory: usize) -> bool {
    components <= in_flight && components.saturating_add(in_flight) <= memory
}

#[cfg(test)]
mod tests {
    use edgewatch_core::telemetry::Registry;
    use edgewatch_core::testing::reading;

    use super::*;

    #[test]
    fn components_and_telemetry_in_flight_must_fit_together() {
        assert!(fits(10, 40, 50));
        assert!(!fits(11, 40, 50), "more than there is");
        assert!(!fits(20, 10, 100), "more than the budget");
        assert!(fits(20, usize::MAX, usize::MAX), "nothing is known");
    }

    #[test]
    fn without_a_limiter_half_of_the_memory_is_for_telemetry_in_flight() {
        let telemetry = Telemetry::default();
        let limits = |total| Memory::new(total, &telemetry).budget.limits();
        assert_eq!(limits(Some(1000)), Limits { soft: 400, hard: 500 });
        assert_eq!(limits(None), Budget::unlimited().limits());
    }

    #[test]
    fn the_sum_is_a_metric_that_follows_the_configuration() {
        let registry = Registry::default();
        let memory = Memory::new(None, &Telemetry::new(registry.clone()));
        for bound in [7, 5] {
            memory.report(bound);
            assert_eq!(reading(&registry, "edgewatch_memory_components_bound", &[]), bound as f64);
        }
    }
}
