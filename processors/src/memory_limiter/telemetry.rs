use edgewatch_core::Signal;
use edgewatch_core::telemetry::{Counter, Telemetry};

/// What the processor reports about itself, under the Collector's names.
#[derive(Debug)]
pub(super) struct LimiterTelemetry {
    spans: Outcome,
    points: Outcome,
    records: Outcome,
}

#[derive(Debug)]
struct Outcome {
    accepted: Counter,
    refused: Counter,
}

impl LimiterTelemetry {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            spans: Outcome {
                accepted: telemetry.counter(
                    "otelcol_processor_accepted_spans",
                    "{spans}",
                    "Number of spans successfully pushed into the next component in the pipeline.",
                ),
                refused: telemetry.counter(
                    "otelcol_processor_refused_spans",
                    "{spans}",
                    "Number of spans refused because memory was scarce.",
                ),
            },
            points: Outcome {
                accepted: telemetry.counter(
                    "otelcol_processor_accepted_metric_points",
                    "{datapoints}",
                    "Number of metric points successfully pushed into the next component in the pipeline.",
                ),
                refused: telemetry.counter(
                    "otelcol_processor_refused_metric_points",
                    "{datapoints}",
                    "Number of metric points refused because memory was scarce.",
                ),
            },
            records: Outcome {
                accepted: telemetry.counter(
                    "otelcol_processor_accepted_log_records",
                    "{records}",
                    "Number of log records successfully pushed into the next component in the pipeline.",
                ),
                refused: telemetry.counter(
                    "otelcol_processor_refused_log_records",
                    "{records}",
                    "Number of log records refused because memory was scarce.",
                ),
            },
        }
    }

    pub(super) fn accepted(&self, signal: Signal, items: usize) {
        self.of(signal).accepted.add(items);
    }

    pub(super) fn refused(&self, signal: Signal, items: usize) {
        self.of(signal).refused.add(items);
    }

    fn of(&self, signal: Signal) -> &Outcome {
        match signal {
            Signal::Traces => &self.spans,
            Signal::Metrics => &self.points,
            Signal::Logs => &self.records,
        }
    }
}
