//! Going through requests and writing the parts.

use std::ops::Range;

use bytes::Bytes;

use super::outs::Outs;
use super::plan::{Assign, Element, Group, Plan, To};
use crate::Signal;
use crate::splice::Outgrown;
use crate::split::{count_items, effective_data, is_data, points, put_others};
use crate::view::ResourceItems;
use crate::wire::child::Child;
use crate::wire::{Fields, NestedMessage};

/// Field of the request that holds its resources.
pub(super) const RESOURCES: u32 = 1;
/// Field of `Resource*` that holds its scopes.
pub(super) const SCOPES: u32 = 2;
/// Field of `Scope*` that holds spans, metrics or log records.
pub(super) const ELEMENTS: u32 = 2;
/// Field of `Gauge`, `Sum` and the others that holds the data points.
const POINTS: u32 = 1;

/// Resources that stand together and go to the same part are sliced from this size on; shorter ones are copied, since every slice
/// has a cost of its own on the way out.
const SLICE_FROM: usize = 4096;

/// What one part got; its segments joined are a complete request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Part {
    /// Encoded requests.
    pub segments: Vec<Bytes>,
    /// Items in them.
    pub items: usize,
}

/// Deals requests of one signal out to a number of parts.
#[derive(Debug)]
pub struct Dealer {
    signal: Signal,
    parts: usize,
    outs: Outs,
    plan: Plan,
    /// Where the last thing went.
    home: Option<usize>,
}

/// Whole fields of a request that go to one part.
struct Run {
    part: Option<usize>,
    range: Range<usize>,
    items: usize,
}

impl Dealer {
    /// For `parts` parts.
    #[must_use]
    pub fn new(signal: Signal, parts: usize) -> Self {
        Self { signal, parts, outs: Outs::new(parts), plan: Plan::default(), home: None }
    }

    /// Deals one more request.
    ///
    /// # Errors
    ///
    /// [`Outgrown`] when the parts together would become much larger than what they are made of. What was dealt so far is
    /// incomplete then.
    pub fn deal(&mut self, request: &Bytes, assign: &mut impl Assign) -> Result<(), Outgrown> {
        self.outs.allow(request.len());
        let source: &[u8] = request;
        let mut run = Run { part: None, range: 0..0, items: 0 };
        for field in Fields::new(source) {
            let group = field.bytes().filter(|_| field.number == RESOURCES).map(|payload| Child {
                number: RESOURCES,
                start: field.start,
                content: field.end() - payload.len(),
                end: field.end(),
            });
            let whole = match group {
                Some(group) => self.plan(source, group, assign),
                None => Group::default(),
            };
            match (whole.to, group) {
                (To::Several, Some(group)) => {
                    self.flush(request, &mut run)?;
                    self.open(source, group)?;
                    run.range = field.end()..field.end();
                }
                (To::Part(part), _) => {
                    if run.part.is_some_and(|other| other != part) {
                        self.flush(request, &mut run)?;
                    }
                    run.part = Some(part);
                    run.range.end = field.end();
                    run.items += whole.items;
                }
                (To::Any | To::Several, _) => run.range.end = field.end(),
            }
        }
        self.flush(request, &mut run)
    }

    /// The parts, in order. One that got nothing has no segments.
    #[must_use]
    pub fn finish(self) -> Vec<Part> {
        let part = |out: super::outs::Out| {
            let mut segments = out.slices;
            if !out.copied.is_empty() {
                segments.push(Bytes::from(out.copied));
            }
            Part { segments, items: out.items }
        };
        self.outs.outs.into_iter().map(part).collect()
    }

    fn plan(&mut self, source: &[u8], group: Child, assign: &mut impl Assign) -> Group {
        let bytes = group.bytes(source);
        match assign.resource(ResourceItems::new(bytes).resource()) {
            Some(part) => Group {
                to: To::Part(part.min(self.parts.saturating_sub(1))),
                items: count_items(self.signal, bytes, usize::MAX),
                elements: 0,
            },
            None => self.plan.fill(self.signal, source, group, self.parts, assign),
        }
    }

    /// Writes the run and begins another one behind it.
    fn flush(&mut self, request: &Bytes, run: &mut Run) -> Result<(), Outgrown> {
        let Run { part, range, items } =
            std::mem::replace(run, Run { part: None, range: run.range.end..run.range.end, items: 0 });
        if range.is_empty() {
            return Ok(());
        }
        let part = part.or(self.home).unwrap_or_default();
        self.home = Some(part);
        if range.len() < SLICE_FROM {
            return self.outs.copy(part, request.get(range).unwrap_or_default(), items);
        }
        self.outs.slice(part, request.slice(range), items);
        Ok(())
    }

    /// Deals the content of a resource out, as planned.
    fn open(&mut self, source: &[u8], group: Child) -> Result<(), Outgrown> {
        let plan = std::mem::take(&mut self.plan);
        let mut elements = plan.elements.iter();
        let mut points = plan.points.iter().copied();
        let scopes = group.children(source).filter(|field| field.number == SCOPES);
        for (scope, planned) in scopes.zip(&plan.scopes) {
            let elements = elements.by_ref().take(planned.elements);
            match planned.to {
                To::Several => self.open_scope(source, (group, scope), elements, &mut points)?,
                To::Any | To::Part(_) => {
                    elements.for_each(drop);
                    let part = self.settle(planned.to);
                    let raw = source.get(scope.start..scope.end).unwrap_or_default();
                    self.outs.scope(part, source, group, raw, planned.items)?;
                }
            }
        }
        self.outs.close_resource();
        self.plan = plan;
        Ok(())
    }

    fn open_scope<'p>(
        &mut self,
        source: &[u8],
        at: (Child, Child),
        elements: impl Iterator<Item = &'p Element>,
        points: &mut impl Iterator<Item = usize>,
    ) -> Result<(), Outgrown> {
        let found = at.1.children(source).filter(|field| field.number == ELEMENTS);
        for (element, planned) in found.zip(elements) {
            match planned.to {
                To::Several => self.open_metric(source, at, element, &mut points.take(planned.items))?,
                To::Any | To::Part(_) => {
                    let part = self.settle(planned.to);
                    let raw = source.get(element.start..element.end).unwrap_or_default();
                    self.outs.element(part, source, at, planned.items, |out| out.extend_from_slice(raw))?;
                }
            }
        }
        self.outs.close_scope();
        Ok(())
    }

    /// Writes the points of a metric to their parts, each with all that describes the metric.
    fn open_metric(
        &mut self,
        source: &[u8],
        at: (Child, Child),
        element: Child,
        parts: &mut impl Iterator<Item = usize>,
    ) -> Result<(), Outgrown> {
        let metric = element.bytes(source);
        let Some(kind) = effective_data(metric).last().map(|field| field.number) else { return Ok(()) };
        let mut dealt: Vec<(usize, &[u8])> = parts.zip(points(metric).map(|point| point.raw)).collect();
        dealt.sort_by_key(|(part, _)| *part);
        for same in dealt.chunk_by(|(one, _), (two, _)| one == two) {
            let Some((part, _)) = same.first() else { continue };
            self.home = Some(*part);
            self.outs.element(*part, source, at, same.len(), |out| {
                let message = NestedMessage::open(out, element.number, metric.len());
                for field in Fields::new(metric).filter(|field| !is_data(field)) {
                    out.extend_from_slice(field.raw);
                }
                let data = NestedMessage::open(out, kind, metric.len());
                for data in effective_data(metric) {
                    put_others(out, data.bytes().unwrap_or_default(), POINTS);
                }
                same.iter().for_each(|(_, point)| out.extend_from_slice(point));
                data.close(out);
                message.close(out);
            })?;
        }
        Ok(())
    }

    /// The part for something that goes to one, or to whichever.
    const fn settle(&mut self, to: To) -> usize {
        let part = match (to, self.home) {
            (To::Part(part), _) | (To::Any | To::Several, Some(part)) => part,
            (To::Any | To::Several, None) => 0,
        };
        self.home = Some(part);
        part
    }
}
