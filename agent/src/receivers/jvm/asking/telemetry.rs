//! The numbers that asking reports about itself.

use edgewatch_core::telemetry::{Counter, Telemetry};

/// Counts questions and failures.
pub(super) struct Asked {
    telemetry: Telemetry,
    /// Questions that were answered.
    pub(super) answered: Counter,
    /// Logs that were switched on.
    pub(super) logs: Counter,
}

impl Asked {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            answered: telemetry.counter(
                "edgewatch_jvm_attach_answers",
                "{answers}",
                "Number of questions that JVMs have answered over their attach sockets.",
            ),
            logs: telemetry.counter(
                "edgewatch_jvm_gc_logs_switched_on",
                "{logs}",
                "Number of garbage collection logs that were switched on.",
            ),
            telemetry: telemetry.clone(),
        }
    }

    /// A question had no answer; `reason` is one of a few words.
    pub(super) fn failed(&self, reason: &'static str) {
        // Registered when it happens, so that only reasons that there are show.
        self.telemetry
            .with("reason", reason)
            .counter(
                "edgewatch_jvm_attach_failures",
                "{questions}",
                "Number of questions that JVMs have not answered, by reason.",
            )
            .add(1);
    }
}
