//! Whose fault it is when a call fails.

use edgewatch_proto::view::{AnyValue, Value};

use crate::aggregation::Wanted;

/// The `StatusCode` of a span that failed.
const STATUS_ERROR: i32 = 2;

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// Well, as far as is known.
    Fine,
    /// It was asked for something wrong: the caller's fault.
    Error,
    /// It could not do what it should: the fault of who was called.
    Fault,
}

/// Where the codes of protocols are among the attributes that are looked for.
#[derive(Debug)]
pub(super) struct Codes {
    http: [usize; 2],
    grpc: [usize; 2],
}

impl Codes {
    pub(super) fn new(wanted: &mut Wanted) -> Self {
        Self {
            http: ["http.response.status_code", "http.status_code"].map(|name| wanted.number(name)),
            grpc: ["rpc.response.status_code", "rpc.grpc.status_code"].map(|name| wanted.number(name)),
        }
    }

    /// The outcome that `status`, the code of the span's status, and the attributes that were found tell. A code of 4xx counts as the
    /// caller's fault even though its client calls it an error; a span that says it failed and has no such code is a fault.
    #[inline]
    pub(super) fn outcome(&self, status: i32, found: &[Option<&[u8]>]) -> Outcome {
        let code = |numbers: &[usize; 2]| numbers.iter().find_map(|&number| *found.get(number)?);
        let told = match code(&self.http) {
            Some(value) => http(value),
            None => code(&self.grpc).map_or(Outcome::Fine, grpc),
        };
        if told == Outcome::Fine && status == STATUS_ERROR { Outcome::Fault } else { told }
    }
}

fn http(encoded: &[u8]) -> Outcome {
    match number(encoded) {
        Some(400..=499) => Outcome::Error,
        Some(500..=599) => Outcome::Fault,
        Some(_) | None => Outcome::Fine,
    }
}

/// The codes of gRPC that are the server's fault are those that the semantic conventions make an error of a server's span. The others
/// correspond to 4xx.
fn grpc(encoded: &[u8]) -> Outcome {
    const FAULTS: [&str; 6] =
        ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
    const ERRORS: [&str; 11] = [
        "CANCELLED",
        "CANCELED",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNAUTHENTICATED",
    ];
    match number(encoded) {
        Some(2 | 4 | 12..=15) => return Outcome::Fault,
        Some(1 | 3 | 5..=11 | 16) => return Outcome::Error,
        Some(_) => return Outcome::Fine,
        None => {}
    }
    let Some(text) = AnyValue::new(encoded).as_str() else { return Outcome::Fine };
    let is = |name: &&str| name.eq_ignore_ascii_case(text);
    if FAULTS.iter().any(is) {
        Outcome::Fault
    } else if ERRORS.iter().any(is) {
        Outcome::Error
    } else {
        Outcome::Fine
    }
}

/// Codes are numbers, though some write them as text.
fn number(encoded: &[u8]) -> Option<i64> {
    match AnyValue::new(encoded).value() {
        Value::Int(code) => Some(code),
        Value::String(text) => text.parse().ok(),
        Value::Empty
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Array(_)
        | Value::KeyValueList(_)
        | Value::Bytes(_)
        | Value::StringIndex(_) => None,
    }
}
