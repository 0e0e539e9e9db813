//! Taking one resource apart.

use bytes::Bytes;

use super::Limits;
use crate::Signal;
use crate::view::Data;
use crate::wire::child::Child;
use crate::wire::{Field, Fields, NestedMessage};

/// Field of `Resource*` that holds its scopes.
const SCOPES: u32 = 2;
/// Field of `Scope*` that holds spans, metrics or log records.
const ELEMENTS: u32 = 2;
/// Field of `Gauge`, `Sum` and the others that holds the data points.
const POINTS: u32 = 1;

/// The items in a `Resource*` message; counting stops once they are more than `enough`.
pub(crate) fn count_items(signal: Signal, resource: &[u8], enough: usize) -> usize {
    let mut items = 0;
    for scope in payloads(resource, SCOPES) {
        for element in payloads(scope, ELEMENTS) {
            items += weight(signal, element);
            if items > enough {
                return items;
            }
        }
    }
    items
}

/// A resource of which only a part was written so far.
#[derive(Debug)]
pub(super) struct Cut {
    signal: Signal,
    resource: Child,
    /// The scopes that are left; the first may be half done.
    scopes: Vec<Child>,
    /// Offset of the next element in the first scope.
    element_at: Option<usize>,
    /// Points of that element that are done.
    points_done: usize,
}

/// One piece in the making.
struct Room<'o> {
    out: &'o mut Vec<u8>,
    limits: Limits,
    items: usize,
    /// Whether there is anything but descriptions in it.
    started: bool,
}

impl Room<'_> {
    /// Items that may still come.
    fn items(&self) -> usize {
        self.limits.items.get() - self.items
    }

    /// Whether `len` more bytes with `weight` items fit. A single item at the start always does, or there would be no
    /// end.
    fn takes(&self, len: usize, weight: usize) -> bool {
        weight <= 1 && !self.started || self.out.len() + len <= self.limits.bytes
    }

    fn put(&mut self, raw: &[u8], items: usize) {
        self.out.extend_from_slice(raw);
        self.items += items;
        self.started = true;
    }
}

impl Cut {
    pub(super) fn new(signal: Signal, request: &Bytes, resource: Child) -> Self {
        // In reverse, so that the first one can be popped.
        let mut scopes: Vec<Child> =
            resource.children(request).filter(|field| field.number == SCOPES).collect();
        scopes.reverse();
        Self { signal, resource, scopes, element_at: None, points_done: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Writes the next piece to `out` and returns its items.
    pub(super) fn write(&mut self, request: &Bytes, limits: Limits, out: &mut Vec<u8>) -> usize {
        out.clear();
        // No length in a piece exceeds the one in the request, so the expected sizes are enough and the output only
        // gets shorter by closing its messages.
        let message =
            NestedMessage::open(out, self.resource.number, self.resource.end - self.resource.content);
        put_others(out, self.resource.bytes(request), SCOPES);
        let mut room = Room { out, limits, items: 0, started: false };
        while let Some(&scope) = self.scopes.last() {
            if !self.write_scope(request, scope, &mut room) {
                break;
            }
            self.scopes.pop();
            self.element_at = None;
        }
        let items = room.items;
        message.close(out);
        items
    }

    /// Writes what fits of a scope. Returns whether all of it is done.
    fn write_scope(&mut self, request: &Bytes, scope: Child, room: &mut Room<'_>) -> bool {
        let start = room.out.len();
        let message = NestedMessage::open(room.out, scope.number, scope.end - scope.content);
        put_others(room.out, scope.bytes(request), ELEMENTS);
        let head = room.out.len();
        let from = self.element_at.unwrap_or(scope.content);
        let rest = Child { content: from, ..scope };
        let done = rest
            .children(request)
            .filter(|field| field.number == ELEMENTS)
            .all(|element| self.write_element(request, element, room));
        // Without elements in it, the head is worth writing only if there are none to come.
        if room.out.len() > head || done && room.takes(0, 0) {
            room.started = true;
            message.close(room.out);
            return done;
        }
        room.out.truncate(start);
        false
    }

    /// Writes what fits of a span, log record or metric. Returns whether all of it is done.
    fn write_element(&mut self, request: &Bytes, element: Child, room: &mut Room<'_>) -> bool {
        let raw = request.get(element.start..element.end).unwrap_or_default();
        let weight = weight(self.signal, element.bytes(request));
        let done = if self.points_done == 0 && weight <= room.items() && room.takes(raw.len(), weight) {
            room.put(raw, weight);
            true
        } else {
            match self.signal {
                Signal::Traces | Signal::Logs => false,
                Signal::Metrics => {
                    self.points_done += write_points(room, element, element.bytes(request), self.points_done);
                    weight > 0 && self.points_done == weight
                }
            }
        };
        if done {
            self.points_done = 0;
        }
        self.element_at = Some(if done { element.end } else { element.start });
        done
    }
}

/// Writes a metric with those of its points after the first `skip` that fit; returns how many. Nothing is written if
/// none fits.
fn write_points(room: &mut Room<'_>, element: Child, metric: &[u8], skip: usize) -> usize {
    let Some(kind) = effective_data(metric).last().map(|field| field.number) else {
        return 0;
    };
    let start = room.out.len();
    let message = NestedMessage::open(room.out, element.number, metric.len());
    for field in Fields::new(metric).filter(|field| !is_data(field)) {
        room.out.extend_from_slice(field.raw);
    }
    let data = NestedMessage::open(room.out, kind, metric.len());
    for data in effective_data(metric) {
        put_others(room.out, data.bytes().unwrap_or_default(), POINTS);
    }
    let mut taken = 0;
    for point in points(metric).skip(skip) {
        if room.items() == 0 || !room.takes(point.raw.len(), 1) {
            break;
        }
        room.put(point.raw, 1);
        taken += 1;
    }
    if taken == 0 {
        room.out.truncate(start);
    } else {
        data.close(room.out);
        message.close(room.out);
    }
    taken
}

/// The items in a span, log record or metric.
fn weight(signal: Signal, element: &[u8]) -> usize {
    match signal {
        Signal::Traces | Signal::Logs => 1,
        Signal::Metrics => points(element).count(),
    }
}

pub(crate) fn is_data(field: &Field<'_>) -> bool {
    field.bytes().is_some_and(|bytes| Data::of_field(field.number, bytes).is_some())
}

/// The data fields of a metric that a decoder keeps: those from the last change of kind on.
pub(crate) fn effective_data(metric: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let (mut kind, mut from) = (0, 0);
    for field in Fields::new(metric).filter(is_data) {
        if field.number != kind {
            (kind, from) = (field.number, field.start);
        }
    }
    Fields::new(metric).filter(move |field| field.start >= from && is_data(field))
}

/// The data points of a metric.
pub(crate) fn points(metric: &[u8]) -> impl Iterator<Item = Field<'_>> {
    effective_data(metric)
        .filter_map(|field| field.bytes())
        .flat_map(|data| Fields::new(data).filter(|field| field.number == POINTS && field.bytes().is_some()))
}

/// The payloads of the fields `number`.
fn payloads(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    Fields::new(message).filter(move |field| field.number == number).filter_map(|field| field.bytes())
}

/// Copies all fields but those with this number.
pub(crate) fn put_others(out: &mut Vec<u8>, message: &[u8], number: u32) {
    for field in Fields::new(message).filter(|field| field.number != number) {
        out.extend_from_slice(field.raw);
    }
}
