//! What the layouts of all signals share.

use std::fmt::{self, Display, Write};

use edgewatch_core::Signal;
use edgewatch_proto::text::Text;
use edgewatch_proto::view::{
    AnyValue, ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest,
    InstrumentationScope, KeyValue, Repeated, Resource, Value,
};

use super::{logs, metrics, traces};
use crate::calendar::DateTime;

/// Writes an encoded request.
pub(in crate::debug) fn write(out: &mut impl Write, signal: Signal, request: &[u8]) -> fmt::Result {
    match signal {
        Signal::Traces => traces::write(out, ExportTraceServiceRequest::new(request)),
        Signal::Metrics => metrics::write(out, ExportMetricsServiceRequest::new(request)),
        Signal::Logs => logs::write(out, ExportLogsServiceRequest::new(request)),
    }
}

/// Displays a trace or span id.
pub(in crate::debug) struct Hex<'a>(pub(in crate::debug) &'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Displays a value with its type, as in `Str(text)`.
pub(super) struct Typed<'a>(pub(super) AnyValue<'a>);

impl Display for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0.value() {
            Value::Empty => "Empty",
            Value::String(_) | Value::StringIndex(_) => "Str",
            Value::Bool(_) => "Bool",
            Value::Int(_) => "Int",
            Value::Double(_) => "Double",
            Value::Array(_) => "Slice",
            Value::KeyValueList(_) => "Map",
            Value::Bytes(_) => "Bytes",
        };
        write!(f, "{kind}({})", Text(self.0))
    }
}

/// A time in nanoseconds since 1970.
pub(super) fn time(nanos: u64) -> DateTime {
    DateTime::from_unix_nano(nanos)
}

/// A line of a span: `    Name           : value`.
pub(super) fn field(out: &mut impl Write, name: &str, value: impl Display) -> fmt::Result {
    writeln!(out, "    {name:<15}: {value}")
}

/// The attributes below a heading; nothing when there are none. `indent` stands before each line.
pub(super) fn attributes<'a>(
    out: &mut impl Write,
    heading: &str,
    indent: &str,
    attributes: Repeated<'a, KeyValue<'a>>,
) -> fmt::Result {
    for (index, attribute) in attributes.enumerate() {
        if index == 0 {
            writeln!(out, "{heading}:")?;
        }
        writeln!(out, "{indent}     -> {}: {}", attribute.key(), Typed(attribute.value()))?;
    }
    Ok(())
}

pub(super) fn resource(
    out: &mut impl Write,
    resource: Option<Resource<'_>>,
    schema_url: &str,
) -> fmt::Result {
    writeln!(out, "Resource SchemaURL: {schema_url}")?;
    let resource = resource.unwrap_or_default();
    attributes(out, "Resource attributes", "", resource.attributes())?;
    for (index, entity) in resource.entity_refs().enumerate() {
        if index == 0 {
            writeln!(out, "Resource entity refs:")?;
        }
        writeln!(out, "     -> Entity ref #{index}:")?;
        writeln!(out, "          -> Type: {}", entity.kind())?;
        if !entity.schema_url().is_empty() {
            writeln!(out, "          -> Schema URL: {}", entity.schema_url())?;
        }
        keys(out, "ID keys", entity.id_keys())?;
        keys(out, "Description keys", entity.description_keys())?;
    }
    Ok(())
}

fn keys<'a>(out: &mut impl Write, heading: &str, keys: impl Iterator<Item = &'a str>) -> fmt::Result {
    for (index, key) in keys.enumerate() {
        if index == 0 {
            writeln!(out, "          -> {heading}:")?;
        }
        writeln!(out, "               -> {key}")?;
    }
    Ok(())
}

pub(super) fn scope(out: &mut impl Write, scope: Option<InstrumentationScope<'_>>) -> fmt::Result {
    let scope = scope.unwrap_or_default();
    writeln!(out, "InstrumentationScope {} {}", scope.name(), scope.version())?;
    attributes(out, "InstrumentationScope attributes", "", scope.attributes())
}
