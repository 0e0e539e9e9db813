//! The messages of OTLP 1.10, after the `.proto` files that `opentelemetry-proto` carries.

use super::schema::Kind::{
    self, Bool, Bytes, Double, Enum, Fixed32, Fixed64, Id, Int32, Int64, Sfixed64, Sint32, Text, Uint32,
    Uint64,
};
use super::schema::{Message, either, many, one, optional, table};

static ANY_VALUE: Message = table(&[
    either(1, "stringValue", Text),
    either(2, "boolValue", Bool),
    either(3, "intValue", Int64),
    either(4, "doubleValue", Double),
    either(5, "arrayValue", Kind::Message(&ARRAY_VALUE)),
    either(6, "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
    either(7, "bytesValue", Bytes),
    either(8, "stringValueStrindex", Int32),
]);

static ARRAY_VALUE: Message = table(&[many(1, "values", Kind::Message(&ANY_VALUE))]);

static KEY_VALUE_LIST: Message = table(&[many(1, "values", Kind::Message(&KEY_VALUE))]);

static KEY_VALUE: Message =
    table(&[one(1, "key", Text), one(2, "value", Kind::Message(&ANY_VALUE)), one(3, "keyStrindex", Int32)]);

static SCOPE: Message = table(&[
    one(1, "name", Text),
    one(2, "version", Text),
    many(3, "attributes", Kind::Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Uint32),
]);

static ENTITY_REF: Message = table(&[
    one(1, "schemaUrl", Text),
    one(2, "type", Text),
    many(3, "idKeys", Text),
    many(4, "descriptionKeys", Text),
]);

static RESOURCE: Message = table(&[
    many(1, "attributes", Kind::Message(&KEY_VALUE)),
    one(2, "droppedAttributesCount", Uint32),
    many(3, "entityRefs", Kind::Message(&ENTITY_REF)),
]);

pub(super) static TRACES: Message = table(&[many(1, "resourceSpans", Kind::Message(&RESOURCE_SPANS))]);

static RESOURCE_SPANS: Message = table(&[
    one(1, "resource", Kind::Message(&RESOURCE)),
    many(2, "scopeSpans", Kind::Message(&SCOPE_SPANS)),
    one(3, "schemaUrl", Text),
]);

static SCOPE_SPANS: Message = table(&[
    one(1, "scope", Kind::Message(&SCOPE)),
    many(2, "spans", Kind::Message(&SPAN)),
    one(3, "schemaUrl", Text),
]);

static SPAN: Message = table(&[
    one(1, "traceId", Id),
    one(2, "spanId", Id),
    one(3, "traceState", Text),
    one(4, "parentSpanId", Id),
    one(5, "name", Text),
    one(6, "kind", Enum(SPAN_KIND)),
    one(7, "startTimeUnixNano", Fixed64),
    one(8, "endTimeUnixNano", Fixed64),
    many(9, "attributes", Kind::Message(&KEY_VALUE)),
    one(10, "droppedAttributesCount", Uint32),
    many(11, "events", Kind::Message(&EVENT)),
    one(12, "droppedEventsCount", Uint32),
    many(13, "links", Kind::Message(&LINK)),
    one(14, "droppedLinksCount", Uint32),
    one(15, "status", Kind::Message(&STATUS)),
    one(16, "flags", Fixed32),
]);

static EVENT: Message = table(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "name", Text),
    many(3, "attributes", Kind::Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Uint32),
]);

static LINK: Message = table(&[
    one(1, "traceId", Id),
    one(2, "spanId", Id),
    one(3, "traceState", Text),
    many(4, "attributes", Kind::Message(&KEY_VALUE)),
    one(5, "droppedAttributesCount", Uint32),
    one(6, "flags", Fixed32),
]);

static STATUS: Message = table(&[one(2, "message", Text), one(3, "code", Enum(STATUS_CODE))]);

pub(super) static LOGS: Message = table(&[many(1, "resourceLogs", Kind::Message(&RESOURCE_LOGS))]);

static RESOURCE_LOGS: Message = table(&[
    one(1, "resource", Kind::Message(&RESOURCE)),
    many(2, "scopeLogs", Kind::Message(&SCOPE_LOGS)),
    one(3, "schemaUrl", Text),
]);

static SCOPE_LOGS: Message = table(&[
    one(1, "scope", Kind::Message(&SCOPE)),
    many(2, "logRecords", Kind::Message(&LOG_RECORD)),
    one(3, "schemaUrl", Text),
]);

static LOG_RECORD: Message = table(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "severityNumber", Enum(SEVERITY_NUMBER)),
    one(3, "severityText", Text),
    one(5, "body", Kind::Message(&ANY_VALUE)),
    many(6, "attributes", Kind::Message(&KEY_VALUE)),
    one(7, "droppedAttributesCount", Uint32),
    one(8, "flags", Fixed32),
    one(9, "traceId", Id),
    one(10, "spanId", Id),
    one(11, "observedTimeUnixNano", Fixed64),
    one(12, "eventName", Text),
]);

pub(super) static METRICS: Message = table(&[many(1, "resourceMetrics", Kind::Message(&RESOURCE_METRICS))]);

static RESOURCE_METRICS: Message = table(&[
    one(1, "resource", Kind::Message(&RESOURCE)),
    many(2, "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
    one(3, "schemaUrl", Text),
]);

static SCOPE_METRICS: Message = table(&[
    one(1, "scope", Kind::Message(&SCOPE)),
    many(2, "metrics", Kind::Message(&METRIC)),
    one(3, "schemaUrl", Text),
]);

static METRIC: Message = table(&[
    one(1, "name", Text),
    one(2, "description", Text),
    one(3, "unit", Text),
    either(5, "gauge", Kind::Message(&GAUGE)),
    either(7, "sum", Kind::Message(&SUM)),
    either(9, "histogram", Kind::Message(&HISTOGRAM)),
    either(10, "exponentialHistogram", Kind::Message(&EXPONENTIAL_HISTOGRAM)),
    either(11, "summary", Kind::Message(&SUMMARY)),
    many(12, "metadata", Kind::Message(&KEY_VALUE)),
]);

static GAUGE: Message = table(&[many(1, "dataPoints", Kind::Message(&NUMBER_POINT))]);

static SUM: Message = table(&[
    many(1, "dataPoints", Kind::Message(&NUMBER_POINT)),
    one(2, "aggregationTemporality", Enum(TEMPORALITY)),
    one(3, "isMonotonic", Bool),
]);

static HISTOGRAM: Message = table(&[
    many(1, "dataPoints", Kind::Message(&HISTOGRAM_POINT)),
    one(2, "aggregationTemporality", Enum(TEMPORALITY)),
]);

static EXPONENTIAL_HISTOGRAM: Message = table(&[
    many(1, "dataPoints", Kind::Message(&EXPONENTIAL_POINT)),
    one(2, "aggregationTemporality", Enum(TEMPORALITY)),
]);

static SUMMARY: Message = table(&[many(1, "dataPoints", Kind::Message(&SUMMARY_POINT))]);

static NUMBER_POINT: Message = table(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    either(4, "asDouble", Double),
    many(5, "exemplars", Kind::Message(&EXEMPLAR)),
    either(6, "asInt", Sfixed64),
    many(7, "attributes", Kind::Message(&KEY_VALUE)),
    one(8, "flags", Uint32),
]);

static HISTOGRAM_POINT: Message = table(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    optional(5, "sum", Double),
    many(6, "bucketCounts", Fixed64),
    many(7, "explicitBounds", Double),
    many(8, "exemplars", Kind::Message(&EXEMPLAR)),
    many(9, "attributes", Kind::Message(&KEY_VALUE)),
    one(10, "flags", Uint32),
    optional(11, "min", Double),
    optional(12, "max", Double),
]);

static EXPONENTIAL_POINT: Message = table(&[
    many(1, "attributes", Kind::Message(&KEY_VALUE)),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    optional(5, "sum", Double),
    one(6, "scale", Sint32),
    one(7, "zeroCount", Fixed64),
    one(8, "positive", Kind::Message(&BUCKETS)),
    one(9, "negative", Kind::Message(&BUCKETS)),
    one(10, "flags", Uint32),
    many(11, "exemplars", Kind::Message(&EXEMPLAR)),
    optional(12, "min", Double),
    optional(13, "max", Double),
    one(14, "zeroThreshold", Double),
]);

static BUCKETS: Message = table(&[one(1, "offset", Sint32), many(2, "bucketCounts", Uint64)]);

static SUMMARY_POINT: Message = table(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "quantileValues", Kind::Message(&QUANTILE)),
    many(7, "attributes", Kind::Message(&KEY_VALUE)),
    one(8, "flags", Uint32),
]);

static QUANTILE: Message = table(&[one(1, "quantile", Double), one(2, "value", Double)]);

static EXEMPLAR: Message = table(&[
    one(2, "timeUnixNano", Fixed64),
    either(3, "asDouble", Double),
    one(4, "spanId", Id),
    one(5, "traceId", Id),
    either(6, "asInt", Sfixed64),
    many(7, "filteredAttributes", Kind::Message(&KEY_VALUE)),
]);

pub(super) static TRACES_RESPONSE: Message =
    table(&[one(1, "partialSuccess", Kind::Message(&TRACES_PARTIAL_SUCCESS))]);

static TRACES_PARTIAL_SUCCESS: Message =
    table(&[one(1, "rejectedSpans", Int64), one(2, "errorMessage", Text)]);

pub(super) static METRICS_RESPONSE: Message =
    table(&[one(1, "partialSuccess", Kind::Message(&METRICS_PARTIAL_SUCCESS))]);

static METRICS_PARTIAL_SUCCESS: Message =
    table(&[one(1, "rejectedDataPoints", Int64), one(2, "errorMessage", Text)]);

pub(super) static LOGS_RESPONSE: Message =
    table(&[one(1, "partialSuccess", Kind::Message(&LOGS_PARTIAL_SUCCESS))]);

static LOGS_PARTIAL_SUCCESS: Message =
    table(&[one(1, "rejectedLogRecords", Int64), one(2, "errorMessage", Text)]);

const SPAN_KIND: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODE: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

const TEMPORALITY: &[&str] = &[
    "AGGREGATION_TEMPORALITY_UNSPECIFIED",
    "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
];

const SEVERITY_NUMBER: &[&str] = &[
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];
