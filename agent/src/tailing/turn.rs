//! Reads one file for a while.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use super::files::{FileId, Followed};
use super::framing::{Cut, Framing, text_end};
use super::identity::{ANCHOR, Position, Print, fill, read_up_to};
use super::options::{Encoding, Options};
use super::records::{Batches, Records};
use super::telemetry::FileTelemetry;
use super::text::{Body, Text};

/// Bytes read at a time: they stay in the nearest caches until their lines are written.
const READ: usize = 64 * 1024;

/// Bytes of one file that are read before the next file has its turn.
const QUOTA: u64 = 256 * 1024;

/// Reads files; what it holds is shared by all of them.
#[derive(Debug)]
pub(super) struct Turns {
    buffer: Vec<u8>,
    framing: Framing,
    text: Text,
    flush_period: Duration,
    half_line_period: Duration,
    fingerprint: usize,
    telemetry: FileTelemetry,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// There is nothing more at the moment.
    Read,
    /// There is more; others first.
    More,
    /// What stands in front of the position is not what was read: the file was truncated, or rewritten.
    Rewritten,
}

/// What all turns of one step have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now: Instant,
    /// Most bytes to be written in the step.
    pub(super) room: usize,
    /// Nothing will be added to this file any more.
    pub(super) last: bool,
}

impl Turns {
    pub(super) fn new(options: &Options, telemetry: FileTelemetry) -> Self {
        Self {
            buffer: Vec::new(),
            framing: Framing {
                encoding: options.encoding,
                max: options.max_record_size,
                oversize: options.oversize,
            },
            text: Text::new(options),
            flush_period: options.force_flush_period,
            half_line_period: options.half_line_period,
            fingerprint: options.fingerprint_size,
            telemetry,
        }
    }

    /// Reads from `file`, which is open, until its end, its quota or the room of the step is reached.
    pub(super) fn take<R: Records>(
        &mut self,
        id: FileId,
        file: &mut Followed<R::Labels>,
        handle: &File,
        moment: Moment,
        batches: &mut Batches<R>,
    ) -> io::Result<Ended> {
        let begun = file.read.offset;
        file.served = moment.now;
        batches.prepare(&file.labels);
        file.flush_at = None;
        if self.buffer.len() < READ {
            self.buffer.resize(READ, 0);
        }
        let ended = loop {
            // The bytes in front of the position are read again with what follows: they show whether it is still the same file.
            let base = file.read.offset - u64::from(file.read.anchor.length);
            let filled = fill(handle, base, &mut self.buffer)?;
            let at_end = filled < self.buffer.len();
            let end = base + filled as u64;
            let known = self.buffer.get(..file.read.anchor.length as usize).unwrap_or_default();
            // Before anything was read only the first bytes can tell.
            let head = if base == 0 { file.head } else { Print::default() };
            let begins = self.buffer.get(..(head.length as usize).min(filled)).unwrap_or_default();
            if Print::of(known) != file.read.anchor || Print::of(begins) != head || end < file.read.offset {
                break Ended::Rewritten;
            }
            file.verified = end;
            if end > file.facts.size {
                file.facts.size = end;
                file.changed = moment.now;
            }
            let before = file.read.offset;
            let full = self.records(id, file, base, filled, batches);
            if full {
                if batches.bytes() >= moment.room {
                    break Ended::More;
                }
            } else if at_end {
                let consumed = (file.read.offset - base) as usize;
                break self.rest(id, file, handle, (consumed, filled), moment, batches)?;
            } else if file.read.offset == before {
                if let Some(offset) = self.behind_nuls(file, handle)? {
                    if offset == file.read.offset {
                        break Ended::Read;
                    }
                    let zeros = usize::try_from(offset - file.read.offset).unwrap_or(usize::MAX);
                    self.telemetry.nul_bytes.add(zeros);
                    let records = file.read.records;
                    file.read = Position { records, ..Position::at(handle, offset)? };
                    batches.reached(id, file.read);
                    continue;
                }
                // A line longer than the buffer.
                let longest = self.framing.lookahead() + ANCHOR + 1;
                let size = (self.buffer.len() * 2).min(longest.max(READ));
                self.buffer.resize(size.max(self.buffer.len() + 1), 0);
                continue;
            }
            if file.read.offset - begun >= QUOTA {
                break Ended::More;
            }
        };
        if self.buffer.len() > READ {
            self.buffer = Vec::new();
            self.text.shrink(READ);
        }
        self.grow_head(file, handle)?;
        Ok(ended)
    }

    /// Takes the records in the first `filled` bytes of the buffer, which lies at `base` in the file; true when a batch was filled
    /// before all of them were taken.
    fn records<R: Records>(
        &mut self,
        id: FileId,
        file: &mut Followed<R::Labels>,
        base: u64,
        filled: usize,
        batches: &mut Batches<R>,
    ) -> bool {
        let Self { buffer, framing, text, telemetry, .. } = self;
        let buffer = buffer.get(..filled).unwrap_or_default();
        let mut at = file.read.anchor.length as usize;
        let begun = at;
        let mut records = file.read.records;
        let mut discarding = file.read.discarding;
        if base == 0 && at == 0 {
            at += framing.mark(buffer);
        }
        while !batches.is_full() {
            let rest = buffer.get(at..).unwrap_or_default();
            if discarding {
                let (passed, ended) = framing.discard(rest);
                at += passed;
                discarding = !ended;
                if ended {
                    continue;
                }
                break;
            }
            // Nothing but zeros: what follows them decides.
            if rest.first() == Some(&0) && framing.has_padding() && rest.iter().all(|byte| *byte == 0) {
                break;
            }
            let cut = match &file.rule {
                None => framing.next(rest),
                Some(rule) => framing.next_of(rest, rule),
            };
            let Some(cut) = cut else { break };
            records += 1;
            discarding = cut.discard;
            let place = base + at as u64;
            take_record(file, rest, cut, (records, place), (framing, text), batches, telemetry);
            at += cut.next;
        }
        let full = batches.is_full();
        if at > begun {
            let anchor = Print::of(buffer.get(at.saturating_sub(ANCHOR)..at).unwrap_or_default());
            file.read = Position { offset: base + at as u64, anchor, records, discarding };
            batches.reached(id, file.read);
        }
        if full {
            batches.close();
        }
        full
    }

    /// What to do with the bytes behind the last complete record, at the end of the file.
    fn rest<R: Records>(
        &mut self,
        id: FileId,
        file: &mut Followed<R::Labels>,
        handle: &File,
        (from, to): (usize, usize),
        moment: Moment,
        batches: &mut Batches<R>,
    ) -> io::Result<Ended> {
        let Self { buffer, framing, text, flush_period, half_line_period, telemetry, .. } = self;
        let rest = buffer.get(from..to).unwrap_or_default();
        // Zeros at the end of a file are room for what will be written later.
        let written = if framing.has_padding() { text_end(rest) } else { rest.len() };
        let rest = rest.get(..written).unwrap_or_default();
        let cut = match &file.rule {
            None => framing.last(rest),
            Some(rule) => framing.last_of(rest, rule),
        };
        let Some(cut) = cut else { return Ok(Ended::Read) };
        let period = if framing.ends_line(rest) { *flush_period } else { *half_line_period };
        let due = if framing.encoding == Encoding::Nop || moment.last {
            moment.now
        } else if period.is_zero() {
            return Ok(Ended::Read);
        } else {
            file.changed + period
        };
        if due > moment.now {
            file.flush_at = Some(due);
            return Ok(Ended::Read);
        }
        let number = file.read.records + 1;
        let place = file.read.offset;
        take_record(file, rest, cut, (number, place), (framing, text), batches, telemetry);
        let offset = place + cut.next as u64;
        file.read = Position { records: number, discarding: cut.discard, ..Position::at(handle, offset)? };
        batches.reached(id, file.read);
        // A split line may have more parts; behind a record of several lines another one may have begun.
        Ok(if cut.oversized || cut.next < rest.len() { Ended::More } else { Ended::Read })
    }

    /// Where the text goes on when zeros stand at the position of `file`: the position itself when nothing else follows; `None` when
    /// there are no zeros.
    fn behind_nuls<L>(&self, file: &Followed<L>, handle: &File) -> io::Result<Option<u64>> {
        let mut at = file.read.offset;
        let first = self.buffer.get(file.read.anchor.length as usize..).unwrap_or_default();
        if !self.framing.has_padding() || first.iter().any(|byte| *byte != 0) {
            return Ok(None);
        }
        loop {
            let bytes = read_up_to(handle, at, READ)?;
            match bytes.iter().position(|byte| *byte != 0) {
                Some(zeros) => return Ok(Some(at + zeros as u64)),
                None if bytes.is_empty() => return Ok(Some(file.read.offset)),
                None => at += bytes.len() as u64,
            }
        }
    }

    /// A file that was short when its first bytes were remembered is known better when it has grown.
    fn grow_head<L>(&self, file: &mut Followed<L>, handle: &File) -> io::Result<()> {
        let length = file.head.length as usize;
        if length >= self.fingerprint || file.read.offset <= u64::from(file.head.length) {
            return Ok(());
        }
        let wanted = self.fingerprint.min(usize::try_from(file.read.offset).unwrap_or(usize::MAX));
        let head = read_up_to(handle, 0, wanted)?;
        if Print::of(head.get(..length).unwrap_or_default()) == file.head {
            file.head = Print::of_head(&head);
        }
        Ok(())
    }
}

#[inline]
fn take_record<R: Records>(
    file: &Followed<R::Labels>,
    bytes: &[u8],
    cut: Cut,
    (number, place): (u64, u64),
    (framing, text): (&Framing, &mut Text),
    batches: &mut Batches<R>,
    telemetry: &FileTelemetry,
) {
    let mut record = bytes.get(cut.start..cut.end).unwrap_or_default();
    if cut.oversized {
        telemetry.oversized.add(1);
    }
    if record.first() == Some(&0) && framing.has_padding() {
        let zeros = record.iter().take_while(|byte| **byte == 0).count();
        telemetry.nul_bytes.add(zeros);
        record = record.get(zeros..).unwrap_or_default();
    }
    let body = text.body(record);
    match body {
        Body::Empty => return,
        Body::Mended(_) => telemetry.mended.add(1),
        Body::Text(_) | Body::Bytes(_) => {}
    }
    batches.record(&file.labels, number, place, body);
}
