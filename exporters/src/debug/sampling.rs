use std::time::{Duration, Instant};

use edgewatch_core::Signal;

/// The time after which counting starts anew.
const WINDOW: Duration = Duration::from_secs(1);

/// Decides which batches are printed: the first few of each second, then every so many-th. As the sampler of
/// the Collector's logger, which counts each signal for itself.
#[derive(Debug)]
pub(super) struct Sampler {
    initial: u64,
    thereafter: u64,
    traces: Window,
    metrics: Window,
    logs: Window,
}

#[derive(Debug, Default)]
struct Window {
    start: Option<Instant>,
    seen: u64,
    /// Not printed since the last one that was.
    skipped: u64,
}

impl Sampler {
    pub(super) fn new(initial: u64, thereafter: u64) -> Self {
        Self {
            initial,
            thereafter,
            traces: Window::default(),
            metrics: Window::default(),
            logs: Window::default(),
        }
    }

    /// How many batches of this signal were skipped since the last one printed, when this one is printed;
    /// `None` when it is skipped too.
    pub(super) fn admit(&mut self, signal: Signal, now: Instant) -> Option<u64> {
        let window = match signal {
            Signal::Traces => &mut self.traces,
            Signal::Metrics => &mut self.metrics,
            Signal::Logs => &mut self.logs,
        };
        if window.start.is_none_or(|start| now.saturating_duration_since(start) >= WINDOW) {
            window.start = Some(now);
            window.seen = 0;
        }
        window.seen += 1;
        let beyond = window.seen.saturating_sub(self.initial);
        if beyond == 0 || (self.thereafter != 0 && beyond.is_multiple_of(self.thereafter)) {
            Some(std::mem::take(&mut window.skipped))
        } else {
            window.skipped += 1;
            None
        }
    }
}
