//! Telemetry made with the OpenTelemetry SDK for Rust.

use std::error::Error;
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Link, Span as _, SpanKind, Status, Tracer as _, TracerProvider as _};
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord, SdkLoggerProvider};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::{
    Aggregation, InMemoryMetricExporter, PeriodicReader, SdkMeterProvider, Stream,
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

pub(super) const UNICODE: &str = "Žluťoučký kůň 🐎 \u{202e}عربي 中文 \0 end";
pub(super) const SPANS: u64 = 102;
pub(super) const RECORDS: u64 = 32;

pub(super) fn resource() -> Resource {
    let list = Value::Array(Array::String(vec![StringValue::from("a"), StringValue::from("")]));
    let attributes =
        [KeyValue::new("service.name", UNICODE), KeyValue::new("list", list), KeyValue::new("answer", 42)];
    Resource::builder_empty().with_schema_url(attributes, "https://example.com/schema/1").build()
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("tests.shop")
        .with_version("1.2.3")
        .with_schema_url("https://example.com/schema/2")
        .with_attributes([KeyValue::new("scope.attribute", true)])
        .build()
}

pub(super) fn spans() -> anyhow::Result<Vec<SpanData>> {
    let kept = InMemorySpanExporter::default();
    let provider =
        SdkTracerProvider::builder().with_simple_exporter(kept.clone()).with_resource(resource()).build();
    let tracer = provider.tracer_with_scope(scope());
    let mut parent = tracer.span_builder("parent").with_kind(SpanKind::Server).start(&tracer);
    parent.set_attributes([
        KeyValue::new("text", UNICODE),
        KeyValue::new("integer", i64::MIN),
        KeyValue::new("double", f64::MIN_POSITIVE),
        KeyValue::new("flag", false),
    ]);
    parent.add_event("cache miss", vec![KeyValue::new("tries", 3)]);
    let error: &dyn Error = &std::io::Error::other(UNICODE);
    parent.record_error(error);
    parent.set_status(Status::error("it failed"));
    let context = parent.span_context().clone();
    for number in 0..100 {
        let link = Link::new(context.clone(), vec![KeyValue::new("number", number)], 0);
        let child =
            tracer.span_builder(format!("child {number}")).with_kind(SpanKind::Client).with_links(vec![link]);
        child.start(&tracer).end();
    }
    tracer
        .span_builder("")
        .start(&tracer)
        .end_with_timestamp(SystemTime::UNIX_EPOCH + Duration::from_nanos(1));
    parent.end();
    Ok(kept.get_finished_spans()?)
}

pub(super) fn metrics() -> anyhow::Result<Vec<ResourceMetrics>> {
    let kept = InMemoryMetricExporter::default();
    let exponential = |instrument: &opentelemetry_sdk::metrics::Instrument| {
        let aggregation =
            Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };
        (instrument.name() == "latency.exponential")
            .then(|| Stream::builder().with_aggregation(aggregation).build().ok())
            .flatten()
    };
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(kept.clone()).with_interval(Duration::from_secs(3600)).build())
        .with_resource(resource())
        .with_view(exponential)
        .build();
    let meter = provider.meter_with_scope(scope());
    let counter = meter.u64_counter("requests").with_unit("1").with_description(UNICODE).build();
    let balance = meter.i64_up_down_counter("balance").build();
    let explicit = meter.f64_histogram("latency").with_boundaries(vec![0.1, 1.0, 10.0]).build();
    let buckets = meter.f64_histogram("latency.exponential").build();
    meter.f64_gauge("temperature").build().record(-273.15, &[KeyValue::new("room", "attic")]);
    for number in 0..50_i32 {
        counter.add(number.unsigned_abs().into(), &[KeyValue::new("route", i64::from(number % 5))]);
        balance.add((-number).into(), &[]);
        explicit.record(f64::from(number) / 3.0, &[]);
        buckets.record(1.7_f64.powi(number), &[]);
    }
    provider.force_flush()?;
    counter.add(1, &[]);
    provider.force_flush()?;
    Ok(kept.get_finished_metrics()?)
}

pub(super) fn logs() -> anyhow::Result<Vec<(SdkLogRecord, InstrumentationScope)>> {
    let kept = InMemoryLogExporter::default();
    let provider =
        SdkLoggerProvider::builder().with_simple_exporter(kept.clone()).with_resource(resource()).build();
    let logger = provider.logger_with_scope(scope());
    let mut record = logger.create_log_record();
    record.set_timestamp(SystemTime::UNIX_EPOCH + Duration::from_nanos(1));
    record.set_severity_number(Severity::Fatal4);
    record.set_severity_text("FATAL");
    record.set_body(UNICODE.into());
    logger.emit(record);
    let mut record = logger.create_log_record();
    record.set_event_name("tests.checkout");
    let list = AnyValue::ListAny(Box::new(vec![1.into(), "two".into(), 3.0.into(), true.into()]));
    record.set_body(AnyValue::Map(Box::new([("list".into(), list), ("bytes".into(), bytes())].into())));
    logger.emit(record);
    for number in 0..30 {
        let mut record = logger.create_log_record();
        record.set_body(format!("line {number}").into());
        record.add_attribute("number", number);
        record.set_trace_context(7_u128.into(), 8_u64.into(), None);
        logger.emit(record);
    }
    let emitted = kept.get_emitted_logs()?;
    Ok(emitted.into_iter().map(|log| (log.record, log.instrumentation)).collect())
}

fn bytes() -> AnyValue {
    AnyValue::Bytes(Box::new(vec![0, 0xff]))
}
