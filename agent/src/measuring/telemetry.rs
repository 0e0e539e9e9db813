//! The numbers that receivers that measure report about themselves, under the Collector's names.

use edgewatch_core::telemetry::{Counter, Telemetry};

/// Counts the points that a receiver sends.
pub(crate) fn accepted(telemetry: &Telemetry) -> Counter {
    telemetry.counter(
        "otelcol_receiver_accepted_metric_points",
        "{datapoints}",
        "Number of metric points successfully pushed into the pipeline.",
    )
}

/// Counts what a scraper gives and what it cannot.
pub(crate) struct Scraped {
    pub(crate) scraped: Counter,
    pub(crate) errored: Counter,
}

impl Scraped {
    /// The counters of `scraper`.
    pub(crate) fn new(telemetry: &Telemetry, scraper: &'static str) -> Self {
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
