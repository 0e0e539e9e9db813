//! Which stretch of time a point speaks of.

/// Shortest stretch over which a rate is told: below, one measurement more or less makes all the difference. A final export that closely
/// follows a regular one is taken together with what comes next.
const SHORTEST: u64 = 100_000_000;
/// Longest stretch that the first point of a series may tell a rate over. What a counter has gathered over days says nothing about now.
const LONGEST_FIRST: u64 = 600 * 1_000_000_000;
/// The latest time there can be, in the year 2262: what is beyond it cannot be told by all who read it as a signed number.
const LATEST: u64 = i64::MAX.cast_unsigned();

/// The times of a point, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Times {
    /// When what it tells began; 0 if unknown.
    pub(super) start: u64,
    /// When it was true.
    pub(super) time: u64,
}

impl Times {
    /// Whether it is known when the point was true.
    pub(super) const fn are_known(self) -> bool {
        self.time != 0 && self.time <= LATEST
    }

    /// How long it is since the start, if that is known and not after the time.
    const fn elapsed(self) -> Option<u64> {
        if self.start == 0 { None } else { self.time.checked_sub(self.start) }
    }
}

/// What a cumulative point speaks of beyond the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Since {
    /// All it has counted is new, in so many seconds.
    Start(f64),
    /// What it has counted more than the point before, in so many seconds.
    Before(f64),
    /// It cannot be told. It is a base for the next one.
    Unknown,
    /// It is too close to the point before, which stays the base for the next one.
    TooShort,
}

impl Since {
    /// For a point with these `times` after one whose time is `before`, than which it has counted less (`fell`) or not.
    ///
    /// A start behind the point before is that of another life of the counter, even when it has counted more by now. A start that moved
    /// less is none: starts that were computed from an uptime waver.
    pub(super) fn of(times: Times, before: Option<u64>, fell: bool) -> Self {
        let from_start = times.elapsed().filter(|elapsed| *elapsed >= SHORTEST).map(seconds);
        let Some(before) = before else {
            let first = from_start.filter(|elapsed| *elapsed <= seconds(LONGEST_FIRST));
            return first.map_or(Self::Unknown, Self::Start);
        };
        if fell || times.start > before {
            return from_start.filter(|_| times.start >= before).map_or(Self::Unknown, Self::Start);
        }
        let elapsed = times.time.saturating_sub(before);
        if elapsed < SHORTEST { Self::TooShort } else { Self::Before(seconds(elapsed)) }
    }
}

/// Deltas that were too close together to tell a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    /// When the first of them began.
    pub(super) since: u64,
    /// What they have counted.
    pub(super) amount: f64,
}

/// What a delta tells: a rate per second, or that it must be held until more is known.
pub(super) enum Told {
    Rate(f64),
    Held(Held),
    Nothing,
}

impl Told {
    /// For a delta of `amount` after a point whose time is `before`, with what was held then.
    ///
    /// Windows that overlap are told each on its own. A start that is missing, or not before the point, is the time of the point before.
    pub(super) fn of(times: Times, before: Option<u64>, held: Option<Held>, amount: f64) -> Self {
        let start = times.elapsed().filter(|elapsed| *elapsed > 0).map(|_| times.start);
        let Some(start) = start.or(before) else { return Self::Nothing };
        let window = match held {
            Some(held) if before.is_some_and(|before| start <= before) => {
                Held { since: held.since.min(start), amount: held.amount + amount }
            }
            _apart => Held { since: start, amount },
        };
        match times.time.saturating_sub(window.since) {
            elapsed if elapsed >= SHORTEST => Self::Rate(window.amount / seconds(elapsed)),
            _too_short if window.amount.is_finite() => Self::Held(window),
            _too_short => Self::Nothing,
        }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
