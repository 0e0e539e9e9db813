//! Points out of OTLP JSON lines.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;

use anyhow::{Context, bail};
use edgewatch_processors::anomaly::detector::Settings;
use edgewatch_processors::anomaly::series::{Aspect, Found, Past, walk};
use edgewatch_proto::view::{NumberValue, Point};
use edgewatch_proto::{Signal, json};

use super::super::report::{Report, Row};
use super::super::rows::instant;
use super::super::scorer::{Scorer, Verdict};
use super::label::Labels;
use crate::text_file::{Progress, Source, lines};

/// A request larger than this is not read.
const MAX_REQUEST: usize = 64 * 1024 * 1024;
/// Series that are scored; each takes about 2 KiB.
const MAX_SERIES: usize = 100_000;
/// A point's flags say that there is no value.
const NO_RECORDED_VALUE: u32 = 1;

/// Scores the series of `source`.
pub(super) fn score(
    source: &mut Source,
    settings: &Settings,
    report: &mut Report,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    report.begin(true)?;
    let name = source.name().to_owned();
    let mut points = Points::new(settings);
    let (mut line, mut bytes) = (Vec::new(), 0);
    loop {
        let read =
            lines::next(source, &mut line, MAX_REQUEST).with_context(|| format!("cannot read {name}"))?;
        if read == 0 {
            break;
        }
        bytes += read;
        points.line(&line, report)?;
        if source.is_drained() {
            report.flush()?;
        }
        progress.at(usize::try_from(points.line).unwrap_or(usize::MAX), bytes);
    }
    report.flush()?;
    let summary = &report.summary;
    match &summary.first {
        _ if summary.rows > summary.refused => Ok(()),
        Some((line, why)) => bail!(
            "{name}: nothing can be scored; line {line}: {why}; each line must be a whole ExportMetricsServiceRequest, as the file \
             exporter of the Collector writes them (`jq -c .` puts one on a line)"
        ),
        None => bail!("{name}: there are no data points of metrics in its {} lines", points.line),
    }
}

/// All series of an input.
pub(super) struct Points<'s> {
    settings: &'s Settings,
    line: u64,
    known: HashMap<u64, Known>,
    /// Scored series, in the order in which they came.
    series: usize,
    labels: Labels,
}

/// A series: what is remembered of it, and what of it is scored.
#[derive(Default)]
struct Known {
    past: Past,
    aspects: Vec<Scored>,
    /// Its name, as long as nothing was read off its points.
    unread: Option<String>,
}

struct Scored {
    aspect: Aspect,
    number: usize,
    label: String,
    scorer: Scorer,
}

impl<'s> Points<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self { settings, line: 0, known: HashMap::new(), series: 0, labels: Labels::default() }
    }

    /// Takes a line of the input.
    pub(super) fn line(&mut self, line: &[u8], report: &mut Report) -> io::Result<()> {
        self.line += 1;
        let line = line.strip_prefix(super::BYTE_ORDER_MARK).unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        if line.len() >= MAX_REQUEST {
            return self.broken("the line is longer than 64 MiB".to_owned(), report);
        }
        let request = match json::decode(Signal::Metrics, line) {
            Ok(request) => request,
            Err(error) => {
                // Which line of the input it is, this knows better.
                let words = error.to_string();
                let words = words.strip_prefix("line 1, ").unwrap_or(&words);
                return self.broken(format!("not OTLP JSON: {words}"), report);
            }
        };
        let mut told = Ok(());
        walk(&request, &mut |found| {
            if told.is_ok() {
                told = self.point(found, report);
            }
        });
        told
    }

    /// Takes a point.
    pub(super) fn point(&mut self, found: &Found<'_>, report: &mut Report) -> io::Result<()> {
        let full = self.series.max(self.known.len()) >= MAX_SERIES;
        let known = match self.known.entry(found.key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if full => return unread(self.line, found, "", TOO_MANY, report),
            Entry::Vacant(place) => place.insert(Known::default()),
        };
        let readings = known.past.read(found.kind, found.point);
        if readings.is_empty() {
            let why = if found.point.flags() & NO_RECORDED_VALUE != 0 {
                "no recorded value"
            } else {
                "nothing to score: not finite, or it takes the point before to say something"
            };
            let label = match known.aspects.first() {
                Some(scored) => &scored.label,
                None => known.unread.get_or_insert_with(|| self.labels.of(found, None)),
            };
            return unread(self.line, found, label, why, report);
        }
        for reading in readings {
            let at = known.aspects.iter().position(|scored| scored.aspect == reading.aspect).unwrap_or_else(
                || {
                    let label = self.labels.of(found, Some(reading.aspect));
                    let number = self.series;
                    self.series += 1;
                    known.aspects.push(Scored {
                        aspect: reading.aspect,
                        number,
                        label,
                        scorer: Scorer::default(),
                    });
                    known.aspects.len() - 1
                },
            );
            let Some(scored) = known.aspects.get_mut(at) else { continue };
            let verdict = scored.scorer.take(self.settings, reading.time, reading.value);
            report.row(&Row {
                line: self.line,
                timestamp: instant(reading.time).as_bytes(),
                value: reading.value.to_string().as_bytes(),
                time: Some(reading.time),
                number: Some(reading.value),
                series: scored.number,
                label: Some(&scored.label),
                verdict,
                anomalous: scored.scorer.is_anomalous(),
            })?;
        }
        Ok(())
    }

    /// A line that is no request.
    fn broken(&self, why: String, report: &mut Report) -> io::Result<()> {
        let verdict = Verdict::Refused(why.into());
        report.row(&Row { verdict, label: Some(""), ..nowhere(self.line) })
    }
}

const TOO_MANY: &str = "too many series: 100000 are scored, this one is not";

/// A point of which nothing can be scored.
fn unread(
    line: u64,
    found: &Found<'_>,
    label: &str,
    why: &'static str,
    report: &mut Report,
) -> io::Result<()> {
    let value = match found.point {
        Point::Number(number) => match number.value() {
            Some(NumberValue::Int(value)) => value.to_string(),
            Some(NumberValue::Double(value)) => value.to_string(),
            None => String::new(),
        },
        Point::Histogram(_) | Point::ExponentialHistogram(_) | Point::Summary(_) => String::new(),
    };
    report.row(&Row {
        timestamp: instant(found.point.time_unix_nano()).as_bytes(),
        value: value.as_bytes(),
        verdict: Verdict::refused(why),
        label: Some(label),
        ..nowhere(line)
    })
}

/// A row of nothing, in a line.
const fn nowhere<'a>(line: u64) -> Row<'a> {
    Row {
        line,
        timestamp: b"",
        value: b"",
        time: None,
        number: None,
        series: usize::MAX,
        label: None,
        verdict: Verdict::Open,
        anomalous: false,
    }
}
