//! Joining what waits into batches of the size that the configuration asks for.

use std::collections::VecDeque;
use std::time::Duration;

use edgewatch_core::batch::Batch;
use edgewatch_core::delivery::QueueBatchSettings;
use edgewatch_core::switch::Switch;
use tokio::time::Instant;

use super::split::cut;
use super::store::measure;

/// What a batch holds of its queue until its fate is known.
pub(super) trait Charge {
    /// Takes over what `other` holds, which must be of the same queue.
    fn absorb(&mut self, other: Self);

    /// What goes with `piece`, which has been cut off the batch.
    fn share(&mut self, piece: &Batch) -> Self;
}

/// A batch on its way from the queue to its fate, with what it still holds there.
#[derive(Debug)]
pub(super) struct Held<C> {
    pub(super) batch: Batch,
    pub(super) charge: C,
}

/// What the consumer finds in a queue.
#[derive(Debug)]
pub(super) enum Found<C> {
    Batch(Held<C>),
    Nothing,
    /// Nothing, and nothing will come.
    End,
}

/// How a queue joins batches. May change while it runs.
pub(super) type Joining = Switch<Option<QueueBatchSettings>>;

/// Encoded bytes at which a batch is sent although it is smaller than the configuration asks for. Few, very large items would otherwise
/// pile up to requests of gigabytes, which no destination takes.
const MOST_HELD: usize = 16 << 20;

/// Takes batches from a queue and joins them.
pub(super) struct Joiner<C> {
    settings: Joining,
    /// Cut off and ready to go.
    ready: VecDeque<Held<C>>,
    /// Below the smallest size, waiting for more since the given time.
    short: Option<(Held<C>, Instant)>,
}

/// What there is to send.
pub(super) enum Next<C> {
    Ready(Held<C>),
    /// Nothing before something arrives or, when given, that time comes.
    Wait(Option<Instant>),
    /// Nothing, and nothing will come.
    End,
}

impl<C: Charge> Joiner<C> {
    pub(super) fn new(settings: Joining) -> Self {
        Self { settings, ready: VecDeque::new(), short: None }
    }

    /// The next batch that is due at `now`; `take` takes one out of the queue.
    pub(super) fn next(&mut self, mut take: impl FnMut() -> Found<C>, now: Instant) -> Next<C> {
        let settings = self.settings.get();
        let Some(settings) = settings.as_ref() else {
            let left = self.ready.pop_front().or_else(|| self.short.take().map(|(held, _)| held));
            if let Some(held) = left {
                return Next::Ready(held);
            }
            return match take() {
                Found::Batch(held) => Next::Ready(held),
                Found::Nothing => Next::Wait(None),
                Found::End => Next::End,
            };
        };
        loop {
            if let Some(held) = self.ready.pop_front() {
                return Next::Ready(held);
            }
            let ended = match take() {
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

fn join<C: Charge>(short: Option<(Held<C>, Instant)>, held: Held<C>, now: Instant) -> (Held<C>, Instant) {
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
fn cut_off<C: Charge>(
    (held, since): (Held<C>, Instant),
    settings: &QueueBatchSettings,
    ready: &mut VecDeque<Held<C>>,
) -> (Held<C>, Instant) {
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
    // What the pieces left stays with the last, so that nothing is given back too early or twice.
    (Held { batch: last, charge }, since)
}

fn hold_if_short<C>(
    (held, since): (Held<C>, Instant),
    settings: &QueueBatchSettings,
    ready: &mut VecDeque<Held<C>>,
) -> Option<(Held<C>, Instant)> {
    if measure(&held.batch, settings.sizer) < settings.min_size && held.batch.bytes() < MOST_HELD {
        return Some((held, since));
    }
    ready.push_back(held);
    None
}
