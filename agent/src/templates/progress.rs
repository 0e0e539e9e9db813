//! How far it is, for those who wait at a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nobody wants to read more often.
const PAUSE: Duration = Duration::from_millis(250);
/// The clock is looked at once for so many lines.
const STRIDE: usize = 4096;

/// Says how far it is, when standard error is a terminal and it takes long.
#[derive(Debug)]
pub(super) struct Progress {
    /// When to say it next; `None`: nobody looks.
    next: Option<Instant>,
    /// Bytes of the input, if it is a file.
    total: Option<u64>,
    said: bool,
}

impl Progress {
    pub(super) fn new(total: Option<u64>) -> Self {
        let next = io::stderr().is_terminal().then(|| Instant::now() + 2 * PAUSE);
        Self { next, total, said: false }
    }

    pub(super) fn at(&mut self, lines: usize, bytes: u64) {
        let Some(next) = self.next.filter(|_| lines.is_multiple_of(STRIDE)) else { return };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next = Some(now + PAUSE);
        self.said = true;
        let share = self.total.filter(|total| *total > 0).map(|total| bytes.min(total) * 100 / total);
        let share = share.map(|share| format!(", {share}%")).unwrap_or_default();
        // Progress is worth nothing when nobody is left to read it.
        let _ = write!(io::stderr(), "\r{lines} lines{share} ");
    }

    pub(super) fn end(&self) {
        if self.said {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
