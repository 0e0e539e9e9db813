//! How far it is, for those who wait at a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nobody wants to read more often.
const PAUSE: Duration = Duration::from_millis(250);
/// The clock is looked at once for so many bytes.
const STRIDE: u64 = 128 * 1024;
/// Characters of the bar.
const BAR: u64 = 24;

/// Says how far it is, when standard error is a terminal and it takes long.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When to say it next; `None`: nobody looks.
    next: Option<Instant>,
    /// Bytes of the input, if it is a file.
    total: Option<u64>,
    /// Bytes read when the clock is next looked at.
    mark: u64,
    said: bool,
}

impl Progress {
    pub(crate) fn new(total: Option<u64>) -> Self {
        let next = io::stderr().is_terminal().then(|| Instant::now() + 2 * PAUSE);
        Self { next, total: total.filter(|total| *total > 0), mark: 0, said: false }
    }

    /// Says nothing, as where rows are printed to the same terminal.
    pub(crate) const fn silent() -> Self {
        Self { next: None, total: None, mark: 0, said: false }
    }

    pub(crate) fn at(&mut self, lines: usize, bytes: u64) {
        let Some(next) = self.next.filter(|_| bytes >= self.mark) else { return };
        self.mark = bytes + STRIDE;
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next = Some(now + PAUSE);
        self.said = true;
        // Progress is worth nothing when nobody is left to read it.
        let _ = write!(io::stderr(), "\r{}", shown(lines, bytes, self.total));
    }

    pub(crate) fn end(&self) {
        if self.said {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// A bar where the end is known, else what was done.
fn shown(lines: usize, bytes: u64, total: Option<u64>) -> String {
    let Some(total) = total else { return format!("{lines} lines ") };
    let done = bytes.min(total);
    let part =
        |whole: u64| u64::try_from(u128::from(done) * u128::from(whole) / u128::from(total)).unwrap_or(whole);
    let full = "#".repeat(usize::try_from(part(BAR)).unwrap_or(0));
    format!("[{full:.<width$}] {}%, {lines} lines ", part(100), width = BAR as usize)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_bar_fills_where_the_end_is_known() {
        assert_eq!(shown(7, 50, Some(100)), "[############............] 50%, 7 lines ");
        assert_eq!(shown(9, 200, Some(100)), "[########################] 100%, 9 lines ");
        assert_eq!(shown(9, 200, None), "9 lines ");
    }
}
