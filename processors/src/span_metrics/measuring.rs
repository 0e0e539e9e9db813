//! The way through the spans of a request.

use std::time::Instant;

use edgewatch_proto::view::{ExportTraceServiceRequest, Resource, Span, SpanFields};

use super::connector::SpanMetrics;
use super::families::{Families, Found, Measure};
use super::outcome::Outcome;
use super::series::{Series, Slot};
use crate::aggregation::{Key, Sample, Window, adjusted_count};

/// What a request had beside what went into series.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The newest end of a span of the resource, in nanoseconds since 1970.
    pub(super) newest: u64,
    pub(super) spans: usize,
    pub(super) negative: usize,
    pub(super) overflowed: usize,
}

/// What counts of one span.
#[derive(Clone, Copy, Debug)]
struct Measured {
    nanoseconds: u64,
    /// How many spans it stands for.
    times: u64,
    outcome: Outcome,
    sample: Option<Sample>,
}

/// What was found in attributes, kept from span to span.
struct Values<'a> {
    span: Found<'a>,
    event: Found<'a>,
}

/// What the spans of a resource have in common.
struct Place<'a> {
    families: &'a Families,
    series: &'a mut Series,
    resource: usize,
    /// What was found in the attributes of the resource.
    base: &'a [Option<&'a [u8]>],
    now: Instant,
}

impl SpanMetrics {
    /// Counts all spans of a request.
    pub(super) fn measure(&mut self, request: ExportTraceServiceRequest<'_>, now: Instant, seen: &mut Seen) {
        let none = Found::from_elem(None, self.families.wanted.len());
        let (mut base, mut found) = (none.clone(), Values { span: none.clone(), event: none });
        for resource_spans in request.resource_spans() {
            let resource = resource_spans.resource().unwrap_or_default();
            base.fill(None);
            self.families.wanted.find(resource.attributes(), &mut base);
            let Some(place) = self.place(resource, now) else { continue };
            let Self { families, series, key, pace, .. } = self;
            seen.newest = 0;
            families.join_resource(key, &base);
            let of_resource = key.len();
            let mut place = Place { families, series, resource: place, base: &base, now };
            for scope_spans in resource_spans.scope_spans() {
                key.truncate(of_resource);
                families.join_scope(key, scope_spans);
                let of_scope = key.len();
                for span in scope_spans.spans() {
                    key.truncate(of_scope);
                    place.measure(span, key, &mut found, seen);
                }
            }
            // Each process has a say, not each batch: one with a wrong clock may be in every batch.
            pace.hear(now, seen.newest);
        }
        self.key.tidy();
        self.series.tidy();
    }

    /// The place of the series of a resource. Makes room when there is none.
    fn place(&mut self, resource: Resource<'_>, now: Instant) -> Option<usize> {
        if let Some(known) = self.series.find(resource, now) {
            return Some(known);
        }
        loop {
            if let Some(added) = self.series.add(resource, &self.families, now) {
                return Some(added);
            }
            let taken = self.series.take_oldest(&self.families);
            if taken.is_empty() {
                return None;
            }
            self.telemetry.evicted.add(taken.len());
            let Some(Window { start, time }) = self.pace.window(now, 0) else { continue };
            for (key, resource) in &taken {
                let scheme = self.series.scheme.as_ref();
                self.writing.resource((key, resource), &self.families, scheme, Window { start, time });
            }
            // What comes back begins where it ended.
            self.series.fresh_start = time;
            self.pace.left(time);
        }
    }
}

impl Place<'_> {
    #[inline]
    fn measure<'a>(&mut self, span: Span<'a>, key: &mut Key, values: &mut Values<'a>, seen: &mut Seen) {
        let fields = span.fields();
        let Values { span: found, event: of_event } = values;
        found.fill(None);
        self.families.wanted.find(fields.attributes, found);
        let (start, end) = (fields.start_time_unix_nano, fields.end_time_unix_nano);
        let status = fields.status.map_or(0, |status| status.code());
        let adjusted = adjusted_count(fields.trace_state, fields.span_id);
        let nanoseconds = end.saturating_sub(start);
        // What is after the year 2262 is no time.
        seen.newest = seen.newest.max(if end > i64::MAX.unsigned_abs() { 0 } else { end });
        seen.spans += 1;
        seen.negative += usize::from(end < start);
        let measured = Measured {
            nanoseconds,
            times: adjusted.unwrap_or(1),
            outcome: self.families.codes.outcome(status, found),
            sample: self.sample(&fields, nanoseconds),
        };
        let families = self.families;
        let extrapolated = adjusted.is_some();
        let of_scope = key.len();
        let sources: [&[_]; 2] = [found, self.base];
        let hash = families.join_span(key, &fields, extrapolated, &sources);
        let common = (key.len(), hash);
        for (number, family) in families.list.iter().enumerate().filter(|(_, family)| !family.is_of_events())
        {
            let hash = families.join_family(key, family, common, status, &sources);
            self.count(number, (hash, key), &measured, seen);
        }
        let of_events = families.list.iter().enumerate().filter(|(_, family)| family.is_of_events());
        for (number, family) in of_events {
            for event in fields.events {
                of_event.fill(None);
                families.wanted.find(event.attributes(), of_event);
                // All dimensions are looked for in events as well.
                let sources: [&[_]; 3] = [found, of_event, self.base];
                key.truncate(of_scope);
                let hash = families.join_span(key, &fields, extrapolated, &sources);
                let common = (key.len(), hash);
                let hash = families.join_family(key, family, common, status, &sources);
                self.count(number, (hash, key), &measured, seen);
            }
        }
    }

    #[inline]
    fn count(&mut self, number: usize, (hash, key): (u64, &Key), measured: &Measured, seen: &mut Seen) {
        let Some(family) = self.families.list.get(number) else { return };
        let exemplars = self.series.exemplars;
        let slot = self.series.record(self.resource, (number, family), (hash, key.bytes()), self.now);
        let Some(Slot { record, scheme, overflow }) = slot else { return };
        seen.overflowed += usize::from(overflow);
        let times = measured.times;
        let [first, second] = &mut record.counts;
        let [shown, shown_second] = &mut record.exemplars;
        let shown = match family.measure {
            Measure::Operations | Measure::Calls | Measure::Events => {
                *first = first.saturating_add(times);
                shown
            }
            Measure::Durations => shown,
            Measure::Outcomes => match measured.outcome {
                Outcome::Fine => return,
                Outcome::Error => {
                    *first = first.saturating_add(times);
                    shown
                }
                Outcome::Fault => {
                    *second = second.saturating_add(times);
                    shown_second
                }
            },
        };
        if let Some(sample) = &measured.sample {
            shown.offer(sample, exemplars);
        }
        if let (Some(durations), Some(scheme)) = (&mut record.durations, scheme) {
            durations.add(scheme, measured.nanoseconds, times);
        }
    }

    /// The span as an exemplar, if there are any and it belongs to a trace.
    #[inline]
    fn sample(&self, fields: &SpanFields<'_>, nanoseconds: u64) -> Option<Sample> {
        if self.series.exemplars == 0 {
            return None;
        }
        let trace_id: [u8; 16] = fields.trace_id.try_into().ok()?;
        let span_id = fields.span_id.try_into().ok()?;
        let time = fields.end_time_unix_nano;
        (trace_id != [0; 16]).then_some(Sample { trace_id, span_id, time, nanoseconds })
    }
}
