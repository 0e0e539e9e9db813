//! A rate that several policies share.

use std::time::Instant;

use super::Candidate;
use super::condition::Condition;

/// Asks policies in order; the first one that holds keeps a trace if its share of the rate has room for it.
///
/// Spans are counted in seconds, from the first trace on.
#[derive(Debug)]
pub(super) struct Composite {
    /// Of the policies together, as the Collector means it: none has more.
    pub(super) most: usize,
    pub(super) parts: Vec<Part>,
    pub(super) start: Option<Instant>,
    pub(super) second: u64,
}

/// One of the policies.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) condition: Condition,
    /// Spans that it may keep in a second, and those that it has kept in this one.
    pub(super) most: usize,
    pub(super) kept: usize,
}

impl Composite {
    pub(super) fn admits(&mut self, trace: &Candidate<'_>, now: Instant) -> bool {
        let start = *self.start.get_or_insert(now);
        let second = now.saturating_duration_since(start).as_secs();
        if second != self.second {
            self.second = second;
            self.parts.iter_mut().for_each(|part| part.kept = 0);
        }
        let Some(part) = self.parts.iter_mut().find_map(|part| {
            let holds = part.condition.ask(trace, now).is_for();
            holds.then_some(part)
        }) else {
            return false;
        };
        let kept = part.kept + trace.spans.len();
        let fits = kept <= part.most && kept <= self.most;
        if fits {
            part.kept = kept;
        }
        fits
    }
}
