//! Joining what waits into batches of the size that the configuration asks for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use edgewatch_core::delivery::QueueBatchSettings;
use tokio::time::Instant;

use super::split::cut;
use super::store::{Found, Held, Store, measure};

/// Takes batches from a store and joins them.
pub(super) struct Joiner {
    settings: Option<QueueBatchSettings>,
    /// Cut off and ready to go.
    ready: VecDeque<Held>,
    /// Below the smallest size, waiting for more since the given time.
    short: Option<(Held, Instant)>,
}

/// What there is to send.
pub(super) enum Next {
    Ready(Held),
    /// Nothing before something arrives or, when given, that time comes.
    Wait(Option<Instant>),
    /// Nothing, and nothing will come.
    End,
}

impl Joiner {
    pub(super) fn new(settings: Option<QueueBatchSettings>) -> Self {
        Self { settings, ready: VecDeque::new(), short: None }
    }

    /// The next batch that is due at `now`.
    pub(super) fn next(&mut self, store: &Arc<Store>, now: Instant) -> Next {
        let Some(settings) = &self.settings else {
            return match store.take() {
                Found::Batch(held) => Next::Ready(held),
                Found::Nothing => Next::Wait(None),
                Found::End => Next::End,
            };
        };
        loop {
            if let Some(held) = self.ready.pop_front() {
                return Next::Ready(held);
            }
            let ended = match store.take() {
                Found::Batch(held) => {
                    let held = join(self.short.take(), held, now);
                    let last = cut_off(held, settings, &mut self.ready);
                    self.short = hold_if_short(last, settings, &mut self.ready);
                    continue;
                }
                Found::Nothing => false,
                Found::End => true,
            };
            let Some((held, since)) = self.short.take() else {
                return if ended { Next::End } else { Next::Wait(None) };
            };
            let due = since + settings.flush_timeout.get().max(SHORTEST);
            if ended || due <= now {
                return Next::Ready(held);
            }
            self.short = Some((held, since));
            return Next::Wait(Some(due));
        }
    }
}

/// A timer does not fire earlier than this.
const SHORTEST: Duration = Duration::from_millis(1);

fn join(short: Option<(Held, Instant)>, held: Held, now: Instant) -> (Held, Instant) {
    match short {
        Some((mut short, since)) => {
            short.batch.append(held.batch);
            short.charge.absorb(held.charge);
            (short, since)
        }
        None => (held, now),
    }
}

/// Cuts pieces of the largest size off what exceeds it, and returns the rest.
fn cut_off(
    (held, since): (Held, Instant),
    settings: &QueueBatchSettings,
    ready: &mut VecDeque<Held>,
) -> (Held, Instant) {
    let too_large = settings.max_size > 0 && measure(&held.batch, settings.sizer) > settings.max_size;
    if !too_large {
        return (held, since);
    }
    let Held { batch, mut charge } = held;
    let (pieces, last) = cut(batch, settings.max_size, settings.sizer);
    for batch in pieces {
        let charge = charge.share(&batch);
        ready.push_back(Held { batch, charge });
    }
    // What the pieces left of the room stays with the last, so that nothing is given back too early or twice.
    (Held { batch: last, charge }, since)
}

fn hold_if_short(
    (held, since): (Held, Instant),
    settings: &QueueBatchSettings,
    ready: &mut VecDeque<Held>,
) -> Option<(Held, Instant)> {
    if measure(&held.batch, settings.sizer) < settings.min_size {
        return Some((held, since));
    }
    ready.push_back(held);
    None
}
