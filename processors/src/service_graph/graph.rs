//! How the sides of calls meet.

use std::time::{Duration, Instant};

use super::config::Config;
use super::edges::{Connection, Edges, End, Seen};
use super::store::{Call, Meet, Side, Store};
use crate::aggregation::KeyReader;

/// Who calls when no one says it.
const USER: &[u8] = b"user";
/// Who is called when no one says it.
const UNKNOWN: &[u8] = b"unknown";

/// Sides that wait, and calls that have two.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) store: Store,
    pub(super) edges: Edges,
    /// Whether a side that stays alone gets a virtual one.
    virtual_nodes: bool,
    ttl: Duration,
}

impl Graph {
    pub(super) fn new(config: &Config) -> Self {
        let memory = usize::try_from(config.store.max_memory.get()).unwrap_or(usize::MAX);
        Self {
            store: Store::new(config.store.max_items, memory),
            edges: Edges::new(config),
            virtual_nodes: !config.virtual_node_peer_attributes.is_empty(),
            ttl: *config.store.ttl,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty() && self.store.len() == 0
    }

    /// When something ends by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let store = self.store.since().map(|since| since + self.ttl);
        let counts = self.edges.counts.as_ref().and_then(|counts| counts.deadline());
        store.into_iter().chain(counts).min()
    }

    /// A database was called: no other side comes.
    pub(super) fn database(
        &mut self,
        call: &Call,
        identity: &[u8],
        name: &[u8],
        now: Instant,
        seen: &mut Seen,
    ) {
        let server = End { name, call: Some(call), dimensions: KeyReader::new(&[]), told: false };
        self.edges.count(&end(call, identity), &server, Connection::Database, now, seen);
    }

    /// A client or a producer has a span.
    pub(super) fn client(&mut self, call: Call, identity: &[u8], now: Instant, seen: &mut Seen) {
        let Call { trace_id, span_id, .. } = call;
        let meet = Meet { trace_id, span_id };
        let mut met = false;
        while let Some(index) = self.store.find(Side::Server, &meet) {
            if let Some(server) = self.store.get(index) {
                let (client, server) = (end(&call, identity), end(&server.call, &server.identity));
                self.edges.count(&client, &server, connection(&client, &server), now, seen);
            }
            self.store.remove(index);
            met = true;
            if !call.messaging {
                return;
            }
        }
        // A message may have several consumers: its producer waits for all of them.
        if !self.store.add(call, meet, met, identity, now) && !met {
            self.lose(&call, identity, now, seen);
        }
    }

    /// A server or a consumer has a span, whose client's is that of `meet`; `None`: it has none. `guessed`: nothing is missing when
    /// no such client comes.
    pub(super) fn server(
        &mut self,
        call: Call,
        (meet, guessed): (Option<Meet>, bool),
        identity: &[u8],
        now: Instant,
        seen: &mut Seen,
    ) {
        let Some(meet) = meet else {
            if self.virtual_nodes {
                self.edges.count(&virtual_end(USER), &end(&call, identity), Connection::Virtual, now, seen);
            } else {
                unpaired(&mut self.edges, &call, identity, now, seen);
            }
            return;
        };
        let Some(index) = self.store.find(Side::Client, &meet) else {
            if !self.store.add(call, meet, guessed, identity, now) && !guessed {
                self.lose(&call, identity, now, seen);
            }
            return;
        };
        let Some(waiting) = self.store.get(index) else { return };
        let (client, server) = (end(&waiting.call, &waiting.identity), end(&call, identity));
        let messaging = waiting.call.messaging;
        self.edges.count(&client, &server, connection(&client, &server), now, seen);
        if messaging {
            self.store.met(index);
        } else {
            self.store.remove(index);
        }
    }

    fn lose(&mut self, call: &Call, identity: &[u8], now: Instant, seen: &mut Seen) {
        seen.dropped += 1;
        self.edges.single(name(identity), call, now, seen, |single| {
            single.dropped = single.dropped.saturating_add(call.times);
        });
    }

    /// Ends what is over by `now`.
    pub(super) fn sweep(&mut self, now: Instant, seen: &mut Seen) {
        while let Some(index) = self.store.expired(now, self.ttl) {
            self.expire(index, now, seen);
        }
        seen.requests += self.edges.end_requests(Some(now));
    }

    /// Ends everything.
    pub(super) fn end(&mut self, now: Instant, seen: &mut Seen) {
        while let Some(index) = self.store.oldest() {
            self.expire(index, now, seen);
        }
        self.edges.end_requests(None);
    }

    fn expire(&mut self, index: usize, now: Instant, seen: &mut Seen) {
        if let Some(waiting) = self.store.get(index).filter(|waiting| !waiting.met) {
            let (call, identity) = (&waiting.call, waiting.identity.as_slice());
            seen.expired += 1;
            if call.side == Side::Client && self.virtual_nodes {
                let client = end(call, identity);
                let server = virtual_end(peer(&client, self.edges.dimensions));
                self.edges.count(&client, &server, Connection::Virtual, now, seen);
            } else {
                unpaired(&mut self.edges, call, identity, now, seen);
            }
        }
        self.store.remove(index);
    }
}

/// Counts a side that stays alone.
fn unpaired(edges: &mut Edges, call: &Call, identity: &[u8], now: Instant, seen: &mut Seen) {
    edges.single(name(identity), call, now, seen, |single| {
        single.unpaired = single.unpaired.saturating_add(call.times);
    });
}

/// A side as an end. Its identity is its name, its dimensions, and a client's peer.
fn end<'a>(call: &'a Call, identity: &'a [u8]) -> End<'a> {
    let mut reader = KeyReader::new(identity);
    let name = reader.value().unwrap_or_default();
    End { name, call: Some(call), dimensions: reader, told: false }
}

fn name(identity: &[u8]) -> &[u8] {
    KeyReader::new(identity).value().unwrap_or_default()
}

fn virtual_end(name: &[u8]) -> End<'_> {
    End { name, call: None, dimensions: KeyReader::new(&[]), told: true }
}

/// Whom a client says that it calls.
fn peer<'a>(client: &End<'a>, dimensions: usize) -> &'a [u8] {
    let mut reader = client.dimensions;
    for _ in 0..dimensions {
        reader.value();
    }
    reader.value().unwrap_or(UNKNOWN)
}

fn connection(client: &End<'_>, server: &End<'_>) -> Connection {
    let messaging = [client, server].iter().any(|end| end.call.is_some_and(|call| call.messaging));
    if messaging { Connection::Messaging } else { Connection::Direct }
}
