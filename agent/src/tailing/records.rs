//! What is done with records: the user's part.

use std::fmt::Debug;
use std::fs::Metadata;
use std::path::Path;

use bytes::Bytes;

use super::files::FileId;
use super::identity::Position;
use super::pattern::Tag;
use super::text::Body;

/// Makes something of records. One batch is in the making at a time.
pub(crate) trait Records: Debug + Send + 'static {
    /// What every record of a file carries.
    type Labels: Clone + Debug + Send;

    /// The labels of a file with `tag`, found as `path`: as its process sees it when its pattern has a root. Made when a file is found,
    /// and again when it is found under another name or tag. May touch the disk.
    fn labels(&self, tag: Tag, path: &Path, metadata: &Metadata) -> Self::Labels;

    /// Whether records of a file with `labels` can be part of the batch in the making; otherwise it is closed before.
    fn fits(&self, _labels: &Self::Labels) -> bool {
        true
    }

    /// Takes a record.
    fn record(&mut self, labels: &Self::Labels, record: Record<'_>);

    /// Whether the batch should be closed.
    fn is_full(&self) -> bool;

    /// Bytes of the batch in the making.
    fn bytes(&self) -> usize;

    /// Ends the batch: an encoded request and the number of its items. Nothing is sent when there are no items.
    fn finish(&mut self) -> (Bytes, usize);
}

/// A record of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    /// Its number in the file, from 1.
    pub(crate) number: u64,
    /// Where it begins in the file, in bytes.
    pub(crate) offset: u64,
    /// When it was read, in nanoseconds since 1970.
    pub(crate) observed: u64,
    pub(crate) body: Body<'a>,
}

/// One batch and what has been read when it is delivered.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// An encoded request; empty when only positions moved.
    pub(crate) request: Bytes,
    pub(crate) items: usize,
    pub(crate) positions: Vec<(FileId, Position)>,
}

/// Batches in the making, each with the positions that it brings its files to.
#[derive(Debug)]
pub(super) struct Batches<R> {
    pub(super) records: R,
    positions: Vec<(FileId, Position)>,
    done: Vec<Chunk>,
    /// Of the batches that are done.
    bytes: usize,
    /// When records are read, in nanoseconds since 1970.
    pub(super) observed: u64,
}

impl<R: Records> Batches<R> {
    pub(super) fn new(records: R) -> Self {
        Self { records, positions: Vec::new(), done: Vec::new(), bytes: 0, observed: 0 }
    }

    /// Makes sure that records with `labels` can be added.
    pub(super) fn prepare(&mut self, labels: &R::Labels) {
        if !self.positions.is_empty() && !self.records.fits(labels) {
            self.close();
        }
    }

    /// Adds a record.
    #[inline]
    pub(super) fn record(&mut self, labels: &R::Labels, number: u64, offset: u64, body: Body<'_>) {
        self.records.record(labels, Record { number, offset, observed: self.observed, body });
    }

    /// Whether the batch should be closed.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.records.is_full()
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
        let (request, items) = self.records.finish();
        self.bytes += request.len();
        self.done.push(Chunk { request, items, positions: std::mem::take(&mut self.positions) });
    }

    /// Bytes written since the last [`Batches::take`].
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.records.bytes()
    }

    /// Ends the batch and hands over all of them.
    pub(super) fn take(&mut self) -> Vec<Chunk> {
        self.close();
        self.bytes = 0;
        std::mem::take(&mut self.done)
    }
}
