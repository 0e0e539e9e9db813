use edgewatch_proto::encode::LogsWriter;
use jiff::tz::TimeZone;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use super::super::super::access::redact::redact;
use super::super::super::access::request::Request;
use super::super::super::access::{Format, Reader, Release};
use super::super::super::juli::{self, Layout};
use super::super::super::records::{self, Origin};

const ORIGIN: Origin<'_> = Origin { file: "access.txt", scheme: Some("https"), observed: 7 };

fn decoded(writer: &mut LogsWriter) -> LogRecord {
    let mut request = ExportLogsServiceRequest::decode(writer.finish()).unwrap();
    request.resource_logs[0].scope_logs[0].log_records.remove(0)
}

fn attributes(record: &LogRecord) -> Vec<(String, String)> {
    let shown = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::ArrayValue(array) => format!("{:?}", array.values.len()),
        Value::BoolValue(_)
        | Value::KvlistValue(_)
        | Value::BytesValue(_)
        | Value::StringValueStrindex(_) => {
            format!("{value:?}")
        }
    };
    let value = |value: &Option<_>| -> String {
        let value: &Option<opentelemetry_proto::tonic::common::v1::AnyValue> = value;
        value.as_ref().and_then(|value| value.value.as_ref()).map(shown).unwrap_or_default()
    };
    record.attributes.iter().map(|pair| (pair.key.clone(), value(&pair.value))).collect()
}

fn access(pattern: &str, line: &str) -> LogRecord {
    let format = Format::pattern(pattern, Release { major: 10, minor: 1 });
    let mut reader = Reader::new(format, TimeZone::UTC);
    let (mut redacted, mut scratch) = (String::new(), String::new());
    let line = redact(line, &mut redacted);
    let mut request = Request::default();
    let outcome = reader.read(line, &mut request);
    let mut writer = LogsWriter::new(|_| {}, "", "");
    records::request(&mut writer, line, (outcome, &request), reader.format(), ORIGIN, &mut scratch);
    decoded(&mut writer)
}

fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_line_becomes_a_record_without_secrets() {
    let pattern = "%h %l %u %t \"%r\" %s %b %D \"%{Referer}i\" \"%{User-Agent}i\" %{traceparent}i";
    let line = "10.0.0.1 - jo [20/Nov/2026:13:00:01 +0100] \"GET /a?x=1&sig=abc HTTP/1.1\" 500 12 1500 \"http://r/?sig=abc\" \"a\\\"b\" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let record = access(pattern, line);
    assert!(!body(&record).contains("abc"));
    assert_eq!(body(&record), line.replace("abc", "REDACTED"));
    assert_eq!((record.time_unix_nano, record.observed_time_unix_nano), (1_795_176_001_000_000_000, 7));
    assert_eq!((record.severity_number, record.flags), (17, 1));
    assert_eq!((record.trace_id[0], record.span_id[7]), (0x4b, 0xb7));
    let expected = [
        ("client.address", "10.0.0.1"),
        ("url.path", "/a"),
        ("url.query", "x=1&sig=REDACTED"),
        ("url.scheme", "https"),
        ("http.request.method", "GET"),
        ("error.type", "500"),
        ("http.response.status_code", "500"),
        ("http.response.body.size", "12"),
        ("http.server.request.duration", "0.0015"),
        ("user.name", "jo"),
        ("user_agent.original", "a\"b"),
        ("network.protocol.name", "http"),
        ("network.protocol.version", "1.1"),
        ("http.request.header.referer", "1"),
        ("log.file.name", "access.txt"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(attributes(&record), expected);
}

#[test]
fn methods_that_the_conventions_do_not_know_keep_their_name_beside() {
    let methods = |method: &str| {
        let all = attributes(&access("%m", method)).into_iter();
        all.filter(|(key, _)| key.starts_with("http.request.method"))
            .map(|(_, value)| value)
            .collect::<Vec<_>>()
    };
    assert_eq!(methods("PATCH"), ["PATCH"]);
    assert_eq!(methods("PROPFIND"), ["_OTHER", "PROPFIND"]);
    assert_eq!(methods("get"), ["_OTHER", "get"], "methods are case-sensitive");
}

#[test]
fn versions_of_http_are_written_as_the_conventions_do() {
    let version = |protocol: &str| {
        let record = access("%H", protocol);
        attributes(&record)
            .into_iter()
            .find(|(key, _)| key == "network.protocol.version")
            .map(|(_, value)| value)
    };
    assert_eq!(version("HTTP/1.0").as_deref(), Some("1.0"));
    assert_eq!(version("HTTP/2.0").as_deref(), Some("2"));
    assert_eq!(version("HTTP/1.1").as_deref(), Some("1.1"));
}

#[test]
fn a_malformed_line_is_a_record_all_the_same() {
    let record = access("common", "garbage ü");
    assert_eq!(body(&record), "garbage ü");
    assert_eq!((record.time_unix_nano, record.severity_number), (0, 0));
    assert_eq!(attributes(&record), [("log.file.name".to_owned(), "access.txt".to_owned())]);
}

#[test]
fn an_exception_becomes_attributes() {
    let text = "20-Nov-2026 12:00:01.007 SEVERE [exec-1] a.B.c it failed\n\tjava.io.IOException: no\n\t\tat a.B.c(B.java:1)\n";
    let mut writer = LogsWriter::new(|_| {}, "", "");
    let entry = juli::Reader::new(Layout::file(None), TimeZone::UTC).read(text);
    records::entry(&mut writer, &entry, ORIGIN);
    let record = decoded(&mut writer);
    assert_eq!(
        (body(&record), record.severity_text.as_str(), record.severity_number),
        ("it failed", "SEVERE", 17)
    );
    let expected = [
        ("log.file.name", "access.txt"),
        ("thread.name", "exec-1"),
        ("code.function.name", "a.B.c"),
        ("exception.type", "java.io.IOException"),
        ("exception.message", "no"),
        ("exception.stacktrace", "java.io.IOException: no\n\t\tat a.B.c(B.java:1)"),
    ];
    assert_eq!(attributes(&record), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}
