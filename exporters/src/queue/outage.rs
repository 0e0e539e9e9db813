//! What is said in the log about a destination that does not take data.
//!
//! Every consumer meets the same failure, again and again for as long as it lasts. Said are its beginning, that it goes on, and its end: two lines
//! in each [`PAUSE`] at most, so that one dead destination does not hide what is wrong with another one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Time between two lines about failures.
const PAUSE: Duration = Duration::from_secs(30);

/// The failures of one destination, as far as they have been told.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the first attempt of this outage failed; `None` while the destination answers.
    since: Option<Instant>,
    /// When a failure was last told.
    told: Option<Instant>,
}

impl Outage {
    /// An attempt failed at `now`. How long attempts have been failing, when that is to be told.
    pub(super) fn failed(&self, now: Instant) -> Option<Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *state.since.get_or_insert(now);
        if state.told.is_some_and(|told| now.duration_since(told) < PAUSE) {
            return None;
        }
        state.told = Some(now);
        Some(now.duration_since(since))
    }

    /// The destination answered at `now`. How long it had not, when a failure of that time has been told.
    pub(super) fn answered(&self, now: Instant) -> Option<Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = state.since.take()?;
        let told = state.told.is_some_and(|told| told >= since);
        told.then(|| now.duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_at_its_beginning_now_and_then_and_at_its_end() {
        let outage = Outage::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(outage.answered(start), None, "nothing was wrong");

        assert_eq!(outage.failed(start), Some(Duration::ZERO));
        assert_eq!(outage.failed(after(1)), None);
        assert_eq!(outage.failed(after(29)), None);
        assert_eq!(outage.failed(after(31)), Some(Duration::from_secs(31)));
        assert_eq!(outage.answered(after(40)), Some(Duration::from_secs(40)));
        assert_eq!(outage.answered(after(41)), None, "said once");

        assert_eq!(outage.failed(after(42)), None, "it comes and goes: that has just been said");
        assert_eq!(outage.answered(after(43)), None);
        assert_eq!(outage.failed(after(62)), Some(Duration::ZERO));
    }
}
