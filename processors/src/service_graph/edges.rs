//! Calls between services, counted.

use std::time::{Duration, Instant};

use super::calls::{Added, Count, Counts};
use super::config::Config;
use super::store::{Call, Side};
use super::table::{Budget, Place, Table};
use crate::aggregation::{Bounds, Durations, Key, KeyReader, Reservoir, Sample, Scheme, Shape, Unit};

/// Upper bounds of the numbers of calls that a request needs.
const CALLS: [u64; 11] = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000];

/// What connects two services.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Connection {
    Direct,
    Messaging,
    Database,
    Virtual,
}

/// One end of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    /// Name of the service.
    pub(super) name: &'a [u8],
    /// What it saw of the call, if it saw it.
    pub(super) call: Option<&'a Call>,
    /// Values of its dimensions.
    pub(super) dimensions: KeyReader<'a>,
    /// Whether it is only there because the other end tells of it.
    pub(super) told: bool,
}

/// Calls between two ends that ended alike.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) count: u64,
    /// By side: client, server.
    pub(super) durations: [Durations; 2],
    pub(super) exemplars: [Reservoir; 2],
}

/// Sides of calls that stayed alone.
#[derive(Debug, Default)]
pub(super) struct Single {
    pub(super) unpaired: u64,
    pub(super) dropped: u64,
}

/// Requests that one service had, by how often it called another one for each.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) calls: Durations,
    pub(super) exemplars: Reservoir,
    /// Requests that are being counted.
    open: usize,
}

/// What happened in a batch, for the connector's own metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The newest end of a span, in nanoseconds since 1970.
    pub(super) newest: u64,
    pub(super) spans: usize,
    pub(super) dropped: usize,
    pub(super) expired: usize,
    /// Requests whose calls were counted to the end.
    pub(super) requests: usize,
    pub(super) overflowed: usize,
    pub(super) uncounted: usize,
}

/// All series.
#[derive(Debug)]
pub(super) struct Edges {
    pub(super) edges: Table<Edge>,
    pub(super) singles: Table<Single>,
    pub(super) pairs: Table<Pair>,
    pub(super) counts: Option<Counts>,
    /// Of durations.
    pub(super) scheme: Scheme,
    /// Of numbers of calls.
    pub(super) calls: Scheme,
    pub(super) exemplars: usize,
    pub(super) dimensions: usize,
    budget: Budget,
    key: Key,
}

impl Edges {
    pub(super) fn new(config: &Config) -> Self {
        let scheme = config.scheme();
        let bounds = CALLS.map(|calls| Duration::from_nanos(calls).into());
        let calls = Scheme { unit: Unit::Calls, shape: Shape::Explicit(Bounds::new(&bounds, Unit::Calls)) };
        let exemplars = config.exemplars.most();
        let shown = Reservoir::bytes(exemplars);
        let counted = config.calls_per_request.clone();
        let edges = Table::new(2 * (scheme.bytes() + shown));
        let singles = Table::new(0);
        let pairs = Table::new(calls.bytes() + shown);
        // The series for what is too much have their room from the beginning.
        let used = edges.cost(0) + singles.cost(0);
        Self {
            edges,
            singles,
            pairs,
            counts: counted.enabled.then(|| Counts::new(*counted.window, counted.max_items)),
            scheme,
            calls,
            exemplars,
            dimensions: config.dimensions.len(),
            budget: Budget {
                used,
                memory: usize::try_from(config.max_memory.get()).unwrap_or(usize::MAX),
                limit: config.aggregation_cardinality_limit,
            },
            key: Key::default(),
        }
    }

    /// What all may take of memory.
    pub(super) fn used(&self) -> usize {
        self.budget.used + self.counts.as_ref().map_or(0, Counts::used)
    }

    pub(super) fn is_empty(&self) -> bool {
        let rows = self.edges.rows.len() + self.singles.rows.len() + self.pairs.rows.len();
        rows == 0 && self.edges.overflow.is_none() && self.singles.overflow.is_none()
    }

    /// A call from `client` to `server`.
    #[inline]
    pub(super) fn count(
        &mut self,
        client: &End<'_>,
        server: &End<'_>,
        connection: Connection,
        now: Instant,
        seen: &mut Seen,
    ) {
        let failed = [client, server].iter().any(|end| end.call.is_some_and(|call| call.failed));
        // A call whose sides were sampled alike is there as often as the rarer one.
        let times = [client, server].iter().filter_map(|end| Some(end.call?.times)).max().unwrap_or(1);
        self.join(Some(client.name), Some(server.name), connection);
        let pair = self.key.len();
        self.key.byte(u8::from(failed));
        self.key.byte(u8::from(client.told) + 2 * u8::from(server.told));
        for end in [client, server] {
            let mut dimensions = end.dimensions;
            for _ in 0..self.dimensions {
                self.key.value(dimensions.value());
            }
        }
        let new = || Edge {
            count: 0,
            durations: [Durations::new(&self.scheme), Durations::new(&self.scheme)],
            exemplars: Default::default(),
        };
        let place = self.edges.place(self.key.bytes(), now, &mut self.budget, new);
        seen.overflowed += usize::from(place == Place::Overflow);
        let Some(edge) = self.edges.at(place, now, new) else { return };
        edge.count = edge.count.saturating_add(times);
        let ends = [client, server].into_iter().zip(&mut edge.durations).zip(&mut edge.exemplars);
        for ((end, durations), shown) in ends {
            let Some(call) = end.call else { continue };
            durations.add(&self.scheme, call.nanoseconds, times);
            if self.exemplars > 0 {
                let Call { trace_id, span_id, end: time, nanoseconds, .. } = *call;
                shown.offer(&Sample { trace_id, span_id, time, nanoseconds }, self.exemplars);
            }
        }
        if let (Some(call), false) = (client.call, client.told) {
            self.key.truncate(pair);
            self.count_for_request(call, times, now, seen);
        }
    }

    /// The same call, as one of those that a request needs.
    #[inline]
    fn count_for_request(&mut self, call: &Call, times: u64, now: Instant, seen: &mut Seen) {
        let Some(counts) = &mut self.counts else { return };
        let new = || Pair { calls: Durations::new(&self.calls), exemplars: Reservoir::default(), open: 0 };
        // Different pairs together would look as if a request needed many calls: what is too much is left out.
        let Place::At(place) = self.pairs.place(self.key.bytes(), now, &mut self.budget, new) else {
            seen.uncounted += 1;
            return;
        };
        match counts.add(place, (call, times), now) {
            Added::First => {
                if let Some(row) = self.pairs.rows.get_mut(place) {
                    row.value.open += 1;
                }
            }
            Added::Further => {}
            Added::NoRoom => seen.uncounted += 1,
        }
    }

    /// Requests have ended whose calls were counted by `now`; with `None`, all. Returns how many.
    pub(super) fn end_requests(&mut self, now: Option<Instant>) -> usize {
        let Some(counts) = &mut self.counts else { return 0 };
        let mut ended = 0;
        while let Some(Count { trace_id, pair, calls, times, span_id, end, .. }) = counts.ended(now) {
            ended += 1;
            let Some(row) = self.pairs.rows.get_mut(pair) else { continue };
            row.value.open = row.value.open.saturating_sub(1);
            row.value.calls.add(&self.calls, calls, times);
            if self.exemplars > 0 {
                let sample = Sample { trace_id, span_id, time: end, nanoseconds: calls };
                row.value.exemplars.offer(&sample, self.exemplars);
            }
        }
        ended
    }

    /// A side of a call that stayed alone, as `add` counts it.
    pub(super) fn single(
        &mut self,
        name: &[u8],
        call: &Call,
        now: Instant,
        seen: &mut Seen,
        add: impl FnOnce(&mut Single),
    ) {
        let (client, server) = match call.side {
            Side::Client => (Some(name), None),
            Side::Server => (None, Some(name)),
        };
        self.join(client, server, if call.messaging { Connection::Messaging } else { Connection::Direct });
        let place = self.singles.place(self.key.bytes(), now, &mut self.budget, Single::default);
        seen.overflowed += usize::from(place == Place::Overflow);
        if let Some(single) = self.singles.at(place, now, Single::default) {
            add(single);
        }
    }

    fn join(&mut self, client: Option<&[u8]>, server: Option<&[u8]>, connection: Connection) {
        self.key.truncate(0);
        self.key.value(client);
        self.key.value(server);
        self.key.byte(connection.number());
    }

    /// Everything was sent that counts since `start`.
    pub(super) fn settle(&mut self, start: u64) {
        self.edges.settle(start, |edge| edge.exemplars.iter_mut().for_each(Reservoir::clear));
        self.singles.settle(start, |_single| {});
        self.pairs.settle(start, |pair| pair.exemplars.clear());
    }

    /// Forgets series for which nothing came since `before`. Returns how many.
    pub(super) fn forget(&mut self, before: Instant) -> usize {
        let edges = self.edges.forget(before, &mut self.budget, |_edge| false);
        let singles = self.singles.forget(before, &mut self.budget, |_single| false);
        let pairs = self.pairs.forget(before, &mut self.budget, |pair| pair.open > 0);
        if let (Some(counts), false) = (&mut self.counts, pairs.is_empty()) {
            let mut gone = 0;
            let places: Vec<usize> = pairs
                .iter()
                .enumerate()
                .map(|(place, left)| {
                    gone += usize::from(*left);
                    place.saturating_sub(gone)
                })
                .collect();
            counts.moved(|place| places.get(place).copied().unwrap_or(place));
        }
        [edges, singles, pairs].iter().flatten().filter(|left| **left).count()
    }
}

impl Connection {
    const fn number(self) -> u8 {
        match self {
            Self::Direct => 0,
            Self::Messaging => 1,
            Self::Database => 2,
            Self::Virtual => 3,
        }
    }

    /// What the attribute says when a key says `number`.
    pub(super) const fn name(number: u8) -> &'static str {
        match number {
            1 => "messaging_system",
            2 => "database",
            3 => "virtual_node",
            _ => "",
        }
    }
}
