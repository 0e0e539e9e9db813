//! The time of day, from the data alone.

use std::collections::VecDeque;
use std::time::Instant;

/// How many batches have a say.
const BATCHES: usize = 15;

/// Tells the time of day where there is no clock.
///
/// A batch of spans tells about what time it is: that of its newest end. Between batches the time goes on as instants do. Of the last
/// fifteen batches the one in the middle is believed, so that some with wrong clocks do not set the time. Data that is replayed
/// later has the time that it had.
#[derive(Debug, Default)]
pub(crate) struct DataClock {
    first: Option<Instant>,
    /// What batches said the time was at the first instant, in nanoseconds since 1970.
    said: VecDeque<i64>,
}

impl DataClock {
    /// A batch came whose newest time is `newest`, in nanoseconds since 1970; zero: it has none.
    pub(crate) fn observe(&mut self, now: Instant, newest: u64) {
        let first = *self.first.get_or_insert(now);
        let Ok(newest @ 1..) = i64::try_from(newest) else { return };
        if self.said.len() == BATCHES {
            self.said.pop_front();
        }
        self.said.push_back(newest - nanoseconds(first, now));
    }

    /// The time at an instant, in nanoseconds since 1970; zero while nothing is known.
    pub(crate) fn at(&self, instant: Instant) -> u64 {
        let Some(first) = self.first else { return 0 };
        let mut said: smallvec::SmallVec<[i64; BATCHES]> = self.said.iter().copied().collect();
        said.sort_unstable();
        // Of two in the middle the later one: spans come late, not early.
        let Some(middle) = said.get(said.len() / 2) else { return 0 };
        u64::try_from(middle.saturating_add(nanoseconds(first, instant))).unwrap_or(0)
    }
}

fn nanoseconds(from: Instant, to: Instant) -> i64 {
    i64::try_from(to.saturating_duration_since(from).as_nanos()).unwrap_or(i64::MAX)
}
