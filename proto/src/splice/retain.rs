//! Removal of items, scopes and resources.

use bytes::Bytes;

use super::edit::{ELEMENTS, POINTS, RESOURCES, SCOPES};
use super::located::{Element, point};
use super::rewriter::Rewriter;
use super::{Item, Located};
use crate::Signal;
use crate::view::{Data, InstrumentationScope, Metric, Resource, ResourceItems, ScopeItems};
use crate::wire::child::Child;

/// Decides what stays in a request. Everything does unless an implementation says otherwise.
pub trait Retain {
    /// Whether the items of this resource stay, as far as the other questions let them.
    fn resource(&mut self, _resource: Option<Resource<'_>>) -> bool {
        true
    }

    /// Whether the items of this scope stay.
    fn scope(&mut self, _resource: Option<Resource<'_>>, _scope: Option<InstrumentationScope<'_>>) -> bool {
        true
    }

    /// Whether the points of this metric stay.
    fn metric(
        &mut self,
        _resource: Option<Resource<'_>>,
        _scope: Option<InstrumentationScope<'_>>,
        _metric: Metric<'_>,
    ) -> bool {
        true
    }

    /// Whether this item stays.
    fn item(&mut self, _item: &Located<'_>) -> bool {
        true
    }
}

impl<F: FnMut(&Located<'_>) -> bool> Retain for F {
    fn item(&mut self, item: &Located<'_>) -> bool {
        self(item)
    }
}

/// What a removal left of a request.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Retained {
    /// Items that stayed.
    pub kept: usize,
    /// Items that were removed.
    pub removed: usize,
    /// The new request; `None` if nothing was removed.
    pub request: Option<Bytes>,
}

/// Removes what `decide` does not keep. A metric, scope or resource that loses its last item goes as well; one that
/// had none to begin with stays.
pub fn retain(signal: Signal, request: &Bytes, decide: &mut impl Retain) -> Retained {
    let source: &[u8] = request;
    let mut walk = Walk { source, signal, rewriter: Rewriter::new(source), decide };
    let mut total = Tally::default();
    for group in Child::whole(source).children(source).filter(|field| field.number == RESOURCES) {
        let resource = ResourceItems::new(group.bytes(source)).resource();
        let tally = walk.resource(resource, group);
        total.add(tally);
    }
    // Removal cannot outgrow anything.
    Retained { kept: total.kept, removed: total.removed, request: walk.rewriter.finish().unwrap_or_default() }
}

/// Items kept and removed in one message.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    kept: usize,
    removed: usize,
    /// Messages below that were removed or kept, empty ones included.
    parts_removed: usize,
    parts_kept: usize,
}

impl Tally {
    const fn add(&mut self, part: Self) {
        self.kept += part.kept;
        self.removed += part.removed;
        if part.is_emptied() {
            self.parts_removed += 1;
        } else {
            self.parts_kept += 1;
        }
    }

    /// Whether the message lost all that was in it.
    const fn is_emptied(self) -> bool {
        self.parts_removed > 0 && self.parts_kept == 0
    }
}

struct Walk<'a, 'd, D> {
    source: &'a [u8],
    signal: Signal,
    rewriter: Rewriter<'a>,
    decide: &'d mut D,
}

impl<'a, D: Retain> Walk<'a, '_, D> {
    fn resource(&mut self, resource: Option<Resource<'a>>, group: Child) -> Tally {
        if !self.decide.resource(resource) {
            return self.drop(group, |walk| walk.count_resource(group));
        }
        self.descend(group, SCOPES, |walk, group| {
            let scope = ScopeItems::new(group.bytes(walk.source)).scope();
            walk.scope(resource, scope, group)
        })
    }

    fn scope(
        &mut self,
        resource: Option<Resource<'a>>,
        scope: Option<InstrumentationScope<'a>>,
        group: Child,
    ) -> Tally {
        if !self.decide.scope(resource, scope) {
            return self.drop(group, |walk| walk.count_scope(group));
        }
        self.descend(group, ELEMENTS, |walk, element| {
            match Element::new(walk.signal, element.bytes(walk.source)) {
                Element::Item(item) => walk.item(element, &Located { resource, scope, item }),
                Element::Metric(metric) => walk.metric(resource, scope, metric, element),
            }
        })
    }

    fn metric(
        &mut self,
        resource: Option<Resource<'a>>,
        scope: Option<InstrumentationScope<'a>>,
        metric: Metric<'a>,
        element: Child,
    ) -> Tally {
        if !self.decide.metric(resource, scope, metric) {
            return self.drop(element, |walk| walk.count_metric(element));
        }
        self.rewriter.enter(element);
        let mut total = Tally::default();
        for field in element.children(self.source) {
            let Some(data) = Data::of_field(field.number, field.bytes(self.source)) else {
                continue;
            };
            self.rewriter.enter(field);
            for child in field.children(self.source).filter(|child| child.number == POINTS) {
                if let Some(item) = point(metric, data, child.bytes(self.source)) {
                    total.add(self.item(child, &Located { resource, scope, item }));
                }
            }
            self.rewriter.leave();
        }
        self.finish(total)
    }

    fn item(&mut self, field: Child, located: &Located<'a>) -> Tally {
        if self.decide.item(located) {
            Tally { kept: 1, parts_kept: 1, ..Tally::default() }
        } else {
            self.rewriter.replace(field.start, field.end, |_out| {});
            Tally { removed: 1, parts_removed: 1, ..Tally::default() }
        }
    }

    /// Visits the fields `number` of a message, and drops it if they all go.
    fn descend(
        &mut self,
        message: Child,
        number: u32,
        mut visit: impl FnMut(&mut Self, Child) -> Tally,
    ) -> Tally {
        self.rewriter.enter(message);
        let mut total = Tally::default();
        for field in message.children(self.source).filter(|field| field.number == number) {
            let part = visit(self, field);
            total.add(part);
        }
        self.finish(total)
    }

    fn finish(&mut self, total: Tally) -> Tally {
        if total.is_emptied() {
            self.rewriter.leave_out();
        } else {
            self.rewriter.leave();
        }
        total
    }

    fn drop(&mut self, message: Child, count: impl FnOnce(&Self) -> usize) -> Tally {
        let removed = count(self);
        self.rewriter.replace(message.start, message.end, |_out| {});
        Tally { removed, parts_removed: 1, ..Tally::default() }
    }

    fn count_resource(&self, group: Child) -> usize {
        let scopes = group.children(self.source).filter(|field| field.number == SCOPES);
        scopes.map(|scope| self.count_scope(scope)).sum()
    }

    fn count_scope(&self, group: Child) -> usize {
        let elements = group.children(self.source).filter(|field| field.number == ELEMENTS);
        match self.signal {
            Signal::Traces | Signal::Logs => elements.count(),
            Signal::Metrics => elements.map(|element| self.count_metric(element)).sum(),
        }
    }

    fn count_metric(&self, element: Child) -> usize {
        Metric::new(element.bytes(self.source)).data().points().count()
    }
}

impl<'a> Located<'a> {
    /// The metric, if the item is a data point.
    #[must_use]
    pub const fn metric(&self) -> Option<Metric<'a>> {
        match self.item {
            Item::Point(metric, _) => Some(metric),
            Item::Span(_) | Item::LogRecord(_) => None,
        }
    }
}
