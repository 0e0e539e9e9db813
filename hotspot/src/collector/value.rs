//! How a value is made of counters.

use crate::counters::{Layout, Slot};

/// A page: the collectors that pad their capacities pad them by less.
const PAGE: u64 = 4096;

/// How a value is made of counters, resolved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Value {
    /// The counters do not tell.
    Unknown,
    /// It is always the same.
    Constant(u64),
    /// It is a counter.
    Slot(Slot),
    /// It is a counter that is zero until it is known.
    Positive(Slot),
    /// It is a counter, rounded down to whole pages.
    Pages(Slot),
    /// It is the sum of two counters.
    Sum(Slot, Slot),
    /// It is the first counter without the two others.
    Rest(Slot, [Slot; 2]),
    /// It is the first of the capacities of two survivor spaces when both are equal, and that of the space in use otherwise.
    InUse {
        /// Capacities of both.
        capacities: [Slot; 2],
        /// What is used of both.
        used: [Slot; 2],
    },
}

impl Value {
    /// The value in `block`, when it can be known.
    #[must_use]
    pub fn read(self, layout: &Layout, block: &[u8]) -> Option<u64> {
        let get = |slot| u64::try_from(layout.read(block, slot)?).ok();
        match self {
            Self::Unknown => None,
            Self::Constant(value) => Some(value),
            Self::Slot(slot) => get(slot),
            Self::Positive(slot) => get(slot).filter(|value| *value > 0),
            Self::Pages(slot) => Some(get(slot)? / PAGE * PAGE),
            Self::Sum(one, other) => get(one)?.checked_add(get(other)?),
            Self::Rest(whole, [one, other]) => get(whole)?.checked_sub(get(one)?)?.checked_sub(get(other)?),
            Self::InUse { capacities: [one, other], used: [of_one, of_other] } => {
                let (one, other) = (get(one)?, get(other)?);
                match (get(of_one)?, get(of_other)?) {
                    _ if one == other => Some(one),
                    (1.., 0) => Some(one),
                    (0, 1..) => Some(other),
                    // Which one is in use cannot be told when neither holds anything.
                    (0, 0) | (1.., 1..) => None,
                }
            }
        }
    }
}
