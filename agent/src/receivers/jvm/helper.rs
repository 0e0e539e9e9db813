//! The helper thread: when to look for JVMs, when to look at them, when to measure them all.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use super::fleet::Fleet;
use super::neighbours::Message;
use super::subject::Moment;

/// A round's request and the number of its data points.
pub(super) type Round = (Bytes, usize);

/// The times that are configured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) initial_delay: Duration,
    pub(super) collection: Duration,
    pub(super) discovery: Duration,
    /// Looks that are due within this time are done together.
    pub(super) together: Duration,
}

/// Works until it is told to stop, or nobody listens any more. A round that is due while the one before has not been sent yet is
/// left out.
pub(super) fn work(mut fleet: Fleet, times: Times, messages: &Receiver<Message>, rounds: &Sender<Round>) {
    let begin = Instant::now();
    let mut discover_at = begin;
    let mut round_at = begin + times.initial_delay;
    loop {
        let now = moment();
        if discover_at <= now.instant {
            fleet.discover(now);
            discover_at = after(discover_at, times.discovery, now.instant);
        }
        let look_at = fleet.look(moment());
        let now = moment();
        if round_at <= now.instant {
            if let Ok(place) = rounds.try_reserve() {
                let round = fleet.round(now);
                if round.1 > 0 {
                    place.send(round);
                }
            }
            round_at = after(round_at, times.collection, now.instant);
        }
        if rounds.is_closed() {
            return;
        }
        let soonest = discover_at.min(round_at);
        let soonest = look_at.map_or(soonest, |look_at| soonest.min(look_at + times.together));
        let wait = soonest.saturating_duration_since(Instant::now());
        match messages.recv_timeout(wait) {
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(message) => fleet.take(message, moment()),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// The next time after `now` in steps of `interval` from `due`: what was missed is left out.
fn after(due: Instant, interval: Duration, now: Instant) -> Instant {
    let next = due + interval;
    if next > now { next } else { now + interval }
}

fn moment() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Moment { instant: Instant::now(), unix: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX) }
}
