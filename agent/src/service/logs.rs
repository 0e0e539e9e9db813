//! The agent's own logs: structured, on stderr, sampled.
//!
//! A fault that repeats must not drown the rest nor fill a disk: of the events of one place in the code, the first `initial` of
//! each `tick` are written, then one in `thereafter`. These are the Collector's `service.telemetry.logs.sampling`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};
use std::{fmt, io};

use tracing::callsite::Identifier;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::{Layer, Registry, reload};

use crate::config::telemetry::{Encoding, Level, Logs, Sampling};

/// The least severity that is written, to be changed while the agent runs.
#[derive(Clone, Debug)]
pub struct LiveLevel(reload::Handle<LevelFilter, Registry>);

impl LiveLevel {
    /// Writes from `level` on.
    pub fn set(&self, level: Level) {
        // Without a subscriber, as in tests, there is nothing to change.
        let _ = self.0.reload(filter(level));
    }
}

/// Makes the global subscriber. A second call changes nothing.
pub fn init(logs: &Logs) -> LiveLevel {
    let sampler = logs.sampling.enabled.then(|| Sampler::new(logs.sampling.clone()));
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false).with_ansi(false);
    let layer = layer.with_timer(Milliseconds);
    let layer: Box<dyn Layer<_> + Send + Sync> = match (logs.encoding, sampler) {
        (Encoding::Console, None) => layer.boxed(),
        (Encoding::Console, Some(sampler)) => layer.with_filter(sampler).boxed(),
        (Encoding::Json, None) => layer.json().flatten_event(true).boxed(),
        (Encoding::Json, Some(sampler)) => layer.json().flatten_event(true).with_filter(sampler).boxed(),
    };
    let (level, live) = reload::Layer::new(filter(logs.level));
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(level));
    // A test may have set one already; then that one stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
    LiveLevel(live)
}

const fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warn => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    }
}

/// RFC 3339 in UTC, as fine as people compare.
struct Milliseconds;

impl FormatTime for Milliseconds {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", humantime::format_rfc3339_millis(SystemTime::now()))
    }
}

/// Decides for each event whether it is written.
pub struct Sampler {
    sampling: Sampling,
    /// One window for each place in the code that has logged: bounded by the size of the program.
    windows: Mutex<HashMap<Identifier, Window>>,
}

struct Window {
    start: Instant,
    seen: u64,
}

impl Sampler {
    /// A sampler with nothing seen yet.
    #[must_use]
    pub fn new(sampling: Sampling) -> Self {
        Self { sampling, windows: Mutex::new(HashMap::new()) }
    }

    fn admits(&self, place: Identifier, now: Instant) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(place).or_insert(Window { start: now, seen: 0 });
        if now.duration_since(window.start) >= *self.sampling.tick {
            *window = Window { start: now, seen: 0 };
        }
        window.seen += 1;
        match window.seen.checked_sub(self.sampling.initial) {
            None | Some(0) => true,
            Some(beyond) => beyond.checked_rem(self.sampling.thereafter) == Some(0),
        }
    }
}

impl<S: Subscriber> Filter<S> for Sampler {
    fn enabled(&self, _metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _context: &Context<'_, S>) -> bool {
        self.admits(event.metadata().callsite(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use tracing::callsite::Callsite;

    use super::*;

    #[test]
    fn writes_the_first_of_each_window_and_then_one_in_some() {
        let callsite =
            tracing::callsite!(name: "somewhere", kind: tracing::metadata::Kind::EVENT, fields: message);
        let place = callsite.metadata().callsite();
        let sampling = Sampling { initial: 2, thereafter: 3, ..Sampling::default() };
        let sampler = Sampler::new(sampling);
        let start = Instant::now();

        let written: Vec<bool> = (0..9).map(|_| sampler.admits(place.clone(), start)).collect();
        assert_eq!(written, [true, true, false, false, true, false, false, true, false]);

        assert!(sampler.admits(place, start + std::time::Duration::from_secs(10)), "a new window has begun");
    }
}
