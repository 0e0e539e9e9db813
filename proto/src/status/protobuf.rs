//! `google.rpc.Status` as protobuf: the body of OTLP/HTTP's errors and the trailer `grpc-status-details-bin` of gRPC.

use std::time::Duration;

use super::{Code, Status, Violation};
use crate::encode::buffer::{put_bytes, put_bytes_unless_empty, put_message, put_uint_unless_zero};
use crate::wire::Fields;

const CODE: u32 = 1;
const MESSAGE: u32 = 2;
const DETAILS: u32 = 3;
/// Fields of `google.protobuf.Any`.
const TYPE_URL: u32 = 1;
const VALUE: u32 = 2;
/// Field of `RetryInfo`.
const RETRY_DELAY: u32 = 1;
/// Fields of `google.protobuf.Duration`.
const SECONDS: u32 = 1;
const NANOS: u32 = 2;
/// Field of `BadRequest`.
const FIELD_VIOLATIONS: u32 = 1;
/// Fields of `BadRequest.FieldViolation`.
const FIELD: u32 = 1;
const DESCRIPTION: u32 = 2;

pub(super) const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
pub(super) const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

impl Status {
    /// The encoded `google.rpc.Status`.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_uint_unless_zero(&mut out, CODE, u64::from(self.code.number()));
        put_bytes_unless_empty(&mut out, MESSAGE, self.message.as_bytes());
        if let Some(delay) = self.retry_delay {
            put_detail(&mut out, RETRY_INFO, |out| {
                put_message(out, RETRY_DELAY, |out| {
                    put_uint_unless_zero(out, SECONDS, delay.as_secs());
                    put_uint_unless_zero(out, NANOS, u64::from(delay.subsec_nanos()));
                });
            });
        }
        if let Some(violation) = &self.violation {
            put_detail(&mut out, BAD_REQUEST, |out| {
                put_message(out, FIELD_VIOLATIONS, |out| {
                    put_bytes_unless_empty(out, FIELD, violation.field.as_bytes());
                    put_bytes_unless_empty(out, DESCRIPTION, violation.description.as_bytes());
                });
            });
        }
        out
    }

    /// Reads an encoded `google.rpc.Status`, as far as it is readable: a server's error is not made worse by a second
    /// one. Details of other types are left out. `None` if it does not begin as such a message.
    #[must_use]
    pub fn from_protobuf(bytes: &[u8]) -> Option<Self> {
        let mut status = Self::new(Code::Ok, "");
        let mut fields = Fields::new(bytes);
        let mut read = 0_usize;
        for field in fields.by_ref() {
            read += 1;
            match field.number {
                CODE => status.code = Code::from_number(field.varint()?.cast_signed()),
                MESSAGE => status.message = text(field.bytes()?),
                DETAILS => status.read_detail(field.bytes()?),
                _ => {}
            }
        }
        (read > 0 || !fields.is_malformed()).then_some(status)
    }

    fn read_detail(&mut self, any: &[u8]) {
        let field =
            |number| Fields::new(any).find(|field| field.number == number).and_then(|field| field.bytes());
        let type_url = field(TYPE_URL).unwrap_or_default();
        let value = field(VALUE).unwrap_or_default();
        if type_url.ends_with(b"/google.rpc.RetryInfo") {
            self.retry_delay = Some(retry_delay(value));
        } else if type_url.ends_with(b"/google.rpc.BadRequest") {
            self.violation = violation(value);
        }
    }
}

fn put_detail(out: &mut Vec<u8>, type_url: &str, write: impl FnOnce(&mut Vec<u8>)) {
    put_message(out, DETAILS, |out| {
        put_bytes(out, TYPE_URL, type_url.as_bytes());
        put_message(out, VALUE, write);
    });
}

/// The delay of a `RetryInfo`; without one, or with a negative one, no delay at all.
fn retry_delay(retry_info: &[u8]) -> Duration {
    let mut delay = Duration::ZERO;
    for duration in Fields::new(retry_info).filter(|field| field.number == RETRY_DELAY) {
        let (mut seconds, mut nanos) = (0, 0);
        for field in Fields::new(duration.bytes().unwrap_or_default()) {
            match field.number {
                SECONDS => seconds = field.varint().unwrap_or_default().cast_signed(),
                NANOS => nanos = field.varint().unwrap_or_default().cast_signed(),
                _ => {}
            }
        }
        delay = duration_of(seconds, nanos);
    }
    delay
}

/// A duration of protobuf; a negative one is none.
pub(super) fn duration_of(seconds: i64, nanos: i64) -> Duration {
    match (u64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos.min(999_999_999)),
        _ => Duration::ZERO,
    }
}

fn violation(bad_request: &[u8]) -> Option<Violation> {
    let first = Fields::new(bad_request).find(|field| field.number == FIELD_VIOLATIONS)?;
    let mut violation = Violation::default();
    for field in Fields::new(first.bytes()?) {
        match field.number {
            FIELD => violation.field = text(field.bytes()?),
            DESCRIPTION => violation.description = text(field.bytes()?),
            _ => {}
        }
    }
    Some(violation)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
