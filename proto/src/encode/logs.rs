//! Requests of log records.

use super::buffer::{
    put_bytes_unless_empty, put_fixed32, put_fixed64_unless_zero, put_message, put_uint_unless_zero,
};
use super::request::sealed::Items;
use super::request::{Logs, Request};
use super::{Attributes, Value};

/// Field of `ScopeLogs`.
pub(super) const LOG_RECORDS: u32 = 2;

/// Fields of `LogRecord`.
mod record {
    pub(super) const TIME: u32 = 1;
    pub(super) const SEVERITY_NUMBER: u32 = 2;
    pub(super) const SEVERITY_TEXT: u32 = 3;
    pub(super) const BODY: u32 = 5;
    pub(super) const ATTRIBUTES: u32 = 6;
    pub(super) const DROPPED_ATTRIBUTES: u32 = 7;
    pub(super) const FLAGS: u32 = 8;
    pub(super) const TRACE_ID: u32 = 9;
    pub(super) const SPAN_ID: u32 = 10;
    pub(super) const OBSERVED_TIME: u32 = 11;
    pub(super) const EVENT_NAME: u32 = 12;
}

/// Appends an `ExportLogsServiceRequest` to `buf` and returns how many log records it holds.
pub fn logs(buf: &mut Vec<u8>, write: impl FnOnce(&mut Request<'_, Logs>)) -> usize {
    Request::write(buf, write)
}

/// How bad it is: the first number of each range of OTLP's `SeverityNumber`. Finer numbers: [`Record::severity`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Finer than debugging needs; 1.
    Trace,
    /// For debugging; 5.
    Debug,
    /// That something happened; 9.
    Info,
    /// That something is not an error but deserves attention; 13.
    Warn,
    /// That something went wrong; 17.
    Error,
    /// That the program cannot go on; 21.
    Fatal,
}

impl Severity {
    /// The number that stands in `severity_number`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Trace => 1,
            Self::Debug => 5,
            Self::Info => 9,
            Self::Warn => 13,
            Self::Error => 17,
            Self::Fatal => 21,
        }
    }
}

/// The log records of one scope.
#[derive(Debug)]
pub struct LogScope<'a> {
    buf: &'a mut Vec<u8>,
    items: &'a mut usize,
}

impl Items for Logs {
    type Scope<'a> = LogScope<'a>;

    fn scope<'a>(buf: &'a mut Vec<u8>, items: &'a mut usize) -> LogScope<'a> {
        LogScope { buf, items }
    }
}

impl LogScope<'_> {
    /// Adds a log record.
    pub fn record(&mut self, write: impl FnOnce(&mut Record<'_>)) {
        *self.items += 1;
        put_record(self.buf, write);
    }
}

/// Appends a `LogRecord` as a field of `ScopeLogs`.
pub(super) fn put_record(buf: &mut Vec<u8>, write: impl FnOnce(&mut Record<'_>)) {
    put_message(buf, LOG_RECORDS, |buf| write(&mut Record { buf }));
}

/// A log record that is being written. Call each method once at most; [`Record::attributes`] as often as wanted.
#[derive(Debug)]
pub struct Record<'a> {
    buf: &'a mut Vec<u8>,
}

impl Record<'_> {
    /// When it happened, in nanoseconds since 1970. Zero: not known.
    pub fn time(&mut self, nanoseconds: u64) {
        put_fixed64_unless_zero(self.buf, record::TIME, nanoseconds);
    }

    /// When it was seen by whoever collected it, in nanoseconds since 1970.
    pub fn observed_time(&mut self, nanoseconds: u64) {
        put_fixed64_unless_zero(self.buf, record::OBSERVED_TIME, nanoseconds);
    }

    /// OTLP's severity number, 1 to 24 (see [`Severity::number`]), and the word that the source used. Zero and empty:
    /// not known.
    pub fn severity(&mut self, number: u8, text: &str) {
        put_uint_unless_zero(self.buf, record::SEVERITY_NUMBER, u64::from(number));
        put_bytes_unless_empty(self.buf, record::SEVERITY_TEXT, text.as_bytes());
    }

    /// What the record says, as a string.
    pub fn body(&mut self, text: &str) {
        self.body_value(|value| value.string(text));
    }

    /// What the record says, as any value.
    pub fn body_value(&mut self, write: impl FnOnce(Value<'_>)) {
        put_message(self.buf, record::BODY, |buf| write(Value::new(buf)));
    }

    /// Where attributes are added.
    pub fn attributes(&mut self) -> Attributes<'_> {
        Attributes::new(self.buf, record::ATTRIBUTES)
    }

    /// How many attributes were left out.
    pub fn dropped_attributes(&mut self, count: u32) {
        put_uint_unless_zero(self.buf, record::DROPPED_ATTRIBUTES, u64::from(count));
    }

    /// The W3C trace flags, in the lowest eight bits.
    pub fn flags(&mut self, flags: u32) {
        if flags != 0 {
            put_fixed32(self.buf, record::FLAGS, flags);
        }
    }

    /// The trace that the record belongs to.
    pub fn trace_id(&mut self, id: &[u8; 16]) {
        put_bytes_unless_empty(self.buf, record::TRACE_ID, id);
    }

    /// The span that the record belongs to.
    pub fn span_id(&mut self, id: &[u8; 8]) {
        put_bytes_unless_empty(self.buf, record::SPAN_ID, id);
    }

    /// The kind of event, if the record is one.
    pub fn event_name(&mut self, name: &str) {
        put_bytes_unless_empty(self.buf, record::EVENT_NAME, name.as_bytes());
    }
}
