//! The engine that follows files: through every kind of rotation, without loss, record by record. Receivers say which files, what a record
//! is, and what becomes of it.
//!
//! # What a user of the engine does
//!
//! * [`Options`]: how files are looked at and cut. The defaults are those of `file_log`.
//! * [`Pattern`]s: which files. Each carries a [`Tag`], a number that means something to the user alone (which JVM, which kind of log), says
//!   where files never seen before begin ([`StartAt`]), and the [`Rule`] by which records have several lines (none: every line is a record).
//!   A pattern with a `root` (`/proc/<pid>/root`) is meant as that process sees it: nothing in
//!   there leads out ([`access`]).
//! * [`Records`]: what is done with a record. `labels` is asked once per file; `record` gets them with the number, the offset and the body of
//!   each record; a batch ends when `is_full`, or when the next file does not `fits`, and `finish` hands it over.
//! * [`Follower`]: the whole way of a receiver of logs: `new` when it is built, `open`, `is_exclusive`, `run`. Patterns that change at run time
//!   come through a `watch` channel ([`Follower::with_patterns`]).
//! * [`Tailer`]: the engine alone, for what is not sent as logs. `step` blocks: call it on a helper thread, give the positions of its chunks
//!   back with the next step as delivered, and take what was gathered from [`Tailer::records`]. [`Tailer::look`] does all that.
//!   [`Tailer::set_patterns`] changes the patterns.
//!
//! When a pattern is withdrawn, or its process is gone, files that are open are read to their end and given up after 5 s without change. The
//! same content found again under another root (by place, or by name inside of the root, and always by its bytes) goes on at its position, also
//! after a restart of the agent: what is remembered does not depend on process numbers.
//!
//! # How it works
//!
//! All work on files is done by a [`tailer`], a plain state machine that runs on a helper thread step by step: [`finder`] expands
//! the globs, [`files`] knows every file by what it is rather than by its name ([`identity`]), [`rotation`], [`copies`]
//! and [`recovery`] follow what was renamed, copied or truncated, [`turn`] reads one file for a while, [`framing`] finds the records in what was
//! read, and [`records`] gathers batches of what the user makes of them. [`lane`] runs on the lane of a receiver: it sends the batches and keeps
//! them in a [`window`] until they are delivered; only then does the position of their files move in the [`checkpoint`].
//!
//! Invariants: a position in a checkpoint is never ahead of what has been delivered; an entry in the table stands for one
//! content, not for one name or inode (after copytruncate the entry goes on with the copy, and the truncated file gets a
//! new one); records do not depend on where reads end; no buffer grows beyond `max_record_size` and a constant.

mod access;
mod checkpoint;
mod copies;
mod files;
mod finder;
mod framing;
mod identity;
mod inside;
mod lane;
mod options;
mod pattern;
mod records;
mod recovery;
mod rotation;
mod separator;
mod tailer;
mod telemetry;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod warnings;
mod window;

#[cfg(test)]
pub(crate) use checkpoint::Store;
#[cfg(test)]
pub(crate) use files::FileId;
pub(crate) use finder::{Finder, Found};
#[cfg(test)]
pub(crate) use identity::Position;
pub(crate) use lane::{Follower, Following};
pub(crate) use options::{Encoding, Options, Oversize, Retry, StartAt};
pub(crate) use pattern::{Begins, Pattern, Rule, Tag};
#[cfg(test)]
pub(crate) use records::Chunk;
pub(crate) use records::{Record, Records};
pub(crate) use separator::{Separator, Side};
#[cfg(test)]
pub(crate) use tailer::Step;
pub(crate) use tailer::Tailer;
pub(crate) use telemetry::{FileTelemetry, Names, telemetry_names};
pub(crate) use text::Body;
pub(crate) use warnings::Warnings;
