//! The decision, without regard to what an item is.

use super::config::{AttributeSource, Config, Mode};
use crate::sampling::{Randomness, Threshold, fnv1a_32};

/// Buckets of the hash.
const BUCKETS: u32 = 1 << 14;

/// What an item brings along.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Given<'a> {
    /// None if all of it is zero, or if it has another length.
    pub(super) trace_id: Option<&'a [u8; 16]>,
    /// The explicit randomness.
    pub(super) randomness: Option<Randomness>,
    /// The threshold that was applied before.
    pub(super) threshold: Option<Threshold>,
    /// What says so is malformed.
    pub(super) malformed: bool,
    /// Log records: the value to hash where there is no trace id to hash.
    pub(super) value: Option<&'a [u8]>,
    pub(super) priority: Priority,
}

/// What an item asks for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Priority {
    /// Nothing.
    #[default]
    None,
    /// To be decided by this threshold.
    Threshold(Threshold),
}

/// Where the randomness of a decision is from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    TraceIdHash,
    TraceIdW3c,
    SamplingRandomness,
    Attribute,
    Missing,
    SamplingPriority,
}

impl Origin {
    pub(super) const ALL: [Self; 6] = [
        Self::TraceIdHash,
        Self::TraceIdW3c,
        Self::SamplingRandomness,
        Self::Attribute,
        Self::Missing,
        Self::SamplingPriority,
    ];
}

/// What becomes of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) kept: bool,
    pub(super) origin: Origin,
    /// What is written into the item if it is kept; `None`: nothing.
    pub(super) note: Option<Note>,
}

/// What is written into an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Note {
    pub(super) threshold: Threshold,
    /// The threshold that it came with is wrong.
    pub(super) clear: bool,
    pub(super) randomness: Option<Randomness>,
}

/// Decides about items of one signal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sampler {
    kind: Kind,
    fail_closed: bool,
    is_of_logs: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Never,
    Hash { seed: [u8; 4], threshold: Threshold, of_trace_id: bool },
    Equalizing { threshold: Threshold },
    Proportional { ratio: f64, precision: u32 },
}

/// The randomness of an item, as a mode sees it.
struct Drawn {
    randomness: Randomness,
    origin: Origin,
    /// Nothing can be decided.
    failed: bool,
    /// The item may be written into, and gets this randomness.
    writable: bool,
    explicit: Option<Randomness>,
}

impl Sampler {
    pub(super) fn new(config: &Config, is_of_logs: bool) -> Self {
        Self { kind: Kind::new(config), fail_closed: config.fail_closed, is_of_logs }
    }

    pub(super) fn decide(&self, given: &Given<'_>) -> Verdict {
        let drawn = self.draw(given);
        let missing = drawn.origin == Origin::Missing;
        // A threshold that the item's randomness does not reach is a lie.
        let inconsistent = !drawn.failed
            && !missing
            && drawn.writable
            && given.threshold.is_some_and(|applied| !applied.keeps(drawn.randomness));
        let mut threshold = match drawn.failed || missing || inconsistent {
            true if self.fail_closed => Threshold::NEVER,
            true => Threshold::ALWAYS,
            false => self.kind.threshold(given.threshold),
        };
        let mut origin = drawn.origin;
        if let Priority::Threshold(wanted) = given.priority {
            (threshold, origin) = (wanted, Origin::SamplingPriority);
        }
        let note = Note { threshold, clear: inconsistent, randomness: drawn.explicit };
        Verdict { kept: threshold.keeps(drawn.randomness), origin, note: drawn.writable.then_some(note) }
    }

    fn draw(&self, given: &Given<'_>) -> Drawn {
        let missing = (Randomness::MOST, Origin::Missing);
        match &self.kind {
            Kind::Never => Drawn {
                randomness: Randomness::MOST,
                origin: Origin::SamplingPriority,
                failed: given.malformed,
                writable: !given.malformed,
                explicit: None,
            },
            Kind::Hash { seed, of_trace_id, .. } => {
                let id = given.trace_id.filter(|_| *of_trace_id || !self.is_of_logs);
                let (randomness, origin) = match (id, given.value) {
                    (Some(id), _) => (of_hash(*seed, id), Origin::TraceIdHash),
                    (None, Some(value)) => (of_hash(*seed, value), Origin::Attribute),
                    (None, None) => missing,
                };
                // Who samples consistently elsewhere has to go on with it.
                let failed = given.malformed || given.randomness.is_some() || given.threshold.is_some();
                let explicit = !self.is_of_logs || origin != Origin::Missing;
                Drawn {
                    randomness,
                    origin,
                    failed,
                    writable: !failed,
                    explicit: explicit.then_some(randomness),
                }
            }
            Kind::Equalizing { .. } | Kind::Proportional { .. } => {
                let (randomness, origin) = match (given.malformed, given.randomness, given.trace_id) {
                    (true, ..) | (false, None, None) => missing,
                    (false, Some(randomness), _) => (randomness, Origin::SamplingRandomness),
                    (false, None, Some(id)) => (Randomness::of_trace_id(id), Origin::TraceIdW3c),
                };
                let failed = given.malformed;
                Drawn { randomness, origin, failed, writable: !failed, explicit: None }
            }
        }
    }
}

impl Kind {
    fn new(config: &Config) -> Self {
        let percentage = config.sampling_percentage.min(100.0);
        if percentage == 0.0 {
            return Self::Never;
        }
        let ratio = (f64::from(percentage) / 100.0).max(2_f64.powi(-56));
        match config.mode {
            Mode::Equalizing => {
                let threshold = Threshold::of_probability(ratio, config.sampling_precision);
                Self::Equalizing { threshold: threshold.unwrap_or(Threshold::NEVER) }
            }
            Mode::Proportional => Self::Proportional { ratio, precision: config.sampling_precision },
            Mode::HashSeed => {
                // In single precision and rounded down, as it has always been there.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2^14")]
                let kept = (percentage * 163.84_f32) as u32;
                if kept == 0 {
                    return Self::Never;
                }
                Self::Hash {
                    seed: config.hash_seed.to_le_bytes(),
                    threshold: Threshold::rejecting(u64::from(BUCKETS - kept.min(BUCKETS)) << 42),
                    of_trace_id: config.attribute_source == AttributeSource::TraceId,
                }
            }
        }
    }

    /// The threshold for an item to which `applied` was applied before.
    fn threshold(&self, applied: Option<Threshold>) -> Threshold {
        match self {
            Self::Never => Threshold::NEVER,
            Self::Hash { threshold, .. } => *threshold,
            Self::Equalizing { threshold } => applied.map_or(*threshold, |applied| applied.max(*threshold)),
            Self::Proportional { ratio, precision } => {
                let before = applied.map_or(1.0, Threshold::probability);
                // What has become less probable than can be written is not kept.
                Threshold::of_probability(before * ratio, *precision).unwrap_or(Threshold::NEVER)
            }
        }
    }
}

/// The randomness that decides as the hash does: its 14 bits that decide first, reversed, since a hash is to be below a limit and
/// randomness above one; then what is left of the hash.
fn of_hash(seed: [u8; 4], bytes: &[u8]) -> Randomness {
    let hash = fnv1a_32([&seed, bytes]);
    let bucket = u64::from(hash % BUCKETS);
    let rest = u64::from(hash >> 18);
    let mixed = rest ^ rest << 10;
    Randomness::of_bits((u64::from(BUCKETS) - 1 - bucket) << 42 | mixed << 14 | bucket)
}
