//! What is remembered of a series, as bytes.

use edgewatch_proto::wire::{put_varint, varint};

use super::Past;
use super::counter::Counted;
use super::explicit::Explicit;
use super::exponential::{Exponential, Side};
use super::past::Kept;
use super::quantiles::MOST_BUCKETS;
use super::window::Held;
use crate::stats::Stored;

/// The first byte of a saved state. A change of what is saved, or of what it means, takes the next number.
const VERSION: u8 = 1;
/// Indexes of buckets are nowhere near that: they have 32 bits, and there are not that many of them in a point.
const FARTHEST: u64 = 1 << 40;

/// What is kept, as the second byte says it.
mod tag {
    pub(super) const NOTHING: u8 = 0;
    pub(super) const WHOLE: u8 = 1;
    pub(super) const REAL: u8 = 2;
    pub(super) const HELD: u8 = 3;
    pub(super) const TOTAL: u8 = 4;
    pub(super) const EXPLICIT: u8 = 5;
    pub(super) const EXPONENTIAL: u8 = 6;
}

impl Past {
    /// Most bytes that [`Past::save`] appends.
    pub const MOST_BYTES: usize = 64 + 2 * (8 + 10 * MOST_BUCKETS);

    /// Appends what is remembered: 11 to 27 bytes, and for histograms one to ten per bucket.
    pub fn save(&self, out: &mut Vec<u8>) {
        let tag = match &self.kept {
            Kept::Nothing => tag::NOTHING,
            Kept::Counted(Counted::Whole(_)) => tag::WHOLE,
            Kept::Counted(Counted::Real(_)) => tag::REAL,
            Kept::Held(_) => tag::HELD,
            Kept::Total(_) => tag::TOTAL,
            Kept::Explicit(_) => tag::EXPLICIT,
            Kept::Exponential(_) => tag::EXPONENTIAL,
        };
        out.extend_from_slice(&[VERSION, tag, self.late]);
        self.time.store(out);
        match &self.kept {
            Kept::Nothing => {}
            Kept::Counted(Counted::Whole(value)) => value.store(out),
            Kept::Counted(Counted::Real(value)) | Kept::Total(value) => value.store(out),
            Kept::Held(held) => {
                held.since.store(out);
                held.amount.store(out);
            }
            Kept::Explicit(kept) => {
                put_varint(out, kept.count);
                kept.bounds.store(out);
                store_counts(&kept.counts, out);
            }
            Kept::Exponential(kept) => {
                put_varint(out, kept.count);
                kept.scale.cast_unsigned().store(out);
                put_varint(out, kept.zero);
                for side in [&kept.positive, &kept.negative] {
                    side.first.cast_unsigned().store(out);
                    store_counts(&side.counts, out);
                }
            }
        }
    }

    /// Reads what [`Past::save`] has written. None if another version has, or if it is damaged: the series starts anew.
    #[must_use]
    pub fn restore(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION, tag, late], mut rest) = bytes.split_first_chunk()? else { return None };
        let time = u64::load(&mut rest)?;
        let kept = load(tag, &mut rest)?;
        rest.is_empty().then_some(Self { time, late, kept })
    }
}

fn load(tag: u8, bytes: &mut &[u8]) -> Option<Kept> {
    Some(match tag {
        tag::NOTHING => Kept::Nothing,
        tag::WHOLE => Kept::Counted(Counted::Whole(u64::load(bytes)?)),
        tag::REAL => Kept::Counted(Counted::Real(f64::load(bytes)?)),
        tag::HELD => Kept::Held(Held { since: u64::load(bytes)?, amount: f64::load(bytes)? }),
        tag::TOTAL => Kept::Total(f64::load(bytes)?),
        tag::EXPLICIT => Kept::Explicit(Explicit {
            count: load_varint(bytes)?,
            bounds: u64::load(bytes)?,
            counts: load_counts(bytes)?.into_boxed_slice(),
        }),
        tag::EXPONENTIAL => Kept::Exponential(Box::new(Exponential {
            count: load_varint(bytes)?,
            scale: u32::load(bytes)?.cast_signed(),
            zero: load_varint(bytes)?,
            positive: load_side(bytes)?,
            negative: load_side(bytes)?,
        })),
        _unknown => return None,
    })
}

fn load_side(bytes: &mut &[u8]) -> Option<Side> {
    let first = u64::load(bytes)?.cast_signed();
    let counts = load_counts(bytes)?;
    (first.unsigned_abs() <= FARTHEST).then_some(Side { first, counts })
}

fn store_counts(counts: &[u64], out: &mut Vec<u8>) {
    put_varint(out, counts.len() as u64);
    counts.iter().for_each(|count| put_varint(out, *count));
}

fn load_counts(bytes: &mut &[u8]) -> Option<Vec<u64>> {
    let len = usize::try_from(load_varint(bytes)?).ok().filter(|len| *len <= MOST_BUCKETS)?;
    (0..len).map(|_| load_varint(bytes)).collect()
}

fn load_varint(bytes: &mut &[u8]) -> Option<u64> {
    let (value, next) = varint(bytes, 0)?;
    *bytes = bytes.get(next..)?;
    Some(value)
}
