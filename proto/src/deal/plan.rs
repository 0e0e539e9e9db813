//! Where everything in a resource goes, before anything is written.

use super::dealer::{ELEMENTS, SCOPES};
use crate::Signal;
use crate::splice::{Item, Located};
use crate::split::{effective_data, points};
use crate::view::{Data, InstrumentationScope, LogRecord, Metric, Resource, ResourceItems, ScopeItems, Span};
use crate::wire::child::Child;

/// Decides which part something goes to. Parts are numbered from zero; a number that is too large means the last one.
pub trait Assign {
    /// The part of everything from this resource, when the resource alone decides.
    fn resource(&mut self, resource: Option<Resource<'_>>) -> Option<usize>;

    /// The part of every point of this metric, when the metric alone decides.
    fn metric(&mut self, _metric: Metric<'_>) -> Option<usize> {
        None
    }

    /// The part of this item.
    fn item(&mut self, item: &Located<'_>) -> usize;
}

/// Where the content of one resource goes. Kept and refilled, so that a steady stream allocates nothing here.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// One for each scope.
    pub(super) scopes: Vec<Group>,
    /// One for each span, log record or metric, in order.
    pub(super) elements: Vec<Element>,
    /// The parts of the points of metrics that are opened.
    pub(super) points: Vec<usize>,
}

/// Where a group goes that may be opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Group {
    /// Elements in it.
    pub(super) elements: usize,
    /// Items in it.
    pub(super) items: usize,
    pub(super) to: To,
}

/// One part, several, or whichever.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum To {
    /// Holds nothing that has to go anywhere.
    #[default]
    Any,
    Part(usize),
    Several,
}

/// A span, log record or metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Element {
    pub(super) items: usize,
    /// For a metric that goes to several parts, its points say more.
    pub(super) to: To,
}

impl To {
    /// Where something goes whose parts go here and there.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, to) | (to, Self::Any) => to,
            (Self::Part(one), Self::Part(two)) if one == two => self,
            (Self::Part(_) | Self::Several, Self::Part(_) | Self::Several) => Self::Several,
        }
    }
}

impl Plan {
    /// Plans the content of the resource `group` of `source`; returns where all of it goes.
    pub(super) fn fill(
        &mut self,
        signal: Signal,
        source: &[u8],
        group: Child,
        parts: usize,
        assign: &mut impl Assign,
    ) -> Group {
        self.scopes.clear();
        self.elements.clear();
        self.points.clear();
        let last = parts.saturating_sub(1);
        let resource = ResourceItems::new(group.bytes(source)).resource();
        let mut whole = Group::default();
        for scope in group.children(source).filter(|field| field.number == SCOPES) {
            let described = ScopeItems::new(scope.bytes(source)).scope();
            let mut planned = Group::default();
            for element in scope.children(source).filter(|field| field.number == ELEMENTS) {
                let bytes = element.bytes(source);
                let mut item = |item| assign.item(&Located { resource, scope: described, item }).min(last);
                let element = match signal {
                    Signal::Traces => Element { items: 1, to: To::Part(item(Item::Span(Span::new(bytes)))) },
                    Signal::Logs => {
                        Element { items: 1, to: To::Part(item(Item::LogRecord(LogRecord::new(bytes)))) }
                    }
                    Signal::Metrics => self.metric(resource, described, bytes, last, assign),
                };
                planned.add(element);
                self.elements.push(element);
            }
            whole.elements += planned.elements;
            whole.items += planned.items;
            whole.to = whole.to.and(planned.to);
            self.scopes.push(planned);
        }
        whole
    }

    fn metric(
        &mut self,
        resource: Option<Resource<'_>>,
        scope: Option<InstrumentationScope<'_>>,
        bytes: &[u8],
        last: usize,
        assign: &mut impl Assign,
    ) -> Element {
        let metric = Metric::new(bytes);
        if let Some(part) = assign.metric(metric) {
            return Element { items: points(bytes).count(), to: To::Part(part.min(last)) };
        }
        let start = self.points.len();
        let mut to = To::Any;
        // The last data field says what the points are.
        let kind = effective_data(bytes).last();
        let kind = kind.and_then(|field| Data::of_field(field.number, field.bytes()?));
        for field in points(bytes) {
            let point = kind.zip(field.bytes()).and_then(|(kind, bytes)| kind.point(bytes));
            let Some(point) = point else { continue };
            let part = assign.item(&Located { resource, scope, item: Item::Point(metric, point) }).min(last);
            to = to.and(To::Part(part));
            self.points.push(part);
        }
        let items = self.points.len() - start;
        if to != To::Several {
            self.points.truncate(start);
        }
        Element { items, to }
    }
}

impl Group {
    fn add(&mut self, element: Element) {
        self.elements += 1;
        self.items += element.items;
        self.to = self.to.and(element.to);
    }
}
