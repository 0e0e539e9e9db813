//! Records on their way out: written as OTLP, cut into batches, each with the positions that it brings its files to.

use bytes::Bytes;
use edgewatch_proto::encode::LogsWriter;

use super::attributes::{RECORD_NUMBER, RECORD_OFFSET};
use super::config::Config;
use super::files::{FileId, Followed};
use super::identity::Position;
use super::text::Body;

/// Records of one batch at most. The Collector has 100; a batch costs more than a record, and it is small either way.
const MAX_RECORDS: usize = 1000;

/// Bytes of one batch at most, unless a single record is larger.
const MAX_BYTES: usize = 256 * 1024;

/// One batch and what has been read when it is delivered.
#[derive(Debug)]
pub(super) struct Chunk {
    /// An encoded request; empty when only positions moved.
    pub(super) request: Bytes,
    pub(super) items: usize,
    pub(super) positions: Vec<(FileId, Position)>,
}

/// Batches in the making.
#[derive(Debug)]
pub(super) struct Chunks {
    writer: LogsWriter,
    with_number: bool,
    with_offset: bool,
    positions: Vec<(FileId, Position)>,
    done: Vec<Chunk>,
    /// Of the batches that are done.
    bytes: usize,
    /// When records are seen, in nanoseconds since 1970.
    pub(super) observed: u64,
}

impl Chunks {
    pub(super) fn new(config: &Config) -> Self {
        let resource = config.resource.clone();
        let describe = |attributes: &mut edgewatch_proto::encode::Attributes<'_>| {
            for (key, value) in &resource {
                attributes.string(key, value);
            }
        };
        Self {
            // No scope, as in the Collector.
            writer: LogsWriter::new(describe, "", ""),
            with_number: config.include_file_record_number,
            with_offset: config.include_file_record_offset,
            positions: Vec::new(),
            done: Vec::new(),
            bytes: 0,
            observed: 0,
        }
    }

    /// Adds a record.
    #[inline]
    pub(super) fn record(&mut self, file: &Followed, number: u64, offset: u64, body: Body<'_>) {
        let (with_number, with_offset, observed) = (self.with_number, self.with_offset, self.observed);
        self.writer.record(|record| {
            match body {
                Body::Text(text) | Body::Mended(text) => record.body(text),
                Body::Bytes(bytes) => record.body_value(|value| value.bytes(bytes)),
                Body::Empty => {}
            }
            let mut attributes = record.attributes();
            for (key, value) in &file.labels {
                attributes.string(key, value);
            }
            if with_number {
                attributes.int(RECORD_NUMBER, number.cast_signed());
            }
            if with_offset {
                attributes.int(RECORD_OFFSET, offset.cast_signed());
            }
            record.observed_time(observed);
        });
    }

    /// Whether the batch should be closed.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.writer.records() >= MAX_RECORDS || self.writer.bytes() >= MAX_BYTES
    }

    /// File `id` has been read up to `position` by what was added so far.
    pub(super) fn reached(&mut self, id: FileId, position: Position) {
        match self.positions.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => *known = position,
            None => self.positions.push((id, position)),
        }
    }

    /// Ends the batch.
    pub(super) fn close(&mut self) {
        if self.positions.is_empty() {
            return;
        }
        let items = self.writer.records();
        let request = self.writer.finish();
        self.bytes += request.len();
        self.done.push(Chunk { request, items, positions: std::mem::take(&mut self.positions) });
    }

    /// Bytes written since the last [`Chunks::take`].
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.writer.bytes()
    }

    /// Ends the batch and hands over all of them.
    pub(super) fn take(&mut self) -> Vec<Chunk> {
        self.close();
        self.bytes = 0;
        std::mem::take(&mut self.done)
    }
}
