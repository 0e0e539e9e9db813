//! The numbers that the receiver reports about itself.

use edgewatch_core::telemetry::{Counter, Telemetry};

/// Counts what the receiver sends.
pub(super) struct Sent {
    pub(super) accepted: Counter,
}

/// Counts what a scraper gives and what it cannot.
pub(super) struct Scraped {
    pub(super) scraped: Counter,
    pub(super) errored: Counter,
}

impl Sent {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let accepted = telemetry.counter(
            "otelcol_receiver_accepted_metric_points",
            "{datapoints}",
            "Number of metric points successfully pushed into the pipeline.",
        );
        Self { accepted }
    }
}

impl Scraped {
    pub(super) fn new(telemetry: &Telemetry, scraper: &'static str) -> Self {
        let telemetry = telemetry.with("scraper", scraper);
        Self {
            scraped: telemetry.counter(
                "otelcol_scraper_scraped_metric_points",
                "{datapoints}",
                "Number of metric points successfully scraped.",
            ),
            errored: telemetry.counter(
                "otelcol_scraper_errored_metric_points",
                "{datapoints}",
                "Number of metric points that were unable to be scraped.",
            ),
        }
    }
}
