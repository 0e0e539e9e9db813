//! A request of log records that stays open.

use bytes::Bytes;

use super::Attributes;
use super::buffer::put_length;
use super::logs::{Record, put_record};
use super::request::{RESOURCES, SCOPES, put_resource, put_scope};

/// Tag and longest length of a message field.
const LONGEST_HEAD: usize = 1 + 10;

/// A request with one resource and one scope, to which log records are added over time.
///
/// Records are written where they will be sent from. What stands in front of them has lengths that are known at the
/// end only; room for it is kept free at the beginning of the buffer, so that [`LogsWriter::finish`] copies nothing.
#[derive(Debug)]
pub struct LogsWriter {
    /// The `Resource` message as a field of `ResourceLogs`.
    resource: Vec<u8>,
    /// The `InstrumentationScope` message as a field of `ScopeLogs`.
    scope: Vec<u8>,
    /// Room for everything in front of the records, then the records.
    buf: Vec<u8>,
    records: usize,
}

impl LogsWriter {
    /// Opens a request of `describe`'s resource and of a scope.
    #[must_use]
    pub fn new(describe: impl FnOnce(&mut Attributes<'_>), scope_name: &str, scope_version: &str) -> Self {
        let mut resource = Vec::new();
        put_resource(&mut resource, describe);
        let mut scope = Vec::new();
        put_scope(&mut scope, scope_name, scope_version, |_| {});
        Self { resource, scope, buf: Vec::new(), records: 0 }
    }

    /// Adds a log record.
    pub fn record(&mut self, write: impl FnOnce(&mut Record<'_>)) {
        if self.buf.is_empty() {
            self.buf.resize(self.room(), 0);
        }
        self.records += 1;
        put_record(&mut self.buf, write);
    }

    /// How many records were added since the last [`LogsWriter::finish`].
    #[must_use]
    pub fn records(&self) -> usize {
        self.records
    }

    /// How many bytes the request takes at most if it is finished now. Zero if it has no records.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.buf.len()
    }

    /// Whether no records were added since the last [`LogsWriter::finish`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Ends the request and returns it; the next record opens another one with the same resource and scope. Without
    /// records the result is empty.
    pub fn finish(&mut self) -> Bytes {
        if self.buf.is_empty() {
            return Bytes::new();
        }
        let room = self.room();
        let records = self.buf.len() - room;
        let scope_length = self.scope.len() + records;
        let mut head = Vec::with_capacity(room);
        let mut scope_head = Vec::with_capacity(LONGEST_HEAD);
        put_length(&mut scope_head, SCOPES, scope_length);
        put_length(&mut head, RESOURCES, self.resource.len() + scope_head.len() + scope_length);
        head.extend_from_slice(&self.resource);
        head.extend_from_slice(&scope_head);
        head.extend_from_slice(&self.scope);

        let next = Vec::with_capacity(self.buf.len());
        let mut buf = std::mem::replace(&mut self.buf, next);
        self.records = 0;
        let start = room - head.len();
        if let Some(place) = buf.get_mut(start..room) {
            place.copy_from_slice(&head);
        }
        Bytes::from(buf).slice(start..)
    }

    fn room(&self) -> usize {
        2 * LONGEST_HEAD + self.resource.len() + self.scope.len()
    }
}
