use std::fmt::{self, Write};

use edgewatch_proto::view::{
    Data, Exemplar, ExponentialHistogramDataPoint, ExportMetricsServiceRequest, HistogramDataPoint, Metric,
    NumberDataPoint, NumberValue, Point, Repeated, SummaryDataPoint,
};

use super::common::{Hex, attributes, resource, scope, time};

pub(super) fn write(out: &mut impl Write, request: ExportMetricsServiceRequest<'_>) -> fmt::Result {
    for (index, group) in request.resource_metrics().enumerate() {
        writeln!(out, "ResourceMetrics #{index}")?;
        resource(out, group.resource(), group.schema_url())?;
        for (index, group) in group.scope_metrics().enumerate() {
            writeln!(out, "ScopeMetrics #{index}")?;
            writeln!(out, "ScopeMetrics SchemaURL: {}", group.schema_url())?;
            scope(out, group.scope())?;
            for (index, item) in group.metrics().enumerate() {
                writeln!(out, "Metric #{index}")?;
                metric(out, item)?;
            }
        }
    }
    Ok(())
}

fn metric(out: &mut impl Write, metric: Metric<'_>) -> fmt::Result {
    let (kind, monotonic, temporality) = match metric.data() {
        Data::Empty => ("Empty", None, None),
        Data::Gauge(_) => ("Gauge", None, None),
        Data::Sum(sum) => ("Sum", Some(sum.is_monotonic()), Some(sum.aggregation_temporality())),
        Data::Histogram(data) => ("Histogram", None, Some(data.aggregation_temporality())),
        Data::ExponentialHistogram(data) => {
            ("ExponentialHistogram", None, Some(data.aggregation_temporality()))
        }
        Data::Summary(_) => ("Summary", None, None),
    };
    attributes(out, "Metadata", "", metric.metadata())?;
    writeln!(out, "Descriptor:")?;
    writeln!(out, "     -> Name: {}", metric.name())?;
    writeln!(out, "     -> Description: {}", metric.description())?;
    writeln!(out, "     -> Unit: {}", metric.unit())?;
    writeln!(out, "     -> DataType: {kind}")?;
    if let Some(monotonic) = monotonic {
        writeln!(out, "     -> IsMonotonic: {monotonic}")?;
    }
    if let Some(temporality) = temporality {
        let name = match temporality {
            0 => "Unspecified",
            1 => "Delta",
            2 => "Cumulative",
            _ => "",
        };
        writeln!(out, "     -> AggregationTemporality: {name}")?;
    }
    metric.data().points().enumerate().try_for_each(|(index, item)| point(out, index, item))
}

fn point(out: &mut impl Write, index: usize, point: Point<'_>) -> fmt::Result {
    let kind = match point {
        Point::Number(_) => "NumberDataPoints",
        Point::Histogram(_) => "HistogramDataPoints",
        Point::ExponentialHistogram(_) => "ExponentialHistogramDataPoints",
        Point::Summary(_) => "SummaryDataPoints",
    };
    writeln!(out, "{kind} #{index}")?;
    attributes(out, "Data point attributes", "", point.attributes())?;
    writeln!(out, "StartTimestamp: {}", time(point.start_time_unix_nano()))?;
    writeln!(out, "Timestamp: {}", time(point.time_unix_nano()))?;
    match point {
        Point::Number(point) => number(out, point),
        Point::Histogram(point) => histogram(out, point),
        Point::ExponentialHistogram(point) => exponential(out, point),
        Point::Summary(point) => summary(out, point),
    }
}

fn number(out: &mut impl Write, point: NumberDataPoint<'_>) -> fmt::Result {
    value(out, "Value", point.value())?;
    exemplars(out, point.exemplars())
}

fn value(out: &mut impl Write, name: &str, value: Option<NumberValue>) -> fmt::Result {
    match value {
        Some(NumberValue::Int(value)) => writeln!(out, "{name}: {value}"),
        Some(NumberValue::Double(value)) => writeln!(out, "{name}: {value:.6}"),
        None => Ok(()),
    }
}

fn totals(out: &mut impl Write, count: u64, totals: [(&str, Option<f64>); 3]) -> fmt::Result {
    writeln!(out, "Count: {count}")?;
    for (name, value) in totals {
        if let Some(value) = value {
            writeln!(out, "{name}: {value:.6}")?;
        }
    }
    Ok(())
}

fn histogram(out: &mut impl Write, point: HistogramDataPoint<'_>) -> fmt::Result {
    totals(out, point.count(), [("Sum", point.sum()), ("Min", point.min()), ("Max", point.max())])?;
    for (index, bound) in point.explicit_bounds().enumerate() {
        writeln!(out, "ExplicitBounds #{index}: {bound:.6}")?;
    }
    for (index, count) in point.bucket_counts().enumerate() {
        writeln!(out, "Buckets #{index}, Count: {count}")?;
    }
    exemplars(out, point.exemplars())
}

fn exponential(out: &mut impl Write, point: ExponentialHistogramDataPoint<'_>) -> fmt::Result {
    totals(out, point.count(), [("Sum", point.sum()), ("Min", point.min()), ("Max", point.max())])?;
    let factor = std::f64::consts::LN_2 * (-f64::from(point.scale())).exp2();
    let bound = |index: i64| (index_as_float(index) * factor).exp();
    if let Some(buckets) = point.negative() {
        // From the lowest value up, that is, from the last bucket down.
        let counts: Vec<u64> = buckets.bucket_counts().collect();
        for (index, count) in
            (i64::from(buckets.offset())..).zip(&counts).collect::<Vec<_>>().into_iter().rev()
        {
            writeln!(out, "Bucket [{:.6}, {:.6}), Count: {count}", -bound(index + 1), -bound(index))?;
        }
    }
    if point.zero_count() != 0 {
        writeln!(out, "Bucket [0, 0], Count: {}", point.zero_count())?;
    }
    if let Some(buckets) = point.positive() {
        for (index, count) in (i64::from(buckets.offset())..).zip(buckets.bucket_counts()) {
            writeln!(out, "Bucket ({:.6}, {:.6}], Count: {count}", bound(index), bound(index + 1))?;
        }
    }
    exemplars(out, point.exemplars())
}

#[expect(clippy::cast_precision_loss, reason = "bucket indices stay far below 2^53")]
fn index_as_float(index: i64) -> f64 {
    index as f64
}

fn summary(out: &mut impl Write, point: SummaryDataPoint<'_>) -> fmt::Result {
    totals(out, point.count(), [("Sum", Some(point.sum())), ("", None), ("", None)])?;
    for (index, quantile) in point.quantile_values().enumerate() {
        let (quantile, value) = (quantile.quantile(), quantile.value());
        writeln!(out, "QuantileValue #{index}: Quantile {quantile:.6}, Value {value:.6}")?;
    }
    Ok(())
}

fn exemplars<'a>(out: &mut impl Write, exemplars: Repeated<'a, Exemplar<'a>>) -> fmt::Result {
    for (index, exemplar) in exemplars.enumerate() {
        if index == 0 {
            writeln!(out, "Exemplars:")?;
        }
        writeln!(out, "Exemplar #{index}")?;
        writeln!(out, "     -> Trace ID: {}", Hex(exemplar.trace_id()))?;
        writeln!(out, "     -> Span ID: {}", Hex(exemplar.span_id()))?;
        writeln!(out, "     -> Timestamp: {}", time(exemplar.time_unix_nano()))?;
        value(out, "     -> Value", exemplar.value())?;
        attributes(out, "     -> FilteredAttributes", "     ", exemplar.filtered_attributes())?;
    }
    Ok(())
}
