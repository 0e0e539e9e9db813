//! Anomalies that are on, with what must be known to tell of them when their series says no more.

use std::sync::Arc;

use edgewatch_proto::view::Resource;
use edgewatch_proto::wire;

use super::clock::Clock;
use super::detector::Scored;
use super::rates::ATTRIBUTES;
use super::series::{Aspect, Found};

/// An anomaly ends when its series has been silent for so many times as long as it usually is between two scores.
const SILENCE: u32 = 10;
/// Series whose identity takes more are not told of on their own.
const LONGEST: usize = 16 << 10;

/// Which series it is, in a form that outlives the request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Identity {
    pub(super) key: u64,
    /// An encoded `Resource`.
    pub(super) resource: Box<[u8]>,
    /// The attributes of the point, encoded like those of a `Resource`.
    pub(super) attributes: Box<[u8]>,
    pub(super) name: Box<str>,
    pub(super) unit: Box<str>,
}

impl Identity {
    pub(super) fn of(found: &Found<'_>) -> Self {
        let mut attributes = Vec::new();
        for attribute in found.point.attributes() {
            wire::put_bytes(&mut attributes, ATTRIBUTES, attribute.as_bytes());
        }
        Self {
            key: found.key,
            resource: found.resource.map(Resource::as_bytes).unwrap_or_default().into(),
            attributes: attributes.into(),
            name: found.metric.name().into(),
            unit: found.metric.unit().into(),
        }
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.resource.len() + self.attributes.len() + self.name.len() + self.unit.len()
    }
}

/// An anomaly that is on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Anomaly {
    pub(super) identity: Arc<Identity>,
    pub(super) aspect: Aspect,
    /// The step in which it began, in nanoseconds since 1970.
    pub(super) start: u64,
    /// The last step of its series that was scored.
    pub(super) last: u64,
    /// The largest score so far, and the logarithm of the least probability.
    pub(super) peak: f32,
    pub(super) ln_probability: f32,
    /// The second of the clock in which its series was last scored.
    pub(super) seen: u32,
    /// The longest time between two scores, in seconds.
    pub(super) gap: u32,
}

impl Anomaly {
    fn rank(&self) -> (u64, Aspect) {
        (self.identity.key, self.aspect)
    }

    /// Takes in one more step.
    pub(super) fn go_on(&mut self, scored: &Scored, second: u32) {
        self.last = scored.time;
        self.peak = self.peak.max(scored.raw);
        self.ln_probability = self.ln_probability.min(scored.ln_probability);
        self.gap = self.gap.max(second.saturating_sub(self.seen));
        self.seen = second;
    }

    fn is_silent(&self, clock: &Clock) -> bool {
        let usual = self.gap.max(clock.step_seconds());
        clock.seconds().saturating_sub(self.seen) >= usual.saturating_mul(SILENCE)
    }
}

/// All anomalies that are on and told of, within limits.
#[derive(Debug)]
pub(super) struct Ongoing {
    /// In the order of key and aspect.
    anomalies: Vec<Anomaly>,
    most: usize,
    limit: usize,
    /// Bytes of their identities.
    bytes: usize,
}

impl Ongoing {
    /// Most anomalies, and most bytes that they may take.
    pub(super) fn new(most: usize, limit: usize) -> Self {
        let most = most.min(limit / (2 * size_of::<Anomaly>()));
        Self { anomalies: Vec::new(), most, limit, bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.anomalies.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.anomalies.capacity() * size_of::<Anomaly>() + self.bytes
    }

    /// Adds an anomaly; `false` when there is no room for it.
    pub(super) fn begin(&mut self, anomaly: Anomaly) -> bool {
        let bytes = anomaly.identity.bytes();
        let Err(place) = self.place(anomaly.rank()) else { return false };
        if bytes > LONGEST || self.anomalies.len() >= self.most {
            return false;
        }
        if self.most * size_of::<Anomaly>() + self.bytes + bytes > self.limit {
            return false;
        }
        if self.anomalies.capacity() == 0 {
            // All at once, so that growing never takes it twice.
            self.anomalies.reserve_exact(self.most);
        }
        self.bytes += bytes;
        self.anomalies.insert(place, anomaly);
        true
    }

    pub(super) fn get_mut(&mut self, key: u64, aspect: Aspect) -> Option<&mut Anomaly> {
        let place = self.place((key, aspect)).ok()?;
        self.anomalies.get_mut(place)
    }

    pub(super) fn end(&mut self, key: u64, aspect: Aspect) -> Option<Anomaly> {
        let place = self.place((key, aspect)).ok()?;
        let anomaly = self.anomalies.remove(place);
        self.bytes = self.bytes.saturating_sub(anomaly.identity.bytes());
        Some(anomaly)
    }

    /// Those of one series.
    pub(super) fn of(&self, key: u64) -> impl Iterator<Item = &Anomaly> {
        let first = self.anomalies.partition_point(|anomaly| anomaly.identity.key < key);
        self.anomalies.iter().skip(first).take_while(move |anomaly| anomaly.identity.key == key)
    }

    /// Takes out those of one series.
    pub(super) fn take(&mut self, key: u64) -> Vec<Anomaly> {
        let first = self.anomalies.partition_point(|anomaly| anomaly.identity.key < key);
        let end = self.anomalies.partition_point(|anomaly| anomaly.identity.key <= key);
        let taken: Vec<Anomaly> = self.anomalies.drain(first..end).collect();
        self.bytes -= taken.iter().map(|anomaly| anomaly.identity.bytes()).sum::<usize>().min(self.bytes);
        taken
    }

    /// Takes out those whose series have fallen silent.
    pub(super) fn take_silent(&mut self, clock: &Clock) -> Vec<Anomaly> {
        let silent: Vec<Anomaly> =
            self.anomalies.extract_if(.., |anomaly| anomaly.is_silent(clock)).collect();
        self.bytes -= silent.iter().map(|anomaly| anomaly.identity.bytes()).sum::<usize>().min(self.bytes);
        silent
    }

    fn place(&self, rank: (u64, Aspect)) -> Result<usize, usize> {
        self.anomalies.binary_search_by(|anomaly| anomaly.rank().cmp(&rank))
    }
}
