//! The differences between two readings.

/// What the counters of one kind of collections say, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many have begun.
    pub count: u64,
    /// How long all that have ended took.
    pub time: u64,
    /// When the last one began.
    pub entry: u64,
    /// When the last one that has ended ended.
    pub exit: u64,
}

impl Tally {
    /// Whether a collection is running.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.exit < self.entry
    }
}

/// The pauses between two looks, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pauses {
    /// The last one.
    pub last: u64,
    /// The one before it, when there were exactly two.
    pub first: Option<u64>,
    /// How many others there were.
    pub others: u64,
    /// How long these others took together.
    pub others_time: u64,
}

impl Pauses {
    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        1 + self.first.is_some() as u64 + self.others
    }

    /// Tells every pause: how long each took, how many, and how long these took together. Single ones exactly, others as their mean.
    pub fn shares(&self, mut tell: impl FnMut(u64, u64, u64)) {
        tell(self.last, 1, self.last);
        if let Some(first) = self.first {
            tell(first, 1, first);
        }
        if let Some(mean) = self.others_time.checked_div(self.others) {
            tell(mean, self.others, self.others_time);
        }
    }

    /// They took so much longer than it was said.
    pub(super) fn lengthen(&mut self, nanoseconds: u64) {
        let which = match &mut self.first {
            _ if self.others > 0 => &mut self.others_time,
            Some(first) => first,
            None => &mut self.last,
        };
        *which = which.saturating_add(nanoseconds);
    }

    /// How long all took together.
    #[must_use]
    pub const fn time(&self) -> u64 {
        let first = match self.first {
            Some(first) => first,
            None => 0,
        };
        self.last.saturating_add(first).saturating_add(self.others_time)
    }
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen {
    /// Nothing has ended since the last look.
    Nothing,
    /// A collection is running: nothing can be told until it has ended.
    Running,
    /// This was the first look: what was before is not told.
    First,
    /// These have ended.
    Pauses(Pauses),
    /// The time of a pause that was told already has grown by this.
    Late(u64),
    /// The counters have begun again.
    Reset,
}

/// Compares readings of the counters of one kind of collections.
///
/// A JVM changes them in this order, and can be read between any two steps: count and entry when a collection begins, exit and time
/// when it ends. A reading copies them from the first to the last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracker {
    before: Option<Tally>,
}

impl Tracker {
    /// When the last pause ended that was told.
    #[must_use]
    pub fn exit(&self) -> Option<u64> {
        Some(self.before?.exit)
    }

    /// Compares `now` with what was before.
    pub fn look(&mut self, now: Tally) -> Seen {
        let Some(before) = self.before else {
            if now.is_running() {
                return Seen::Running;
            }
            self.before = Some(now);
            return Seen::First;
        };
        let (Some(count), Some(time)) =
            (now.count.checked_sub(before.count), now.time.checked_sub(before.time))
        else {
            // What runs now is counted when it has ended.
            self.before = (!now.is_running()).then_some(now);
            return Seen::Reset;
        };
        // A collection that has begun shows in its count before it shows in its entry.
        if now.is_running() || (count > 0 && now.exit == before.exit) {
            return Seen::Running;
        }
        match (count, time) {
            (0, 0) => Seen::Nothing,
            (0, late) => {
                // The exit of this very collection may not have been seen.
                self.before = Some(Tally { time: now.time, ..before });
                Seen::Late(late)
            }
            (count, time) => {
                self.before = Some(now);
                Seen::Pauses(divide(count, time, now.exit - now.entry))
            }
        }
    }
}

/// Divides `time` among `count` pauses of which the last took `last`.
fn divide(count: u64, time: u64, last: u64) -> Pauses {
    let last = last.min(time);
    match count {
        1 => Pauses { last: time, ..Pauses::default() },
        2 => Pauses { last, first: Some(time - last), ..Pauses::default() },
        more => Pauses { last, first: None, others: more - 1, others_time: time - last },
    }
}
