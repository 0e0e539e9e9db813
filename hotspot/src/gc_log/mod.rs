//! Reads the lines of garbage collection logs, and finds out from the command line of a JVM where it writes them.
//!
//! [`parse`] understands unified logging (JDK 9 and later, with any decorators) and the lines of JDK 8, and says what one line tells: a
//! pause, a cycle, or another stop of all threads ([`Line`]). Lines that begin something, and concurrent work, tell nothing. [`Outputs`] are
//! the logs that a JVM was told to write.
//!
//! Nothing is allocated: what is returned borrows from the line.

mod event;
mod legacy;
mod outputs;
mod scan;
#[cfg(test)]
mod tests;
mod unified;

pub use event::{Event, Heap, Kind, Line, Moment, Safepoint};
pub use outputs::{Output, Outputs, open_logs};

/// What `line` tells, without its line break; `None` for all that is neither a pause nor a cycle that has ended.
#[must_use]
pub fn parse(line: &str) -> Option<Line<'_>> {
    let line = line.trim_end();
    match line.as_bytes() {
        // A decorator, or a message without any.
        [b'[', ..] if !legacy::is_message(line) => unified::parse(line),
        [b'G' | b'S' | b'T', ..] => unified::parse(line),
        [b'0'..=b'9' | b'[', ..] => legacy::parse(line),
        _ => None,
    }
}
