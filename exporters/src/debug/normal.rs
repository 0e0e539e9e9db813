//! One line for each item, in the layout of the Collector's `normal` verbosity.

use std::fmt::{self, Write};

use edgewatch_core::Signal;
use edgewatch_proto::text::{Number, Text};
use edgewatch_proto::view::{
    ExponentialHistogramDataPoint, ExportLogsServiceRequest, ExportMetricsServiceRequest,
    ExportTraceServiceRequest, HistogramDataPoint, KeyValue, NumberDataPoint, NumberValue, Point, Repeated,
    SummaryDataPoint,
};

use super::detailed::Hex;

/// Writes the items of an encoded request.
pub(super) fn write(out: &mut impl Write, signal: Signal, request: &[u8]) -> fmt::Result {
    match signal {
        Signal::Traces => traces(out, ExportTraceServiceRequest::new(request)),
        Signal::Metrics => metrics(out, ExportMetricsServiceRequest::new(request)),
        Signal::Logs => logs(out, ExportLogsServiceRequest::new(request)),
    }
}

fn traces(out: &mut impl Write, request: ExportTraceServiceRequest<'_>) -> fmt::Result {
    let scopes = request.resource_spans().flat_map(|resource| resource.scope_spans());
    for span in scopes.flat_map(|scope| scope.spans()) {
        write!(out, "{} {} {}", span.name(), Hex(span.trace_id()), Hex(span.span_id()))?;
        for attribute in span.attributes() {
            write!(out, " {}={}", attribute.key(), Text(attribute.value()))?;
        }
        out.write_char('\n')?;
    }
    Ok(())
}

fn logs(out: &mut impl Write, request: ExportLogsServiceRequest<'_>) -> fmt::Result {
    let scopes = request.resource_logs().flat_map(|resource| resource.scope_logs());
    for record in scopes.flat_map(|scope| scope.log_records()) {
        write!(out, "{}", Text(record.body().unwrap_or_default()))?;
        for attribute in record.attributes() {
            write!(out, " {}={}", attribute.key(), Text(attribute.value()))?;
        }
        out.write_char('\n')?;
    }
    Ok(())
}

fn metrics(out: &mut impl Write, request: ExportMetricsServiceRequest<'_>) -> fmt::Result {
    let scopes = request.resource_metrics().flat_map(|resource| resource.scope_metrics());
    for metric in scopes.flat_map(|scope| scope.metrics()) {
        for point in metric.data().points() {
            write!(out, "{}{{", metric.name())?;
            labels(out, point.attributes())?;
            out.write_char('}')?;
            match point {
                Point::Number(point) => number(out, point)?,
                Point::Histogram(point) => histogram(out, point)?,
                Point::ExponentialHistogram(point) => exponential(out, point)?,
                Point::Summary(point) => summary(out, point)?,
            }
            out.write_char('\n')?;
        }
    }
    Ok(())
}

fn labels<'a>(out: &mut impl Write, attributes: Repeated<'a, KeyValue<'a>>) -> fmt::Result {
    for (index, attribute) in attributes.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{}={}", attribute.key(), Text(attribute.value()))?;
    }
    Ok(())
}

fn number(out: &mut impl Write, point: NumberDataPoint<'_>) -> fmt::Result {
    match point.value() {
        Some(NumberValue::Int(value)) => write!(out, " {value}"),
        Some(NumberValue::Double(value)) => write!(out, " {}", Number(value)),
        None => out.write_str(" "),
    }
}

/// `count=3 sum=4.5 min=1 max=2`, as far as known.
fn totals(out: &mut impl Write, count: u64, totals: [(&str, Option<f64>); 3]) -> fmt::Result {
    write!(out, " count={count}")?;
    for (name, value) in totals {
        if let Some(value) = value {
            write!(out, " {name}={}", Number(value))?;
        }
    }
    Ok(())
}

fn histogram(out: &mut impl Write, point: HistogramDataPoint<'_>) -> fmt::Result {
    totals(out, point.count(), [("sum", point.sum()), ("min", point.min()), ("max", point.max())])?;
    let mut bounds = point.explicit_bounds();
    for count in point.bucket_counts() {
        match bounds.next() {
            Some(bound) => write!(out, " le{}={count}", Number(bound))?,
            None => write!(out, " {count}")?,
        }
    }
    Ok(())
}

fn exponential(out: &mut impl Write, point: ExponentialHistogramDataPoint<'_>) -> fmt::Result {
    totals(out, point.count(), [("sum", point.sum()), ("min", point.min()), ("max", point.max())])?;
    let base = (-f64::from(point.scale())).exp2().exp2();
    for buckets in [point.negative(), point.positive()].into_iter().flatten() {
        for (index, count) in (buckets.offset()..=i32::MAX).zip(buckets.bucket_counts()) {
            write!(out, " le{}={count}", Number(base.powi(index)))?;
        }
    }
    if point.zero_count() > 0 {
        write!(out, " zero_count{}={}", Number(point.zero_threshold()), point.zero_count())?;
    }
    Ok(())
}

fn summary(out: &mut impl Write, point: SummaryDataPoint<'_>) -> fmt::Result {
    totals(out, point.count(), [("sum", Some(point.sum())), ("min", None), ("max", None)])?;
    for quantile in point.quantile_values() {
        write!(out, " q{}={}", Number(quantile.quantile()), Number(quantile.value()))?;
    }
    Ok(())
}
