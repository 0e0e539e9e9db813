//! The requests whose spans are held, and places in them.

use bytes::Bytes;
use edgewatch_core::ack::Ack;
use edgewatch_proto::view::{Resource, Span};
use edgewatch_proto::wire::{Field, Fields};

/// Field of the request that holds its resources.
const RESOURCES: u32 = 1;
/// Field of `ResourceSpans` that holds the resource.
const RESOURCE: u32 = 1;
/// Field of `ResourceSpans` that holds its scopes, and of `ScopeSpans` that holds its spans.
const BELOW: u32 = 2;

/// A part of a request: where it begins and where it ends.
pub(super) type Part = (u32, u32);

/// Where a span stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SpanAt {
    pub(super) request: u32,
    /// Its resource; empty if there is none.
    pub(super) resource: Part,
    pub(super) span: Part,
}

/// Requests by number.
#[derive(Debug, Default)]
pub(super) struct Requests {
    slots: Vec<Option<Held>>,
    free: Vec<u32>,
    /// Of which nothing is undecided: they go when what is kept of them has been cut out.
    done: Vec<u32>,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    request: Bytes,
    ack: Ack,
    /// Spans that nothing is decided about.
    undecided: usize,
    /// What it takes of memory, with the places of its spans.
    bytes: usize,
}

impl Requests {
    /// Holds a request, of whose spans nothing is decided.
    pub(super) fn hold(&mut self, request: Bytes, undecided: usize, ack: Ack) -> u32 {
        // A list of places may have grown to twice its length.
        let bytes = request.len().saturating_add(undecided.saturating_mul(2 * size_of::<SpanAt>()));
        self.bytes += bytes;
        let held = Some(Held { request, ack, undecided, bytes });
        if let Some(number) = self.free.pop()
            && let Some(slot) = usize::try_from(number).ok().and_then(|at| self.slots.get_mut(at))
        {
            *slot = held;
            return number;
        }
        self.slots.push(held);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    /// What those take of memory that are not decided.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn held(&self, number: u32) -> Option<&Held> {
        self.slots.get(usize::try_from(number).ok()?)?.as_ref()
    }

    /// The request, and one more obligation to its sources.
    pub(super) fn share(&self, number: u32) -> Option<(&Bytes, Ack)> {
        self.held(number).map(|held| (&held.request, held.ack.share()))
    }

    /// These spans are decided.
    pub(super) fn settle(&mut self, spans: &[SpanAt]) {
        for same in spans.chunk_by(|one, two| one.request == two.request) {
            let Some(number) = same.first().map(|at| at.request) else { continue };
            let slot = usize::try_from(number).ok().and_then(|at| self.slots.get_mut(at));
            let Some(held) = slot.and_then(Option::as_mut) else { continue };
            held.undecided = held.undecided.saturating_sub(same.len());
            if held.undecided == 0 {
                self.bytes -= std::mem::take(&mut held.bytes);
                self.done.push(number);
            }
        }
    }

    /// Lets go of requests that are decided. What is kept of them has its own obligations.
    pub(super) fn sweep(&mut self) {
        for number in self.done.drain(..) {
            let slot = usize::try_from(number).ok().and_then(|at| self.slots.get_mut(at));
            if let Some(held) = slot.and_then(Option::take) {
                held.ack.delivered();
                self.free.push(number);
            }
        }
    }

    fn part(&self, number: u32, (start, end): Part) -> Option<&[u8]> {
        let request = &self.held(number)?.request;
        request.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    pub(super) fn span(&self, at: &SpanAt) -> Option<Span<'_>> {
        self.part(at.request, at.span).map(Span::new)
    }

    pub(super) fn resource(&self, at: &SpanAt) -> Option<Resource<'_>> {
        self.part(at.request, at.resource).filter(|part| !part.is_empty()).map(Resource::new)
    }
}

/// Calls `each` with every span of `request`, its place and its resource. Requests of 4 GiB and more are none.
pub(super) fn walk<'a>(request: &'a [u8], each: &mut impl FnMut(Option<Resource<'a>>, Part, Span<'a>, Part)) {
    let place = |base: usize, field: &Field<'_>, payload: &[u8]| {
        let end = base + field.end();
        (end - payload.len(), end)
    };
    let part = |(start, end): (usize, usize)| Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?));
    for group in below(request, RESOURCES) {
        let (content, _) = place(0, &group.0, group.1);
        let described = below(group.1, RESOURCE).last();
        let resource = described.map(|(_, payload)| Resource::new(payload));
        let at = described.map_or((0, 0), |(field, payload)| place(content, &field, payload));
        let Some(resource_at) = part(at) else { return };
        for (scope, spans) in below(group.1, BELOW) {
            let (content, _) = place(content, &scope, spans);
            for (span, payload) in below(spans, BELOW) {
                let Some(span_at) = part(place(content, &span, payload)) else { return };
                each(resource, resource_at, Span::new(payload), span_at);
            }
        }
    }
}

/// The messages in field `number`.
fn below(bytes: &[u8], number: u32) -> impl Iterator<Item = (Field<'_>, &[u8])> {
    Fields::new(bytes)
        .filter(move |field| field.number == number)
        .filter_map(|field| Some((field, field.bytes()?)))
}
