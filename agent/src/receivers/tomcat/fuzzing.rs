//! The parsers of what Tomcats write, for the fuzz targets and benchmarks.

use std::io::Cursor;

use edgewatch_proto::encode::LogsWriter;
use jiff::tz::TimeZone;

#[cfg(feature = "fuzzing")]
use super::access::Outcome;
use super::access::redact::redact;
use super::access::request::Request;
use super::access::{Format, Reader, Release};
use super::juli::{self, Layout};
use super::logging::Logging;
use super::properties::Properties;
use super::reading::Reading;
#[cfg(feature = "fuzzing")]
use super::requests::Requests;
use super::server_xml::{Container, Server, parse};
use super::{jmxproxy, records, status, version};

/// Reads lines in a pattern, records of a server and its configuration; four texts in one, zeros between.
pub(crate) fn access_log(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split('\0');
    let mut part = || parts.next().unwrap_or_default();
    let (pattern, lines, record, configuration) = (part(), part(), part(), part());
    let release = Release { major: 10, minor: u32::from(pattern.len() % 2 == 0) };
    let mut writer = LogsWriter::new(|_| {}, "", "");
    let origin = records::Origin { file: "f", scheme: None, observed: 1 };
    let mut scratch = String::new();
    for format in
        [Format::pattern(pattern, release), Format::extended(pattern), Format::json(pattern, release)]
    {
        let mut reader = Reader::new(format, TimeZone::UTC);
        for line in lines.lines() {
            let mut redacted = String::new();
            let line = redact(line, &mut redacted);
            let mut request = Request::default();
            let outcome = reader.read(line, &mut request);
            records::request(&mut writer, line, (outcome, &request), reader.format(), origin, &mut scratch);
        }
    }
    for layout in [Layout::file(Some(pattern)), Layout::console(None)] {
        layout.begins(record.as_bytes());
        let entry = juli::Reader::new(layout, TimeZone::UTC);
        records::entry(&mut writer, &{ entry }.read(record), origin);
    }
    let properties = Properties::parse(configuration);
    properties.fill(pattern);
    Logging::parse(configuration, &properties);
    let mut server = Server::default();
    let included = [("a".to_owned(), lines.to_owned())];
    let _ = parse(configuration, &included, &properties, &mut server, &Container::Engine);
    let request = writer.finish();
    if !request.is_empty() {
        let scanned = edgewatch_proto::scan::scan(edgewatch_proto::Signal::Logs, &request);
        assert!(scanned.is_ok(), "what is written is not well-formed");
    }
}

/// Reads `data` as each of the pages of the manager application, and as other files of a Tomcat.
#[cfg_attr(not(feature = "fuzzing"), expect(dead_code, reason = "for the fuzz targets"))]
pub(crate) fn pages(data: &[u8]) {
    let mut reading = Reading::default();
    let _ = jmxproxy::read(data, &mut reading);
    for page in [status::json(data), status::xml(data)].into_iter().flatten() {
        reading.complete(page);
    }
    reading.keep_first();
    let _ = version::server_info(Cursor::new(data));
}

/// The whole way of the lines of an access log but for the file: redacted, read, counted, written as records.
#[cfg(feature = "fuzzing")]
pub struct AccessLog {
    reader: Reader,
    requests: Requests,
    writer: LogsWriter,
    redacted: String,
    scratch: String,
}

#[cfg(feature = "fuzzing")]
impl AccessLog {
    /// A log in the `pattern` of a valve of Tomcat 10.1.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self {
            reader: Reader::new(Format::pattern(pattern, Release { major: 10, minor: 1 }), TimeZone::UTC),
            requests: Requests::default(),
            writer: LogsWriter::new(|_| {}, "", ""),
            redacted: String::new(),
            scratch: String::new(),
        }
    }

    /// Takes a line; with `record` as a log record too. Whether it was in the pattern.
    pub fn take(&mut self, line: &str, record: bool) -> bool {
        let line = redact(line, &mut self.redacted);
        let mut request = Request::default();
        let outcome = self.reader.read(line, &mut request);
        self.requests.add(&request, Some("http"));
        if record {
            let origin = records::Origin { file: "f", scheme: Some("http"), observed: 1 };
            let format = self.reader.format();
            records::request(&mut self.writer, line, (outcome, &request), format, origin, &mut self.scratch);
        }
        outcome == Outcome::Request
    }

    /// The records so far, encoded.
    pub fn finish(&mut self) -> bytes::Bytes {
        self.writer.finish()
    }
}
