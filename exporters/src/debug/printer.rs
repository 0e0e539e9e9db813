use std::fmt::{self, Write as _};
use std::io;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use edgewatch_core::Signal;

use super::config::{Config, Verbosity};
use super::page::Page;
use super::sampling::Sampler;
use super::summary::Summary;
use super::{detailed, normal};
use crate::calendar::DateTime;

/// Widest line of a summary where nobody knows the width of the terminal, because there is none.
const UNKNOWN_WIDTH: usize = 200;

/// Where a printer prints, and what it knows of its surroundings.
pub(super) struct Surroundings {
    pub(super) out: Box<dyn io::Write + Send>,
    /// Columns of the terminal, if the output is one.
    pub(super) width: fn() -> Option<usize>,
    /// The time of day to print.
    pub(super) clock: fn(SystemTime) -> DateTime,
}

/// Turns batches into text and writes it.
pub(super) struct Printer {
    verbosity: Verbosity,
    sampler: Sampler,
    summary: Summary,
    surroundings: Surroundings,
    /// Whether the reader has gone.
    closed: bool,
}

/// What has become of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Printed {
    /// It was printed, or skipped by sampling.
    Yes,
    /// The reader has just gone; from now on nothing is printed.
    ReaderGone,
}

impl Printer {
    pub(super) fn new(config: &Config, surroundings: Surroundings) -> Self {
        Self {
            verbosity: config.verbosity,
            sampler: Sampler::new(config.sampling_initial, config.sampling_thereafter),
            summary: Summary::default(),
            surroundings,
            closed: false,
        }
    }

    /// Prints a batch that arrived at `now`.
    pub(super) fn print(
        &mut self,
        signal: Signal,
        segments: &[Bytes],
        items: usize,
        now: (Instant, SystemTime),
    ) -> io::Result<Printed> {
        if self.closed {
            return Ok(Printed::Yes);
        }
        // The summary watches every batch: it compares counters with those before.
        let mut line = String::new();
        let time = (self.surroundings.clock)(now.1);
        let told = self.summary.write(&mut line, time, signal, segments, items);
        let Some(skipped) = self.sampler.admit(signal, now.0) else { return Ok(Printed::Yes) };
        let width = (self.surroundings.width)().unwrap_or(UNKNOWN_WIDTH);
        let mut page = Page::new(&mut *self.surroundings.out);
        let written = told
            .and_then(|()| put_line(&mut page, &line, skipped, width))
            .and_then(|()| put_items(&mut page, self.verbosity, signal, segments));
        match page.finish(written) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(Printed::ReaderGone)
            }
            outcome => outcome.map(|()| Printed::Yes),
        }
    }
}

fn put_line(page: &mut Page<'_>, line: &str, skipped: u64, width: usize) -> fmt::Result {
    let note = match skipped {
        0 => String::new(),
        1 => " (1 batch before it not shown)".to_owned(),
        many => format!(" ({many} batches before it not shown)"),
    };
    let room = width.saturating_sub(note.chars().count());
    // A line stays one: whatever would break it becomes a space.
    let mut characters = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = characters.by_ref().take(room).collect();
    if characters.next().is_some() {
        let cut: String = shown.chars().take(room.saturating_sub(1)).collect();
        writeln!(page, "{cut}…{note}")
    } else {
        writeln!(page, "{shown}{note}")
    }
}

fn put_items(page: &mut Page<'_>, verbosity: Verbosity, signal: Signal, segments: &[Bytes]) -> fmt::Result {
    segments.iter().try_for_each(|segment| match verbosity {
        Verbosity::Basic => Ok(()),
        Verbosity::Normal => normal::write(page, signal, segment),
        Verbosity::Detailed => detailed::write(page, signal, segment),
    })
}
