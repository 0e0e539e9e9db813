//! Whether the memory that the configuration may take is there.

use edgewatch_core::budget::{Budget, Limits};
use edgewatch_core::telemetry::{Description, Kind, Telemetry};
use tracing::{info, warn};

const COMPONENTS: Description = Description {
    name: "edgewatch_memory_components_bound",
    unit: "By",
    help: "Most memory that the tables and buffers of all components may take, beside telemetry in flight",
};

/// The budget of a process that may use `total` bytes, until a `memory_limiter` says otherwise: half of it, so that a dead
/// destination cannot make the system kill us.
pub(super) fn budget(total: Option<usize>) -> Budget {
    Budget::with_limits(total.map_or(Budget::unlimited().limits(), |total| Limits::below(total / 2)))
}

/// Reports the sum of what components may hold (`bound` bytes), and warns when it does not fit: beside the memory for telemetry in
/// flight into what this process may use (`total` bytes), or at all into that budget.
pub(super) fn report(bound: usize, budget: &Budget, total: Option<usize>, telemetry: &Telemetry) {
    telemetry.observe(COMPONENTS, Kind::Gauge, move || bound as f64);
    let in_flight_bytes = budget.limits().hard;
    let (components_bytes, memory_bytes) = (bound, total.unwrap_or(usize::MAX));
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
        assert_eq!(budget(Some(1000)).limits(), Limits { soft: 400, hard: 500 });
        assert_eq!(budget(None).limits(), Budget::unlimited().limits());
    }

    #[test]
    fn the_sum_is_a_metric() {
        let registry = Registry::default();
        report(7, &Budget::new(10), None, &Telemetry::new(registry.clone()));
        assert_eq!(reading(&registry, "edgewatch_memory_components_bound", &[]), 7.0);
    }
}
