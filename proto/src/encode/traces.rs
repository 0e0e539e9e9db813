//! Requests of spans.

use super::Attributes;
use super::buffer::{
    put_bytes_unless_empty, put_fixed32, put_fixed64_unless_zero, put_message, put_uint_unless_zero,
};
use super::request::sealed::Items;
use super::request::{Request, Traces};

/// Field of `ScopeSpans`.
const SPANS: u32 = 2;

/// Fields of `Span`.
mod span {
    pub(super) const TRACE_ID: u32 = 1;
    pub(super) const SPAN_ID: u32 = 2;
    pub(super) const TRACE_STATE: u32 = 3;
    pub(super) const PARENT_SPAN_ID: u32 = 4;
    pub(super) const NAME: u32 = 5;
    pub(super) const KIND: u32 = 6;
    pub(super) const START_TIME: u32 = 7;
    pub(super) const END_TIME: u32 = 8;
    pub(super) const ATTRIBUTES: u32 = 9;
    pub(super) const EVENTS: u32 = 11;
    pub(super) const LINKS: u32 = 13;
    pub(super) const STATUS: u32 = 15;
    pub(super) const FLAGS: u32 = 16;
}

/// Fields of `Span.Event`.
mod event {
    pub(super) const TIME: u32 = 1;
    pub(super) const NAME: u32 = 2;
    pub(super) const ATTRIBUTES: u32 = 3;
}

/// Fields of `Span.Link`.
mod link {
    pub(super) const TRACE_ID: u32 = 1;
    pub(super) const SPAN_ID: u32 = 2;
    pub(super) const ATTRIBUTES: u32 = 4;
}

/// Fields of `Status`.
mod status {
    pub(super) const MESSAGE: u32 = 2;
    pub(super) const CODE: u32 = 3;
}

/// Appends an `ExportTraceServiceRequest` to `buf` and returns how many spans it holds.
pub fn traces(buf: &mut Vec<u8>, write: impl FnOnce(&mut Request<'_, Traces>)) -> usize {
    Request::write(buf, write)
}

/// Which side of a call a span describes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SpanKind {
    /// None: work within the program.
    Internal,
    /// The side that was called.
    Server,
    /// The side that calls.
    Client,
    /// The side that sends a message.
    Producer,
    /// The side that takes a message.
    Consumer,
}

impl SpanKind {
    const fn number(self) -> u64 {
        match self {
            Self::Internal => 1,
            Self::Server => 2,
            Self::Client => 3,
            Self::Producer => 4,
            Self::Consumer => 5,
        }
    }
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpanStatus<'a> {
    /// Well, as a person decided.
    Ok,
    /// Not well, and why.
    Error(&'a str),
}

/// The spans of one scope.
#[derive(Debug)]
pub struct TraceScope<'a> {
    buf: &'a mut Vec<u8>,
    items: &'a mut usize,
}

impl Items for Traces {
    type Scope<'a> = TraceScope<'a>;

    fn scope<'a>(buf: &'a mut Vec<u8>, items: &'a mut usize) -> TraceScope<'a> {
        TraceScope { buf, items }
    }
}

impl TraceScope<'_> {
    /// Adds a span.
    pub fn span(&mut self, write: impl FnOnce(&mut Span<'_>)) {
        *self.items += 1;
        put_message(self.buf, SPANS, |buf| write(&mut Span { buf }));
    }
}

/// A span that is being written. Call each method once at most; those that add to a list as often as wanted.
#[derive(Debug)]
pub struct Span<'a> {
    buf: &'a mut Vec<u8>,
}

impl Span<'_> {
    /// The trace that the span belongs to, and the span's own id.
    pub fn ids(&mut self, trace_id: &[u8; 16], span_id: &[u8; 8]) {
        put_bytes_unless_empty(self.buf, span::TRACE_ID, trace_id);
        put_bytes_unless_empty(self.buf, span::SPAN_ID, span_id);
    }

    /// The W3C trace state.
    pub fn trace_state(&mut self, state: &str) {
        put_bytes_unless_empty(self.buf, span::TRACE_STATE, state.as_bytes());
    }

    /// The span that caused this one. A span without is a root.
    pub fn parent(&mut self, span_id: &[u8; 8]) {
        put_bytes_unless_empty(self.buf, span::PARENT_SPAN_ID, span_id);
    }

    /// What the span's operation is called.
    pub fn name(&mut self, name: &str) {
        put_bytes_unless_empty(self.buf, span::NAME, name.as_bytes());
    }

    /// Which side of a call the span describes.
    pub fn kind(&mut self, kind: SpanKind) {
        put_uint_unless_zero(self.buf, span::KIND, kind.number());
    }

    /// When the operation began and ended, in nanoseconds since 1970.
    pub fn times(&mut self, start: u64, end: u64) {
        put_fixed64_unless_zero(self.buf, span::START_TIME, start);
        put_fixed64_unless_zero(self.buf, span::END_TIME, end);
    }

    /// Where attributes are added.
    pub fn attributes(&mut self) -> Attributes<'_> {
        Attributes::new(self.buf, span::ATTRIBUTES)
    }

    /// Adds something that happened meanwhile.
    pub fn event(&mut self, time: u64, name: &str, describe: impl FnOnce(&mut Attributes<'_>)) {
        put_message(self.buf, span::EVENTS, |buf| {
            put_fixed64_unless_zero(buf, event::TIME, time);
            put_bytes_unless_empty(buf, event::NAME, name.as_bytes());
            describe(&mut Attributes::new(buf, event::ATTRIBUTES));
        });
    }

    /// Adds a link to a span elsewhere.
    pub fn link(
        &mut self,
        trace_id: &[u8; 16],
        span_id: &[u8; 8],
        describe: impl FnOnce(&mut Attributes<'_>),
    ) {
        put_message(self.buf, span::LINKS, |buf| {
            put_bytes_unless_empty(buf, link::TRACE_ID, trace_id);
            put_bytes_unless_empty(buf, link::SPAN_ID, span_id);
            describe(&mut Attributes::new(buf, link::ATTRIBUTES));
        });
    }

    /// How the operation ended. A span without has the status "unset".
    pub fn status(&mut self, status: SpanStatus<'_>) {
        put_message(self.buf, span::STATUS, |buf| match status {
            SpanStatus::Ok => put_uint_unless_zero(buf, status::CODE, 1),
            SpanStatus::Error(message) => {
                put_bytes_unless_empty(buf, status::MESSAGE, message.as_bytes());
                put_uint_unless_zero(buf, status::CODE, 2);
            }
        });
    }

    /// The W3C trace flags, in the lowest eight bits.
    pub fn flags(&mut self, flags: u32) {
        if flags != 0 {
            put_fixed32(self.buf, span::FLAGS, flags);
        }
    }
}
