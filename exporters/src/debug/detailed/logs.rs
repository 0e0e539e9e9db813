use std::fmt::{self, Write};

use edgewatch_proto::view::{ExportLogsServiceRequest, LogRecord};

use super::common::{Hex, Typed, attributes, resource, scope, time};

/// The names of the levels of severity, each of which has four numbers.
const LEVELS: [&str; 6] = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal"];

pub(super) fn write(out: &mut impl Write, request: ExportLogsServiceRequest<'_>) -> fmt::Result {
    for (index, group) in request.resource_logs().enumerate() {
        writeln!(out, "ResourceLog #{index}")?;
        resource(out, group.resource(), group.schema_url())?;
        for (index, group) in group.scope_logs().enumerate() {
            writeln!(out, "ScopeLogs #{index}")?;
            writeln!(out, "ScopeLogs SchemaURL: {}", group.schema_url())?;
            scope(out, group.scope())?;
            for (index, item) in group.log_records().enumerate() {
                writeln!(out, "LogRecord #{index}")?;
                record(out, item)?;
            }
        }
    }
    Ok(())
}

fn record(out: &mut impl Write, record: LogRecord<'_>) -> fmt::Result {
    let severity = record.severity_number();
    writeln!(out, "ObservedTimestamp: {}", time(record.observed_time_unix_nano()))?;
    writeln!(out, "Timestamp: {}", time(record.time_unix_nano()))?;
    writeln!(out, "SeverityText: {}", record.severity_text())?;
    writeln!(out, "SeverityNumber: {}({severity})", severity_name(severity))?;
    if !record.event_name().is_empty() {
        writeln!(out, "EventName: {}", record.event_name())?;
    }
    writeln!(out, "Body: {}", Typed(record.body().unwrap_or_default()))?;
    if record.dropped_attributes_count() > 0 {
        writeln!(out, "DroppedAttributesCount: {}", record.dropped_attributes_count())?;
    }
    attributes(out, "Attributes", "", record.attributes())?;
    writeln!(out, "Trace ID: {}", Hex(record.trace_id()))?;
    writeln!(out, "Span ID: {}", Hex(record.span_id()))?;
    writeln!(out, "Flags: {}", record.flags())
}

/// `Info` for 9, `Info2` for 10.
fn severity_name(number: i32) -> String {
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    match index.and_then(|index| Some((LEVELS.get(index / 4)?, index % 4 + 1))) {
        Some((level, 1)) => (*level).to_owned(),
        Some((level, step)) => format!("{level}{step}"),
        None if number == 0 => "Unspecified".to_owned(),
        None => String::new(),
    }
}
