//! The numbers that the receiver reports about itself.

use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

/// Counts what the receiver sends, and what it finds.
pub(super) struct Sent {
    pub(super) accepted: Counter,
    pub(super) instances: Gauge,
    pub(super) malformed: Gauge,
}

/// Counts what a source gives and what it cannot.
pub(super) struct Scraped {
    pub(super) scraped: Counter,
    pub(super) errored: Counter,
}

impl Sent {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            accepted: telemetry.counter(
                "otelcol_receiver_accepted_metric_points",
                "{datapoints}",
                "Number of metric points successfully pushed into the pipeline.",
            ),
            instances: telemetry.gauge(
                "edgewatch_tomcat_instances",
                "{instances}",
                "Tomcats that are followed now.",
            ),
            malformed: telemetry.gauge(
                "edgewatch_tomcat_malformed_lines",
                "{lines}",
                "Lines of the access logs of these Tomcats that do not have the format that server.xml states.",
            ),
        }
    }
}

impl Scraped {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        let telemetry = telemetry.with("scraper", "tomcat");
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
