//! Counts as metrics.

use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::processor::Emitter;
use edgewatch_proto::encode::{self, MetricScope, Times};

use super::config::{Config, Temporality};
use super::counts::{Interval, SEVERITIES};
use super::identity::Common;
use super::processor::{ID, TEXT};
use super::services::{Service, Services};
use crate::aggregation::Pace;

pub(super) const TEMPLATE_COUNT: &str = "edgewatch.log.template.count";
pub(super) const RECORD_COUNT: &str = "edgewatch.log.record.count";
pub(super) const ERROR_SHARE: &str = "edgewatch.log.error.share";
/// The attribute with the range of severities.
pub(super) const SEVERITY: &str = "edgewatch.log.severity";

const SCOPE: &str = "edgewatch/log_templates";
/// Longest text of a template on a point.
const LONGEST_TEXT: usize = 512;
/// Most templates of one request, so that requests stay below a megabyte or two.
const AT_ONCE: usize = 2048;
/// So many records of the usual kind are added before the share of errors is told: one error at night is no wave of them.
const USUAL_RECORDS: f64 = 10.0;

/// When counts are due, and from when on they count. Nothing is due when there is no interval.
#[derive(Debug)]
pub(super) struct Flushing {
    pace: Option<Pace>,
}

impl Flushing {
    pub(super) fn new(config: &Config) -> Self {
        let interval = *config.metrics_flush_interval;
        Self { pace: (!interval.is_zero()).then(|| Pace::new(interval)) }
    }

    /// Records have come at `now`. `time`: what time they tell, in nanoseconds since 1970; zero: none.
    pub(super) fn observe(&mut self, now: Instant, time: u64) {
        if let Some(pace) = &mut self.pace {
            pace.tell(now);
            pace.observe(now, time, true);
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.pace.as_ref()?.deadline()
    }

    /// Emits all counts when they are due.
    pub(super) fn flush(
        &mut self,
        services: &mut Services,
        config: &Config,
        now: Instant,
        out: &mut Emitter,
    ) {
        let Some(pace) = &mut self.pace else { return };
        if pace.deadline().is_some_and(|due| due <= now) {
            pace.tell(now);
            emit(pace, services, config, false, out);
            pace.next(now, true);
        }
    }

    /// Emits what was not told yet: the process ends.
    pub(super) fn end(&mut self, services: &mut Services, config: &Config, out: &mut Emitter) {
        if let Some(pace) = &mut self.pace {
            emit(pace, services, config, true, out);
        }
    }
}

fn emit(pace: &mut Pace, services: &mut Services, config: &Config, last: bool, out: &mut Emitter) {
    let Some(window) = pace.told().and_then(|now| pace.window(now, 0)) else { return };
    let back = pace.is_back(window);
    pace.sent(window.time);
    let interval = Interval { since: window.start, time: window.time, last };
    for service in services.iter_mut() {
        if back || std::mem::take(&mut service.changed) {
            service.counts.restart(interval.since);
        }
        if service.common.is_known() {
            tell(service, config, interval, out);
        }
    }
}

/// Emits the counts of one service.
fn tell(service: &mut Service, config: &Config, interval: Interval, out: &mut Emitter) {
    let common = &service.common;
    let (miner, counts, surprise) = (&service.miner, &mut service.counts, &service.surprise);
    counts.look(miner);
    let ((all, errors), severities) = counts.tell_severities(config, interval);
    let usual = surprise.errors() * USUAL_RECORDS;
    let share = (all > 0).then(|| (errors as f64 + usual) / (all as f64 + USUAL_RECORDS));
    let mut rest = Some((severities, share));
    let mut templates = counts.tell(config, interval).peekable();
    let mut id_text = String::new();
    while rest.is_some() || templates.peek().is_some() {
        out.emit(batch(common, |scope| {
            sum(scope, config, TEMPLATE_COUNT, "Log records of a template.", |points| {
                for (id, times, value) in templates.by_ref().take(AT_ONCE) {
                    points.int(times, value.cast_signed(), |attributes| {
                        id_text.clear();
                        // Writing to a string does not fail.
                        let _ = write!(id_text, "{id}");
                        attributes.string(ID, &id_text);
                        if let Some(text) = miner.text(id).filter(|_text| config.add_text) {
                            attributes.string(TEXT, beginning(text));
                        }
                    });
                }
            });
            let Some((severities, share)) = rest.take() else { return };
            sum(scope, config, RECORD_COUNT, "Log records by severity.", |points| {
                for (name, told) in SEVERITIES.into_iter().zip(severities) {
                    if let Some((times, value)) = told {
                        points
                            .int(times, value.cast_signed(), |attributes| attributes.string(SEVERITY, name));
                    }
                }
            });
            let description =
                "Share of log records of severity ERROR or above in the interval, with ten more as usual.";
            scope.gauge(ERROR_SHARE, "1", description, |points| {
                if let Some(share) = share {
                    points.double(Times::at(interval.time), share, |_| {});
                }
            });
        }));
    }
}

/// Metrics of one service.
fn batch(common: &Common, fill: impl FnOnce(&mut MetricScope<'_>)) -> Batch {
    let mut buf = Vec::new();
    let points = encode::metrics(&mut buf, |request| {
        request.resource(
            "",
            |resource| common.describe(resource),
            |resource| {
                resource.scope(SCOPE, env!("CARGO_PKG_VERSION"), fill);
            },
        );
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
