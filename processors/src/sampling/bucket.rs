use std::time::Instant;

/// For so many seconds at most a bucket is empty because of what was taken on credit.
const LONGEST_DEBT: f64 = 60.0;

/// A token bucket: so much in a second, and what was not used for a while at once, up to a limit.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    per_second: f64,
    capacity: f64,
    /// Below zero: owed.
    tokens: f64,
    filled: Option<Instant>,
}

impl TokenBucket {
    /// Full at first.
    pub(crate) fn new(per_second: u64, capacity: u64) -> Self {
        let capacity = capacity as f64;
        Self { per_second: per_second as f64, capacity, tokens: capacity, filled: None }
    }

    /// Takes `many` tokens if there are so many.
    pub(crate) fn take(&mut self, many: usize, now: Instant) -> bool {
        self.fill(now);
        let wanted = many as f64;
        if wanted > self.tokens {
            return false;
        }
        self.tokens -= wanted;
        true
    }

    /// The same, but more than it can ever hold is given when it is full, and owed: nothing is given until that has come in.
    pub(crate) fn take_on_credit(&mut self, many: usize, now: Instant) -> bool {
        self.fill(now);
        let wanted = many as f64;
        if wanted.min(self.capacity) > self.tokens {
            return false;
        }
        self.tokens = (self.tokens - wanted).max(-LONGEST_DEBT * self.per_second);
        true
    }

    fn fill(&mut self, now: Instant) {
        let since = self.filled.map_or(0.0, |filled| now.saturating_duration_since(filled).as_secs_f64());
        self.tokens = (self.tokens + since * self.per_second).min(self.capacity);
        self.filled = Some(self.filled.map_or(now, |filled| filled.max(now)));
    }
}
