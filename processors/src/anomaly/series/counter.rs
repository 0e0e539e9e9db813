//! What a counter has counted.

use edgewatch_proto::view::NumberValue;

/// What was counted so far. Whole numbers are kept as such: beyond 2^53 their differences would be lost in a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Counted {
    Whole(u64),
    Real(f64),
}

impl Counted {
    /// None if it is no amount: negative, infinite or not a number.
    pub(super) fn of(value: NumberValue) -> Option<Self> {
        match value {
            NumberValue::Int(value) => u64::try_from(value).ok().map(Self::Whole),
            NumberValue::Double(value) => (value.is_finite() && value >= 0.0).then_some(Self::Real(value)),
        }
    }

    pub(super) const fn amount(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }

    /// How much more it is than `before`; none if it fell.
    pub(super) fn more_than(self, before: Self) -> Option<f64> {
        if let (Self::Whole(now), Self::Whole(before)) = (self, before) {
            return now.checked_sub(before).map(|more| more as f64);
        }
        let more = self.amount() - before.amount();
        (more >= 0.0).then_some(more)
    }
}
