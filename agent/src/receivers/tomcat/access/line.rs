//! From a line to a request, in one pass.

use jiff::tz::TimeZone;
use memchr::{memchr, memchr2};

use super::super::dates::civil::{self, Moment};
use super::super::dates::zone::Clock;
use super::codes::{MILLISECOND, Named, Release, SECOND, Tables, What};
use super::extended;
use super::json::{self, Keys};
use super::pattern::{self, Field, Next, Step, Steps, Style};
use super::request::{Request, Text, Trace};

/// Length of `20/Nov/2026:07:38:41 +0000`.
const CLF: usize = 26;

/// What a valve writes.
#[derive(Clone, Debug)]
pub(in super::super) struct Format {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Pattern(Steps),
    Extended(Steps),
    Json(Keys),
}

impl Format {
    /// Of an `AccessLogValve` with this pattern.
    pub(in super::super) fn pattern(pattern: &str, release: Release) -> Self {
        Self { kind: Kind::Pattern(pattern::compile(pattern, release)) }
    }

    /// Of an `ExtendedAccessLogValve` with this pattern.
    pub(in super::super) fn extended(pattern: &str) -> Self {
        Self { kind: Kind::Extended(extended::compile(pattern)) }
    }

    /// Of a `JsonAccessLogValve` with this pattern.
    pub(in super::super) fn json(pattern: &str, release: Release) -> Self {
        Self { kind: Kind::Json(Keys::compile(pattern, release)) }
    }

    /// The attributes that [`Request::named`] refers to.
    pub(in super::super) fn named(&self) -> &[Named] {
        &self.tables().named
    }

    /// Whether lines say how long requests took.
    pub(in super::super) fn has_duration(&self) -> bool {
        match &self.kind {
            Kind::Pattern(steps) | Kind::Extended(steps) => steps
                .steps
                .iter()
                .any(|step| matches!(step, Step::Take(Field { what: What::Duration(_), .. }))),
            Kind::Json(keys) => keys.has_duration(),
        }
    }

    const fn tables(&self) -> &Tables {
        match &self.kind {
            Kind::Pattern(steps) | Kind::Extended(steps) => &steps.tables,
            Kind::Json(keys) => &keys.tables,
        }
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Outcome {
    /// A request.
    Request,
    /// A comment, as at the beginning of extended logs.
    Comment,
    /// Not what the format says.
    Malformed,
}

/// Reads the lines of one log.
#[derive(Clone, Debug)]
pub(in super::super) struct Reader {
    format: Format,
    times: Times,
}

impl Reader {
    /// A reader of lines in `format`, written by a JVM that lives in `zone`.
    pub(in super::super) const fn new(format: Format, zone: TimeZone) -> Self {
        Self { format, times: Times { clock: Clock::new(zone), last: ([0; CLF], None) } }
    }

    pub(in super::super) const fn format(&self) -> &Format {
        &self.format
    }

    /// Reads `line` into `request`, which is new. After anything but [`Outcome::Request`] it says nothing of worth.
    pub(in super::super) fn read<'l>(&mut self, line: &'l str, request: &mut Request<'l>) -> Outcome {
        let mut taking = Taking { request, moment: Moment::default() };
        let whole = match &self.format.kind {
            Kind::Pattern(steps) => walk(steps, line, &mut taking, &mut self.times),
            Kind::Extended(_) if line.starts_with('#') => return Outcome::Comment,
            Kind::Extended(steps) => {
                // Its dates and times are those of Greenwich.
                taking.moment.offset = Some(0);
                walk(steps, line, &mut taking, &mut self.times)
            }
            Kind::Json(keys) => json::walk(keys, line, &mut taking, &mut self.times),
        };
        if whole.is_none() {
            return Outcome::Malformed;
        }
        taking.finish(&mut self.times.clock);
        Outcome::Request
    }
}

/// What turns texts into times.
#[derive(Clone, Debug)]
pub(super) struct Times {
    clock: Clock,
    /// The latest time in the common format, and what it says: lines of a second share it.
    last: ([u8; CLF], Option<u64>),
}

impl Times {
    fn common(&mut self, text: &[u8]) -> Option<u64> {
        let text: &[u8; CLF] = text.try_into().ok()?;
        if self.last.0 != *text {
            self.last = (*text, common(text));
        }
        self.last.1
    }
}

fn common(text: &[u8; CLF]) -> Option<u64> {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let number = |from, to| civil::digits(part(from, to));
    let moment = Moment {
        day: number(0, 2)?,
        month: civil::month(part(3, 6))?,
        year: number(7, 11)?,
        hour: number(12, 14)?,
        minute: number(15, 17)?,
        second: number(18, 20)?,
        ..Moment::default()
    };
    civil::nanoseconds(moment.local()? - civil::offset(part(21, CLF))?, 0)
}

/// A request that is being read.
pub(super) struct Taking<'r, 'l> {
    request: &'r mut Request<'l>,
    /// The parts of its time.
    moment: Moment,
}

fn walk<'l>(steps: &Steps, line: &'l str, taking: &mut Taking<'_, 'l>, times: &mut Times) -> Option<()> {
    let mut rest = line;
    for step in &steps.steps {
        match step {
            Step::Text(text) => {
                rest = rest.as_bytes().starts_with(text).then(|| rest.get(text.len()..))??;
            }
            Step::Take(field) => {
                let (value, style, after) = take(field, rest, &steps.tables)?;
                taking.set(field.what, Text { raw: value, style }, &steps.tables, times);
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(())
}

/// Takes the value of `field` from the beginning of `rest`.
#[inline]
fn take<'l>(field: &Field, rest: &'l str, tables: &Tables) -> Option<(&'l str, Style, &'l str)> {
    let cut = |end: usize, next: usize| Some((rest.get(..end)?, field.style, rest.get(next..)?));
    let bytes = rest.as_bytes();
    if field.what == What::Clf {
        let end = memchr(b']', bytes).filter(|_| bytes.first() == Some(&b'['))?;
        return Some((rest.get(1..end)?, Style::Plain, rest.get(end + 1..)?));
    }
    if let What::Formatted(at) | What::Skipped(at) = field.what {
        let format = tables.formats.get(at)?;
        // In another language, perhaps, it is passed over.
        if let Some(length) = format.read(bytes, &mut Moment::default()) {
            return cut(length, length);
        }
    }
    if field.style == Style::Doubled && bytes.first() == Some(&b'"') {
        let end = closing(bytes)?;
        return Some((rest.get(1..end)?, Style::Doubled, rest.get(end + 1..)?));
    }
    if field.last {
        return cut(rest.len(), rest.len());
    }
    if field.until.is_empty() {
        let numeric = || bytes.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
        let length = if field.what == What::Connection {
            1
        } else if field.what == What::Fraction {
            3
        } else {
            numeric().max(1)
        };
        return cut(length, length);
    }
    let end = end(field, bytes, tables)?;
    cut(end, end)
}

/// The quote that ends the quoted text at the beginning of `bytes`: one that is not followed by another one.
fn closing(bytes: &[u8]) -> Option<usize> {
    let mut from = 1;
    loop {
        let at = from + memchr(b'"', bytes.get(from..)?)?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// Where `field` ends in `bytes`: at the first place where what follows it follows. Times may be in a language that is not known;
/// then it is the first place at all.
#[inline]
fn end(field: &Field, bytes: &[u8], tables: &Tables) -> Option<usize> {
    let until = field.until.as_slice();
    let first = *until.first()?;
    let quoted = field.style == Style::Backslash && first == b'"';
    let mut from = 0;
    let mut fallback = None;
    loop {
        let rest = bytes.get(from..)?;
        let found = if quoted { memchr2(b'"', b'\\', rest) } else { memchr(first, rest) };
        let Some(at) = found.map(|at| from + at) else { return fallback };
        if quoted && bytes.get(at) == Some(&b'\\') {
            from = at + 2;
            continue;
        }
        if let Some(after) = bytes.get(at..).and_then(|found| found.strip_prefix(until)) {
            let fits = match field.next {
                Next::Anything => true,
                Next::Number => after.first().is_none_or(|byte| is_numeric(*byte)),
                Next::Time(format) => {
                    fallback = fallback.or(Some(at));
                    let format = tables.formats.get(format);
                    format.is_some_and(|format| format.read(after, &mut Moment::default()).is_some())
                }
            };
            if fits {
                return Some(at);
            }
        }
        from = at + 1;
    }
}

/// Whether a number, `-` or `???` may begin with it.
const fn is_numeric(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'?')
}

impl<'l> Taking<'_, 'l> {
    /// Notes the value of a field. `-` is none.
    #[inline]
    pub(super) fn set(&mut self, what: What, text: Text<'l>, tables: &Tables, times: &mut Times) {
        let raw = text.raw;
        if raw == "-" || raw.is_empty() {
            if what == What::Connection && !raw.is_empty() {
                self.request.connection = Some(b'-');
            }
            return;
        }
        let request = &mut *self.request;
        let number = || number(raw);
        match what {
            What::Ignored | What::Skipped(_) => {}
            What::Client => request.client = Some(raw),
            What::ClientHost => request.client_host = Some(raw),
            What::ClientPort => request.client_port = raw.parse().ok(),
            What::Peer => request.peer = Some(raw),
            What::LocalAddress => request.local = Some(raw),
            What::Server => request.server = Some(raw),
            What::ServerPort => request.server_port = raw.parse().ok(),
            What::User => request.user = Some(text),
            What::Method => self.method(raw),
            What::Path => self.target(raw),
            What::Query => request.query = raw.strip_prefix('?'),
            What::BareQuery => request.query = Some(raw),
            What::Target => self.target(raw),
            What::RequestLine => self.request_line(raw),
            What::Protocol => request.protocol = Some(text),
            What::Scheme => request.scheme = Some(raw),
            What::Status => request.status = raw.parse().ok(),
            What::Bytes => request.bytes = number(),
            What::Duration(unit) => self.duration(raw, unit),
            What::FirstByte => request.first_byte = number().and_then(|ms| ms.checked_mul(MILLISECOND)),
            What::Thread => request.thread = Some(raw),
            What::Connection => request.connection = raw.bytes().next(),
            What::Agent => request.agent = Some(text),
            What::Traceparent => request.trace = Trace::parse(raw),
            What::Clf => request.time = times.common(raw.as_bytes()),
            What::Epoch(unit) => self.epoch(raw, unit),
            What::Fraction => {
                self.moment.nanos = civil::digits(raw.as_bytes()).unwrap_or(0).min(999) * 1_000_000;
            }
            What::Formatted(at) => {
                let mut moment = self.moment;
                let format = tables.formats.get(at);
                if format.and_then(|format| format.read(raw.as_bytes(), &mut moment)).is_some() {
                    self.moment = moment;
                }
            }
            What::Named(at) => request.named.push((at, text)),
        }
    }

    /// Methods that Tomcat could not read are `null`.
    fn method(&mut self, method: &'l str) {
        self.request.method = (method != "null").then_some(method);
    }

    fn target(&mut self, target: &'l str) {
        if target == "null" {
            return;
        }
        match target.split_once('?') {
            Some((path, query)) => {
                self.request.path = Some(path);
                self.request.query = Some(query);
            }
            None => self.request.path = Some(target),
        }
    }

    /// `GET /path HTTP/1.1`, or what was left of it: `GET null HTTP/1.1`, `GET /path ` in HTTP/0.9.
    fn request_line(&mut self, line: &'l str) {
        let Some((method, rest)) = line.split_once(' ') else { return };
        self.method(method);
        match rest.rsplit_once(' ') {
            Some((target, protocol)) => {
                self.target(target);
                if !protocol.is_empty() {
                    self.request.protocol = Some(Text { raw: protocol, style: Style::Plain });
                }
            }
            None => self.target(rest),
        }
    }

    /// Of several durations the one with the finest unit counts. Seconds may have a fraction, which makes them milliseconds.
    fn duration(&mut self, raw: &str, unit: u64) {
        let fine = if raw.contains('.') { unit.min(MILLISECOND) } else { unit };
        if self.request.duration.is_some() && self.request.unit <= fine {
            return;
        }
        if let Some(nanos) = nanos(raw, unit) {
            self.request.duration = Some(nanos);
            self.request.unit = fine;
        }
    }

    fn epoch(&mut self, raw: &str, unit: u64) {
        let Some(number) = civil::digits(raw.as_bytes()) else { return };
        if unit == SECOND {
            self.moment.epoch = Some(number);
        } else {
            self.moment.epoch = Some(number / 1000);
            self.moment.nanos = number % 1000 * 1_000_000;
        }
    }

    /// The time of the line: of what is finer than seconds, or of the common format.
    fn finish(&mut self, clock: &mut Clock) {
        let finer = self.moment.epoch.is_some() || self.moment.dated;
        if finer && let Some(time) = clock.resolve(&self.moment) {
            self.request.time = Some(time);
        } else if let Some(time) = self.request.time {
            let fraction = u64::try_from(self.moment.nanos).unwrap_or(0);
            self.request.time = Some(time - time % SECOND + fraction);
        }
    }
}

/// A whole number of at most 18 digits.
#[inline]
fn number(text: &str) -> Option<u64> {
    civil::digits(text.as_bytes()).and_then(|number| u64::try_from(number).ok())
}

/// Nanoseconds of a decimal number of units.
fn nanos(text: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut nanos = number(whole)?.checked_mul(unit)?;
    let mut of_unit = unit;
    for digit in fraction.bytes() {
        of_unit /= 10;
        nanos = nanos.checked_add(u64::from(digit.is_ascii_digit().then(|| digit - b'0')?) * of_unit)?;
    }
    Some(nanos)
}
