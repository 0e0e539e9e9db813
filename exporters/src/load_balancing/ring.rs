//! Consistent hashing: which destination a hash belongs to.
//!
//! The algorithm is that of the Collector's exporter of this name (`consistent_hashing.go`), after Karger et al., "Consistent Hashing
//! and Random Trees" (1997): every destination stands at a hundred points of a ring with 36000 positions, given by the CRC-32
//! (IEEE) of its endpoint and the number of the point; a key belongs to the destination at its own position or the next one after
//! it. Rendezvous hashing would spread the keys more evenly. Its advantage is given up for a greater one: a trace whose spans come
//! through Collectors and through this agent arrives at one destination.

use flate2::Crc;

/// Positions on the ring.
const POSITIONS: u32 = 36_000;
/// Points of each destination.
const POINTS: u8 = 100;

/// The hash of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct KeyHash(pub(super) u32);

/// The destinations, by their numbers, in the order of their points.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ring {
    points: Vec<Point>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Point {
    position: u32,
    member: usize,
}

impl Ring {
    /// A ring of `endpoints`. All agents find the same ring whose endpoints stand in the same order.
    pub(super) fn new<'a>(endpoints: impl IntoIterator<Item = &'a str>) -> Self {
        let mut points: Vec<Point> = Vec::new();
        for (member, endpoint) in endpoints.into_iter().enumerate() {
            points.extend((0..POINTS).map(|number| {
                let mut crc = Crc::new();
                crc.update(endpoint.as_bytes());
                crc.update(&[number]);
                Point { position: crc.sum() % POSITIONS, member }
            }));
        }
        // A position that is taken stays with the endpoint that comes first.
        points.sort_by_key(|point| (point.position, point.member));
        points.dedup_by_key(|point| point.position);
        Self { points }
    }

    /// The destination for `key`, and after it those that stand in for it, in order, each as often as it has points.
    pub(super) fn members(&self, key: KeyHash) -> impl Iterator<Item = usize> {
        let position = key.0 % POSITIONS;
        let first = self.points.partition_point(|point| point.position < position);
        let (before, from) = self.points.split_at_checked(first).unwrap_or_default();
        from.iter().chain(before).map(|point| point.member)
    }
}
