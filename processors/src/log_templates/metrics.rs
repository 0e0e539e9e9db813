//! Counts as metrics.

use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Emitter;
use edgewatch_proto::encode::{self, MetricScope, Times};

use super::clock::{Clock, nanos};
use super::config::{Config, Temporality};
use super::counts::Interval;
use super::processor::{ID, TEXT};
use super::services::{Service, Services};

pub(super) const TEMPLATE_COUNT: &str = "edgewatch.log.template.count";
pub(super) const RECORD_COUNT: &str = "edgewatch.log.record.count";
pub(super) const ERROR_SHARE: &str = "edgewatch.log.error.share";
/// The attribute with the range of severities.
pub(super) const SEVERITY: &str = "edgewatch.log.severity";

const SCOPE: &str = "edgewatch/log_templates";
/// Longest text of a template on a point.
const LONGEST_TEXT: usize = 512;
/// So many records of the usual kind are added before the share of errors is told: one error at night is no wave of them.
const USUAL_RECORDS: f64 = 10.0;

/// When counts are due, and from when on they count.
#[derive(Debug, Default)]
pub(super) struct Flushing {
    clock: Clock,
    due: Option<Instant>,
    /// The last moment that this was told.
    now: Option<Instant>,
    /// The end of the interval before, in nanoseconds since 1970.
    since: Option<u64>,
}

impl Flushing {
    /// Telemetry comes at `now`.
    pub(super) fn begin(&mut self, config: &Config, now: Instant) {
        self.now = Some(now);
        if self.due.is_none() && !config.metrics_flush_interval.is_zero() {
            self.due = now.checked_add(*config.metrics_flush_interval);
        }
    }

    /// A record that has just come says what time it is.
    pub(super) fn hear(&mut self, time: u64) {
        if let Some(now) = self.now {
            self.clock.hear(now, time);
            self.since = self.since.or_else(|| self.clock.time(now));
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Emits all counts when they are due.
    pub(super) fn flush(
        &mut self,
        services: &mut Services,
        config: &Config,
        now: Instant,
        out: &mut Emitter,
    ) {
        let Some(due) = self.due.filter(|due| *due <= now) else { return };
        let next = due.checked_add(*config.metrics_flush_interval).filter(|next| *next > now);
        self.due = next.or_else(|| now.checked_add(*config.metrics_flush_interval));
        self.now = Some(now);
        self.emit(services, config, now, false, out);
    }

    /// Emits what was not told yet: the process ends.
    pub(super) fn end(&mut self, services: &mut Services, config: &Config, out: &mut Emitter) {
        if let (Some(now), Some(_due)) = (self.now, self.due) {
            self.emit(services, config, now, true, out);
        }
    }

    fn emit(
        &mut self,
        services: &mut Services,
        config: &Config,
        now: Instant,
        last: bool,
        out: &mut Emitter,
    ) {
        let back = self.clock.settle();
        let (Some(time), Some(since)) = (self.clock.time(now), self.since) else { return };
        let since = if back { time.saturating_sub(nanos(*config.metrics_flush_interval)) } else { since };
        let interval = Interval { since, time: time.max(since.saturating_add(1)), last };
        self.since = Some(interval.time);
        for service in services.iter_mut() {
            if back || std::mem::take(&mut service.changed) {
                service.counts.restart(interval.since);
            }
            if service.common.is_known() {
                out.emit(batch(service, config, interval));
            }
        }
    }
}

/// The counts of one service.
fn batch(service: &mut Service, config: &Config, interval: Interval) -> Batch {
    let mut buf = Vec::new();
    let common = &service.common;
    let (miner, counts, surprise) = (&service.miner, &mut service.counts, &service.surprise);
    counts.look(miner);
    let points = encode::metrics(&mut buf, |request| {
        request.resource("", |resource| common.describe(resource), |resource| {
            resource.scope(SCOPE, env!("CARGO_PKG_VERSION"), |scope| {
                let mut id_text = String::new();
                sum(scope, config, TEMPLATE_COUNT, "Log records of a template.", |points| {
                    counts.tell(config, interval, |id, times, value| {
                        points.int(times, value.cast_signed(), |attributes| {
                            id_text.clear();
                            // Writing to a string does not fail.
                            let _ = write!(id_text, "{id}");
                            attributes.string(ID, &id_text);
                            if let Some(text) = miner.text(id).filter(|_text| config.add_text) {
                                attributes.string(TEXT, beginning(text));
                            }
                        });
                    });
                });
                let mut share = None;
                sum(scope, config, RECORD_COUNT, "Log records by severity.", |points| {
                    let ((all, errors), told) = counts.tell_severities(config, interval);
                    let usual = surprise.errors() * USUAL_RECORDS;
                    share = (all > 0).then(|| (errors as f64 + usual) / (all as f64 + USUAL_RECORDS));
                    for (name, told) in told {
                        if let Some((times, value)) = told {
                            points.int(times, value.cast_signed(), |attributes| attributes.string(SEVERITY, name));
                        }
                    }
                });
                let description = "Share of log records of severity ERROR or above in the interval, with ten more as usual.";
                scope.gauge(ERROR_SHARE, "1", description, |points| {
                    if let Some(share) = share {
                        points.double(Times::at(interval.time), share, |_| {});
                    }
                });
            });
        });
    });
    Batch::new(Signal::Metrics, Bytes::from(buf), points, Ack::none())
}

fn sum(
    scope: &mut MetricScope<'_>,
    config: &Config,
    name: &str,
    description: &str,
    fill: impl FnOnce(&mut encode::Points<'_>),
) {
    let temporality = match config.aggregation_temporality {
        Temporality::Cumulative => encode::Temporality::Cumulative,
        Temporality::Delta => encode::Temporality::Delta,
    };
    scope.sum(name, "{record}", description, temporality, true, fill);
}

/// The beginning of a text that is too long for every point.
fn beginning(text: &str) -> &str {
    let end = (0..=LONGEST_TEXT).rev().find(|&end| text.is_char_boundary(end));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
