use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

use super::miner::Event;

/// What the processor reports about itself.
#[derive(Debug)]
pub(super) struct TemplatesTelemetry {
    new: Counter,
    merged: Counter,
    forgotten: Counter,
    dropped: Counter,
    surprising: Counter,
    templates: Gauge,
}

impl TemplatesTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            new: telemetry.counter(
                "edgewatch_processor_log_templates_new",
                "{templates}",
                "Templates seen for the first time.",
            ),
            merged: telemetry.counter(
                "edgewatch_processor_log_templates_merged",
                "{templates}",
                "Templates that turned out to be a case of another one.",
            ),
            forgotten: telemetry.counter(
                "edgewatch_processor_log_templates_forgotten",
                "{templates}",
                "Templates forgotten to make room for others.",
            ),
            dropped: telemetry.counter(
                "edgewatch_processor_log_templates_dropped_records",
                "{records}",
                "Log records dropped because many of the same template came.",
            ),
            surprising: telemetry.counter(
                "edgewatch_processor_log_templates_surprising_records",
                "{records}",
                "Log records whose template was new or rare and less likely than surprise_below.",
            ),
            templates: telemetry.gauge(
                "edgewatch_processor_log_templates_known",
                "{templates}",
                "Templates known now, of all services.",
            ),
        }
    }

    pub(super) fn note(&self, event: &Event) {
        match event {
            Event::New { .. } => self.new.add(1),
            Event::Merged { .. } => self.merged.add(1),
            Event::Forgotten { .. } => self.forgotten.add(1),
        }
    }

    pub(super) fn dropped(&self, records: usize) {
        self.dropped.add(records);
    }

    pub(super) fn surprising(&self) {
        self.surprising.add(1);
    }

    pub(super) fn known(&self, templates: usize) {
        self.templates.set(templates as u64);
    }
}
