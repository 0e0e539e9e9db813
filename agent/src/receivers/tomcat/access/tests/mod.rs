mod allocations;
mod laws;
mod recorded;
mod single;

use jiff::tz::TimeZone;

use super::request::{Request, Text};
use super::{Format, Outcome, Reader, Release};

const OLD: Release = Release { major: 9, minor: 0 };
const NEW: Release = Release { major: 10, minor: 1 };

fn reader(pattern: &str) -> Reader {
    Reader::new(Format::pattern(pattern, NEW), TimeZone::UTC)
}

/// Reads a line that must be well-formed.
fn read<'l>(reader: &mut Reader, line: &'l str) -> Request<'l> {
    let mut request = Request::default();
    assert_eq!(reader.read(line, &mut request), Outcome::Request, "{line}");
    request
}

fn plain(text: Option<Text<'_>>) -> Option<String> {
    let mut scratch = String::new();
    text.map(|text| text.plain(&mut scratch).to_owned())
}
