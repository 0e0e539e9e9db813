//! The numbers that the receiver reports about itself.

use edgewatch_core::telemetry::{Counter, Gauge, Telemetry};

use crate::measuring::telemetry::accepted;

/// Counts what the receiver sends, and what it finds.
pub(super) struct Sent {
    pub(super) accepted: Counter,
    pub(super) instances: Gauge,
    pub(super) malformed: Gauge,
}

impl Sent {
    pub(super) fn new(telemetry: &Telemetry) -> Self {
        Self {
            accepted: accepted(telemetry),
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
