//! Spans as sides of calls.

use std::time::Instant;

use edgewatch_proto::view::{AnyValue, ExportTraceServiceRequest, Span};

use super::config::Config;
use super::edges::Seen;
use super::graph::Graph;
use super::store::{Call, LONGEST, Meet, Side};
use crate::aggregation::{Key, Wanted, adjusted_count};

/// The `SpanKind`s that are sides of calls.
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;
/// The `StatusCode` of a span that failed.
const STATUS_ERROR: i32 = 2;

/// Values that were found, encoded, by number.
type Found<'a> = smallvec::SmallVec<[Option<&'a [u8]>; 12]>;

/// What is looked for in attributes, by number.
#[derive(Debug)]
pub(super) struct Names {
    wanted: Wanted,
    service: usize,
    dimensions: Vec<usize>,
    databases: Vec<usize>,
    peers: Vec<usize>,
}

/// What the spans of a resource have in common.
struct Owner<'a> {
    names: &'a Names,
    service: &'a str,
    /// What was found in the attributes of the resource.
    base: &'a [Option<&'a [u8]>],
    /// What was found in the attributes of a span.
    found: Found<'a>,
    graph: &'a mut Graph,
    key: &'a mut Key,
    now: Instant,
}

impl Names {
    pub(super) fn new(config: &Config) -> Self {
        let mut wanted = Wanted::default();
        let service = wanted.number("service.name");
        let mut numbers = |names: &[String]| names.iter().map(|name| wanted.number(name)).collect();
        let dimensions = numbers(&config.dimensions);
        let databases = numbers(config.databases());
        let peers = numbers(&config.virtual_node_peer_attributes);
        Self { wanted, service, dimensions, databases, peers }
    }

    /// Takes all spans of a request into the graph.
    pub(super) fn read(
        &self,
        request: ExportTraceServiceRequest<'_>,
        graph: &mut Graph,
        key: &mut Key,
        now: Instant,
        seen: &mut Seen,
    ) {
        for resource_spans in request.resource_spans() {
            let resource = resource_spans.resource().unwrap_or_default();
            let mut base = Found::from_elem(None, self.wanted.len());
            self.wanted.find(resource.attributes(), &mut base);
            let Some(service) = text(at(&base, self.service)) else { continue };
            let found = Found::from_elem(None, self.wanted.len());
            let mut owner = Owner { names: self, service, base: &base, found, graph, key, now };
            for scope_spans in resource_spans.scope_spans() {
                for span in scope_spans.spans() {
                    owner.span(span, seen);
                }
            }
        }
    }
}

impl<'a> Owner<'a> {
    #[inline]
    fn span(&mut self, span: Span<'a>, seen: &mut Seen) {
        let Self { names, service, base, now, .. } = *self;
        let (graph, key, found) = (&mut *self.graph, &mut *self.key, &mut self.found);
        let fields = span.fields();
        // A time that is none must not hide those of others.
        if i64::try_from(fields.end_time_unix_nano).is_ok() {
            seen.newest = seen.newest.max(fields.end_time_unix_nano);
        }
        let side = match fields.kind {
            CLIENT | PRODUCER => Side::Client,
            SERVER | CONSUMER => Side::Server,
            _ => return,
        };
        let (Some(trace_id), Some(span_id)) = (id(fields.trace_id), id(fields.span_id)) else { return };
        seen.spans += 1;
        let call = Call {
            side,
            trace_id,
            span_id,
            end: fields.end_time_unix_nano,
            nanoseconds: fields.end_time_unix_nano.saturating_sub(fields.start_time_unix_nano),
            times: adjusted_count(fields.trace_state, fields.span_id).unwrap_or(1),
            failed: fields.status.is_some_and(|status| status.code() == STATUS_ERROR),
            messaging: matches!(fields.kind, PRODUCER | CONSUMER),
        };
        found.fill(None);
        if side == Side::Client || !names.dimensions.is_empty() {
            names.wanted.find(fields.attributes, found);
        }
        key.truncate(0);
        join(key, Some(service.as_bytes()));
        for &number in &names.dimensions {
            join(key, at(base, number).or(at(found, number)));
        }
        match side {
            Side::Client => {
                let database = names
                    .databases
                    .iter()
                    .find_map(|&number| text(at(base, number)).or(text(at(found, number))));
                if let Some(database) = database {
                    graph.database(&call, key.bytes(), cut(database.as_bytes()), now, seen);
                    return;
                }
                let peer = names.peers.iter().find_map(|&number| text(at(found, number)));
                join(key, peer.map(str::as_bytes));
                graph.client(call, key.bytes(), now, seen);
            }
            Side::Server => {
                let mut parent = id(fields.parent_span_id).map(|span_id| Meet { trace_id, span_id });
                let mut linked = false;
                if call.messaging {
                    for link in fields.links {
                        if let (Some(trace_id), Some(span_id)) = (id(link.trace_id()), id(link.span_id())) {
                            linked = true;
                            let meet = Some(Meet { trace_id, span_id });
                            parent = parent.filter(|_| parent != meet);
                            graph.server(call, (meet, false), key.bytes(), now, seen);
                        }
                    }
                }
                // The parent of a consumer with links may be the producer still, or the consumer's own waiting for messages.
                if parent.is_some() || !linked {
                    graph.server(call, (parent, linked), key.bytes(), now, seen);
                }
            }
        }
    }
}

/// Adds a value to an identity that is not too long yet. One that is has no room anywhere, whatever comes after it: a value of many
/// megabytes is neither copied nor its memory kept.
#[inline]
fn join(key: &mut Key, value: Option<&[u8]>) {
    if key.len() <= LONGEST {
        key.value(value.map(cut));
    }
}

/// So much of a value that it is too long if it was.
#[inline]
fn cut(value: &[u8]) -> &[u8] {
    value.get(..=LONGEST).unwrap_or(value)
}

#[inline]
fn at<'a>(found: &[Option<&'a [u8]>], number: usize) -> Option<&'a [u8]> {
    found.get(number).copied().flatten()
}

/// An encoded value, if it is a text with something in it.
#[inline]
fn text(encoded: Option<&[u8]>) -> Option<&str> {
    AnyValue::new(encoded?).as_str().filter(|text| !text.is_empty())
}

/// An id of the right length that is not all zeros.
#[inline]
fn id<const LENGTH: usize>(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    bytes.try_into().ok().filter(|id| *id != [0; LENGTH])
}
