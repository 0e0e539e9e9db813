//! Log records of what Tomcat wrote, with the attributes of the semantic conventions.
//!
//! The time of a record is that of its line, never that of reading. The body of a request's record is its line; the body of a
//! record of the server is its message, because everything around it is in fields.

use edgewatch_proto::encode::{Attributes, LogsWriter, Severity};

use super::access::request::{Request, Text};
use super::access::{Format, Outcome};
use super::juli::Entry;
use super::requests::{OTHER_METHOD, known_method};

/// What every record of a file carries beside its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'o> {
    /// The file's name.
    pub(super) file: &'o str,
    /// The scheme of every request, if it is known.
    pub(super) scheme: Option<&'o str>,
    /// When the record was read, in nanoseconds since 1970.
    pub(super) observed: u64,
}

/// Adds the record of a line of an access log.
pub(super) fn request(
    writer: &mut LogsWriter,
    line: &str,
    (outcome, request): (Outcome, &Request<'_>),
    format: &Format,
    origin: Origin<'_>,
    scratch: &mut String,
) {
    writer.record(|record| {
        record.body(line);
        record.observed_time(origin.observed);
        if outcome == Outcome::Request {
            record.time(request.time.unwrap_or(0));
            record.severity(severity(request.status), "");
            if let Some(trace) = &request.trace {
                record.trace_id(&trace.trace);
                record.span_id(&trace.span);
                record.flags(u32::from(trace.flags));
            }
            let mut attributes = record.attributes();
            describe(request, format, origin, scratch, &mut attributes);
        }
        record.attributes().string("log.file.name", origin.file);
    });
}

/// Failures of the server are errors, those of clients warnings.
const fn severity(status: Option<u16>) -> u8 {
    match status {
        None => 0,
        Some(500..) => Severity::Error.number(),
        Some(400..) => Severity::Warn.number(),
        Some(_) => Severity::Info.number(),
    }
}

fn describe(
    request: &Request<'_>,
    format: &Format,
    origin: Origin<'_>,
    scratch: &mut String,
    attributes: &mut Attributes<'_>,
) {
    let texts = [
        ("client.address", request.client.or(request.client_host)),
        ("network.peer.address", request.peer),
        ("network.local.address", request.local),
        ("server.address", request.server),
        ("url.path", request.path),
        ("url.query", request.query),
        ("url.scheme", request.scheme.or(origin.scheme)),
        ("thread.name", request.thread),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            attributes.string(key, text);
        }
    }
    if let Some(method) = request.method {
        let known = known_method(method);
        attributes.string("http.request.method", known.unwrap_or(OTHER_METHOD));
        if known.is_none() {
            attributes.string("http.request.method_original", method);
        }
    }
    if let Some(status) = request.status.filter(|status| *status >= 500) {
        attributes.string("error.type", itoa::Buffer::new().format(status));
    }
    let numbers = [
        ("client.port", request.client_port.map(i64::from)),
        ("server.port", request.server_port.map(i64::from)),
        ("http.response.status_code", request.status.map(i64::from)),
        ("http.response.body.size", request.bytes.and_then(|bytes| i64::try_from(bytes).ok())),
    ];
    for (key, number) in numbers {
        if let Some(number) = number {
            attributes.int(key, number);
        }
    }
    let durations = [
        ("http.server.request.duration", request.duration),
        ("tomcat.response.commit.duration", request.first_byte),
    ];
    for (key, nanos) in durations {
        if let Some(nanos) = nanos {
            attributes.double(key, seconds(nanos));
        }
    }
    let mut text = |key: &str, text: Option<Text<'_>>| {
        if let Some(text) = text {
            attributes.string(key, text.plain(scratch));
        }
    };
    text("user.name", request.user);
    text("user_agent.original", request.agent);
    if let Some(connection) = request.connection {
        let status = match connection {
            b'X' => "aborted",
            b'+' => "keep_alive",
            _ => "close",
        };
        attributes.string("tomcat.connection.status", status);
    }
    if let Some((name, version)) = request.protocol.and_then(|protocol| protocol.raw.split_once('/')) {
        if name.eq_ignore_ascii_case("http") {
            attributes.string("network.protocol.name", "http");
        }
        attributes.string(
            "network.protocol.version",
            version.strip_suffix(".0").filter(|v| *v != "1").unwrap_or(version),
        );
    }
    for (at, value) in &request.named {
        let Some(named) = format.named().get(*at) else { continue };
        let value = value.plain(scratch);
        if named.array {
            attributes.strings(&named.key, [value]);
        } else {
            attributes.string(&named.key, value);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a duration of 104 days is exact")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Adds a record of the server.
pub(super) fn entry(writer: &mut LogsWriter, entry: &Entry<'_>, origin: Origin<'_>) {
    writer.record(|record| {
        record.time(entry.time.unwrap_or(0));
        record.observed_time(origin.observed);
        record.severity(entry.severity, entry.level);
        record.body(&entry.message);
        let mut attributes = record.attributes();
        attributes.string("log.file.name", origin.file);
        if let Some(thread) = &entry.thread {
            attributes.string("thread.name", thread);
        }
        if let Some(function) = &entry.function {
            attributes.string("code.function.name", function);
        }
        if let Some(thrown) = &entry.exception {
            attributes.string("exception.type", &thrown.kind);
            if let Some(message) = &thrown.message {
                attributes.string("exception.message", message);
            }
            attributes.string("exception.stacktrace", &thrown.trace);
        }
    });
}
