//! Follows log files, line by line, through every kind of rotation, without loss.
//!
//! All work on files is done by a [`tailer`], a plain state machine that runs on a helper thread step by step: [`finder`] expands
//! the globs, [`files`] knows every file by what it is rather than by its name ([`identity`]), [`rotation`], [`copies`]
//! and [`recovery`] follow what was renamed, copied or truncated, [`turn`] reads one file for a while, [`framing`] finds the lines in what was read, and
//! [`chunks`] writes them as OTLP. The [`receiver`] runs on the lane: it sends the chunks and keeps them in a [`window`] until
//! they are delivered; only then does the position of their files move in the [`checkpoint`].
//!
//! Invariants: a position in a checkpoint is never ahead of what has been delivered; a record in the table stands for one
//! content, not for one name or inode (after copytruncate the record goes on with the copy, and the truncated file gets a
//! new one); no buffer grows beyond `max_log_size` and a constant.

mod attributes;
mod checkpoint;
mod chunks;
mod config;
mod copies;
mod files;
mod finder;
mod framing;
mod identity;
mod probe;
mod receiver;
mod recovery;
mod rotation;
mod tailer;
mod telemetry;
#[cfg(test)]
mod tests;
mod text;
mod turn;
mod warnings;
mod window;

pub(super) use receiver::FileLog;
