//! Responses to requests that were taken, in whole or in part.

use serde_json::{Map, Value};

use crate::Signal;
use crate::encode::buffer::{put_bytes_unless_empty, put_message, put_uint_unless_zero};
use crate::json::{decode_message, schema};
use crate::wire::Fields;

/// Field of the responses.
const PARTIAL_SUCCESS: u32 = 1;
/// Fields of the partial successes.
const REJECTED: u32 = 1;
const ERROR_MESSAGE: u32 = 2;

/// What a server says about a request that it took: how much of it not, and what else the client should know. A client
/// must not send the request again.
///
/// Where there is nothing to say, the response is empty: no bytes in protobuf, [`PartialSuccess::FULL_JSON`] in JSON.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PartialSuccess {
    /// How many spans, data points or log records were not taken.
    pub rejected: u64,
    /// Why, or a warning if all were taken.
    pub message: String,
}

impl PartialSuccess {
    /// The response to a request that was taken in whole, in JSON. In protobuf it has no bytes.
    pub const FULL_JSON: &'static str = "{}";

    /// The encoded `Export*ServiceResponse`, which is the same for all signals.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_message(&mut out, PARTIAL_SUCCESS, |out| {
            put_uint_unless_zero(out, REJECTED, self.rejected);
            put_bytes_unless_empty(out, ERROR_MESSAGE, self.message.as_bytes());
        });
        out
    }

    /// The `Export*ServiceResponse` of `signal` as JSON.
    #[must_use]
    pub fn to_json(&self, signal: Signal) -> String {
        let mut partial = Map::new();
        if self.rejected > 0 {
            partial.insert(rejected_field(signal).to_owned(), self.rejected.to_string().into());
        }
        if !self.message.is_empty() {
            partial.insert("errorMessage".to_owned(), self.message.as_str().into());
        }
        serde_json::json!({"partialSuccess": Value::Object(partial)}).to_string()
    }

    /// Reads an encoded `Export*ServiceResponse`. `None` if the request was taken in whole and without a remark, or if
    /// the response is not readable: a request that was answered with success was taken either way.
    #[must_use]
    pub fn from_protobuf(response: &[u8]) -> Option<Self> {
        let mut partial = Self::default();
        for message in Fields::new(response).filter(|field| field.number == PARTIAL_SUCCESS) {
            for field in Fields::new(message.bytes()?) {
                match field.number {
                    REJECTED => {
                        let rejected = field.varint().unwrap_or_default().cast_signed();
                        partial.rejected = u64::try_from(rejected).unwrap_or_default();
                    }
                    ERROR_MESSAGE => {
                        partial.message =
                            String::from_utf8_lossy(field.bytes().unwrap_or_default()).into_owned();
                    }
                    _ => {}
                }
            }
        }
        // The specification: a partial success that says nothing is as good as none.
        (partial != Self::default()).then_some(partial)
    }

    /// Reads an `Export*ServiceResponse` of `signal` in JSON, as [`PartialSuccess::from_protobuf`] does.
    #[must_use]
    pub fn from_json(signal: Signal, response: &[u8]) -> Option<Self> {
        let response = decode_message(schema::response(signal), response).ok()?;
        Self::from_protobuf(&response)
    }
}

const fn rejected_field(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Logs => "rejectedLogRecords",
    }
}
