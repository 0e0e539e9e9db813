//! `google.rpc.Status` as JSON, in proto3's mapping: what OTLP/HTTP answers to a request in JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::protobuf::{BAD_REQUEST, RETRY_INFO, duration_of};
use super::{Code, Status, Violation};

impl Status {
    /// The status as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut details = Vec::new();
        if let Some(delay) = self.retry_delay {
            details.push(json!({"@type": RETRY_INFO, "retryDelay": show(delay)}));
        }
        if let Some(violation) = &self.violation {
            let violation = json!({"field": violation.field, "description": violation.description});
            details.push(json!({"@type": BAD_REQUEST, "fieldViolations": [violation]}));
        }
        let mut status = Map::new();
        status.insert("code".to_owned(), self.code.number().into());
        status.insert("message".to_owned(), self.message.as_str().into());
        if !details.is_empty() {
            status.insert("details".to_owned(), details.into());
        }
        Value::Object(status).to_string()
    }

    /// Reads a status from JSON, as far as it is readable. `None` if it is no JSON object.
    #[must_use]
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let Ok(Value::Object(object)) = serde_json::from_slice(json) else {
            return None;
        };
        let mut status = Self::new(Code::Ok, string(object.get("message")));
        status.code = object.get("code").map_or(Code::Ok, code);
        for detail in object.get("details").and_then(Value::as_array).into_iter().flatten() {
            let kind = detail.get("@type").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with("/google.rpc.RetryInfo") {
                let delay = detail.get("retryDelay").and_then(Value::as_str).and_then(read);
                status.retry_delay = Some(delay.unwrap_or_default());
            } else if kind.ends_with("/google.rpc.BadRequest") {
                status.violation =
                    detail.get("fieldViolations").and_then(|all| all.get(0)).map(|first| Violation {
                        field: string(first.get("field")),
                        description: string(first.get("description")),
                    });
            }
        }
        Some(status)
    }
}

fn string(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A code is a number; some servers write its name.
fn code(value: &Value) -> Code {
    let by_name = |name: &str| Code::ALL.into_iter().find(|code| code.name() == name);
    value.as_i64().map(Code::from_number).or_else(|| value.as_str().and_then(by_name)).unwrap_or_default()
}

/// A duration in proto3's form: seconds with none, three, six or nine digits behind the point.
fn show(delay: Duration) -> String {
    let (seconds, nanos) = (delay.as_secs(), delay.subsec_nanos());
    if nanos == 0 {
        format!("{seconds}s")
    } else if nanos % 1_000_000 == 0 {
        format!("{seconds}.{:03}s", nanos / 1_000_000)
    } else if nanos % 1_000 == 0 {
        format!("{seconds}.{:06}s", nanos / 1_000)
    } else {
        format!("{seconds}.{nanos:09}s")
    }
}

fn read(duration: &str) -> Option<Duration> {
    let digits = duration.strip_suffix('s')?;
    if digits.starts_with('-') {
        return Some(Duration::ZERO);
    }
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 9 {
        return None;
    }
    Some(duration_of(seconds.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}
