use std::fmt::{self, Write};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::text::Text;
use edgewatch_proto::view::{
    AnyValue, ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest, KeyValue,
    LogRecord, Request, Resource,
};

use super::host::{Host, HostWatch};
use super::jvm::Jvm;
use super::tally::Tally;
use crate::calendar::DateTime;

/// Most names of one kind on a line.
const MOST: usize = 3;
/// Most characters of a log record's body.
const BODY: usize = 160;

/// Attributes of a resource that name it, the best first.
const NAMES: [&str; 4] = ["service.name", "host.name", "k8s.pod.name", "container.name"];

/// The levels of severity from the least to the most severe; each has four numbers.
const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "fatal"];

/// Writes a line about each batch. Remembers counters of hosts, to tell how fast they grow.
#[derive(Debug, Default)]
pub(in crate::debug) struct Summary {
    hosts: HostWatch,
}

impl Summary {
    /// Writes the line about a batch, without a line feed.
    pub(in crate::debug) fn write(
        &mut self,
        out: &mut String,
        time: DateTime,
        signal: Signal,
        segments: &[Bytes],
        items: usize,
    ) -> fmt::Result {
        let noun = match (signal, items) {
            (Signal::Traces, 1) => "span",
            (Signal::Traces, _) => "spans",
            (Signal::Metrics, 1) => "data point",
            (Signal::Metrics, _) => "data points",
            (Signal::Logs, 1) => "log record",
            (Signal::Logs, _) => "log records",
        };
        let DateTime { hour, minute, second, .. } = time;
        write!(out, "{hour:02}:{minute:02}:{second:02} {:<7} {items:>5} {noun} from ", signal.name())?;
        sources(out, segments)?;
        match signal {
            Signal::Traces => spans(out, segments),
            Signal::Metrics => self.metrics(out, segments),
            Signal::Logs => records(out, segments),
        }
    }

    fn metrics(&mut self, out: &mut String, segments: &[Bytes]) -> fmt::Result {
        let mut names = Tally::default();
        // Each scraper may have sent the resource of its own, which is the same host nevertheless.
        let mut hosts: Vec<Host<'_>> = Vec::new();
        let (mut jvms, mut more_jvms) = (Vec::new(), 0_usize);
        let groups =
            segments.iter().flat_map(|segment| ExportMetricsServiceRequest::new(segment).resource_metrics());
        for group in groups {
            let name = group.resource().map(name).unwrap_or_default();
            let mut host = match hosts.iter().position(|host| host.name == name) {
                Some(index) => hosts.swap_remove(index),
                None => Host::new(name),
            };
            let mut jvm = Jvm::new(name);
            for metric in group.scope_metrics().flat_map(|scope| scope.metrics()) {
                let taken = host.take(metric);
                if !jvm.take(metric) && !taken {
                    names.add(metric.name());
                }
            }
            if jvm.is_known() && jvms.len() < MOST {
                jvms.push(jvm);
            } else {
                more_jvms += usize::from(jvm.is_known());
            }
            if hosts.len() < MOST {
                hosts.push(host);
            }
        }
        let mut told = String::new();
        for host in hosts {
            host.write(&mut self.hosts, &mut told)?;
        }
        let one = told.is_empty() && jvms.len() == 1;
        for jvm in jvms {
            told.push_str(if told.is_empty() { "" } else { "; " });
            if !one {
                write!(told, "{} ", jvm.name)?;
            }
            jvm.write(&mut told)?;
        }
        if more_jvms > 0 {
            write!(told, "; +{more_jvms} more")?;
        }
        if told.is_empty() {
            out.write_str(": ")?;
            names.write_most(out, MOST)
        } else {
            write!(out, ": {told}")
        }
    }
}

/// Who sent the batch: up to three names.
fn sources(out: &mut String, segments: &[Bytes]) -> fmt::Result {
    let mut seen: Vec<&str> = Vec::new();
    let mut more = false;
    for group in segments.iter().flat_map(|segment| Request::new(segment).resources()) {
        let source = group.resource().map(name).unwrap_or_default();
        if !seen.contains(&source) {
            more = seen.len() == MOST;
            if more {
                break;
            }
            seen.push(source);
        }
    }
    for (index, source) in seen.iter().enumerate() {
        out.write_str(if index == 0 { "" } else { ", " })?;
        out.write_str(if source.is_empty() { "an unnamed source" } else { source })?;
    }
    out.write_str(if more { " and others" } else { "" })
}

/// What a resource is called; empty if it has no name.
fn name(resource: Resource<'_>) -> &str {
    let find = |key: &&str| {
        let mut attributes = resource.attributes();
        let attribute = attributes.find(|attribute| attribute.key_bytes() == key.as_bytes());
        attribute.map(KeyValue::value).and_then(AnyValue::as_str).filter(|name| !name.is_empty())
    };
    NAMES.iter().find_map(find).unwrap_or_default()
}

fn spans(out: &mut String, segments: &[Bytes]) -> fmt::Result {
    let (mut names, mut errors, mut slowest) = (Tally::default(), 0_usize, 0);
    let groups = segments.iter().flat_map(|segment| ExportTraceServiceRequest::new(segment).resource_spans());
    for span in groups.flat_map(|group| group.scope_spans()).flat_map(|scope| scope.spans()) {
        names.add(span.name());
        errors += usize::from(span.status().is_some_and(|status| status.code() == 2));
        slowest = slowest.max(span.end_time_unix_nano().saturating_sub(span.start_time_unix_nano()));
    }
    out.write_str(": ")?;
    names.write_most(out, MOST)?;
    match errors {
        0 => out.write_str("; "),
        1 => out.write_str("; 1 error, "),
        many => write!(out, "; {many} errors, "),
    }?;
    write!(out, "slowest {}", Span(slowest))
}

/// Displays a length of time for people, in nanoseconds.
struct Span(u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            nanos @ 0..1_000_000 => write!(f, "{} µs", nanos / 1_000),
            nanos @ 1_000_000..1_000_000_000 => write!(f, "{} ms", nanos / 1_000_000),
            nanos => write!(f, "{}.{} s", nanos / 1_000_000_000, nanos / 100_000_000 % 10),
        }
    }
}

fn records(out: &mut String, segments: &[Bytes]) -> fmt::Result {
    let mut counts = [0_usize; LEVELS.len()];
    let mut worst: Option<(i32, LogRecord<'_>)> = None;
    let groups = segments.iter().flat_map(|segment| ExportLogsServiceRequest::new(segment).resource_logs());
    for record in groups.flat_map(|group| group.scope_logs()).flat_map(|scope| scope.log_records()) {
        let severity = record.severity_number();
        let level =
            usize::try_from(severity).ok().and_then(|number| number.checked_sub(1)).map(|number| number / 4);
        if let Some(count) = level.and_then(|level| counts.get_mut(level)) {
            *count += 1;
        }
        if worst.is_none_or(|(highest, _)| severity > highest) {
            worst = Some((severity, record));
        }
    }
    let levels = LEVELS.iter().zip(counts).rev().filter(|(_, count)| *count > 0);
    for (index, (level, count)) in levels.enumerate() {
        write!(out, "{}{count} {level}", if index == 0 { ": " } else { ", " })?;
    }
    let Some((_, record)) = worst else { return Ok(()) };
    let body = Text(record.body().unwrap_or_default()).to_string();
    let body = if body.is_empty() { record.event_name() } else { body.lines().next().unwrap_or_default() };
    let shown: String = body.chars().take(BODY).collect();
    if shown.is_empty() { Ok(()) } else { write!(out, ": {shown}") }
}
