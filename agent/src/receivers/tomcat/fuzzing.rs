//! The parsers of what Tomcats write, for the fuzz targets.

use std::io::Cursor;

use edgewatch_proto::encode::LogsWriter;
use jiff::tz::TimeZone;

use super::access::redact::redact;
use super::access::request::Request;
use super::access::{Format, Reader, Release};
use super::juli::{self, Layout};
use super::logging::Logging;
use super::properties::Properties;
use super::reading::Reading;
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
