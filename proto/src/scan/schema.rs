//! What the fields of OTLP messages are, as tables.
//!
//! From `opentelemetry/proto/{collector,common,resource,trace,metrics,logs}/v1` of opentelemetry-proto 1.10.

use crate::Signal;

/// Field numbers of OTLP are below this; `Span.flags` is the highest.
const NUMBERS: usize = 17;

/// One message type.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Its name, for messages.
    pub(crate) name: &'static str,
    /// Its fields by number.
    pub(crate) fields: [Kind; NUMBERS],
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// The schema has no such field.
    Unknown,
    /// Any of the integers of variable size, `bool` and enums.
    Varint,
    /// `fixed64`, `sfixed64` or `double`.
    Fixed64,
    /// `fixed32`.
    Fixed32,
    /// `string`.
    Text,
    /// `bytes`.
    Bytes,
    /// Repeated varints, packed or not.
    Varints,
    /// Repeated values of eight bytes, packed or not.
    Fixed64s,
    /// A message.
    Message(&'static Schema),
    /// A `KeyValue`: a message, and the one that there are most of.
    KeyValue,
    /// A message that counts as one item.
    Item(&'static Schema),
    /// One of the messages of a metric that hold its items: the last kind replaces the others.
    Data(&'static Schema),
}

impl Schema {
    const fn new<const N: usize>(name: &'static str, known: [(usize, Kind); N]) -> Self {
        let mut fields = [Kind::Unknown; NUMBERS];
        let mut index = 0;
        while index < N {
            #[expect(
                clippy::indexing_slicing,
                reason = "evaluated at compile time, where a bad index does not build"
            )]
            {
                fields[known[index].0] = known[index].1;
            }
            index += 1;
        }
        Self { name, fields }
    }

    /// What field `number` holds.
    #[inline]
    pub(crate) fn kind(&self, number: u32) -> Kind {
        self.fields.get(number as usize).copied().unwrap_or(Kind::Unknown)
    }
}

/// The schema of the request that carries `signal`.
pub(crate) const fn request_schema(signal: Signal) -> &'static Schema {
    match signal {
        Signal::Traces => &TRACES,
        Signal::Metrics => &METRICS,
        Signal::Logs => &LOGS,
    }
}

use Kind::{Bytes, Data, Fixed32, Fixed64, Fixed64s, Item, KeyValue, Message, Text, Varint, Varints};

static TRACES: Schema = Schema::new("ExportTraceServiceRequest", [(1, Message(&RESOURCE_SPANS))]);
static METRICS: Schema = Schema::new("ExportMetricsServiceRequest", [(1, Message(&RESOURCE_METRICS))]);
static LOGS: Schema = Schema::new("ExportLogsServiceRequest", [(1, Message(&RESOURCE_LOGS))]);

static RESOURCE: Schema = Schema::new("Resource", [(1, KeyValue), (2, Varint), (3, Message(&ENTITY_REF))]);
static ENTITY_REF: Schema = Schema::new("EntityRef", [(1, Text), (2, Text), (3, Text), (4, Text)]);
static SCOPE: Schema =
    Schema::new("InstrumentationScope", [(1, Text), (2, Text), (3, KeyValue), (4, Varint)]);
pub(crate) static KEY_VALUE: Schema =
    Schema::new("KeyValue", [(1, Text), (2, Message(&ANY_VALUE)), (3, Varint)]);
static ANY_VALUE: Schema = Schema::new(
    "AnyValue",
    [
        (1, Text),
        (2, Varint),
        (3, Varint),
        (4, Fixed64),
        (5, Message(&ARRAY_VALUE)),
        (6, Message(&KEY_VALUE_LIST)),
        (7, Bytes),
        (8, Varint),
    ],
);
static ARRAY_VALUE: Schema = Schema::new("ArrayValue", [(1, Message(&ANY_VALUE))]);
static KEY_VALUE_LIST: Schema = Schema::new("KeyValueList", [(1, KeyValue)]);

static RESOURCE_SPANS: Schema =
    Schema::new("ResourceSpans", [(1, Message(&RESOURCE)), (2, Message(&SCOPE_SPANS)), (3, Text)]);
static SCOPE_SPANS: Schema = Schema::new("ScopeSpans", [(1, Message(&SCOPE)), (2, Item(&SPAN)), (3, Text)]);
static SPAN: Schema = Schema::new(
    "Span",
    [
        (1, Bytes),
        (2, Bytes),
        (3, Text),
        (4, Bytes),
        (5, Text),
        (6, Varint),
        (7, Fixed64),
        (8, Fixed64),
        (9, KeyValue),
        (10, Varint),
        (11, Message(&EVENT)),
        (12, Varint),
        (13, Message(&LINK)),
        (14, Varint),
        (15, Message(&STATUS)),
        (16, Fixed32),
    ],
);
static EVENT: Schema = Schema::new("Event", [(1, Fixed64), (2, Text), (3, KeyValue), (4, Varint)]);
static LINK: Schema =
    Schema::new("Link", [(1, Bytes), (2, Bytes), (3, Text), (4, KeyValue), (5, Varint), (6, Fixed32)]);
static STATUS: Schema = Schema::new("Status", [(2, Text), (3, Varint)]);

static RESOURCE_LOGS: Schema =
    Schema::new("ResourceLogs", [(1, Message(&RESOURCE)), (2, Message(&SCOPE_LOGS)), (3, Text)]);
static SCOPE_LOGS: Schema =
    Schema::new("ScopeLogs", [(1, Message(&SCOPE)), (2, Item(&LOG_RECORD)), (3, Text)]);
static LOG_RECORD: Schema = Schema::new(
    "LogRecord",
    [
        (1, Fixed64),
        (2, Varint),
        (3, Text),
        (5, Message(&ANY_VALUE)),
        (6, KeyValue),
        (7, Varint),
        (8, Fixed32),
        (9, Bytes),
        (10, Bytes),
        (11, Fixed64),
        (12, Text),
    ],
);

static RESOURCE_METRICS: Schema =
    Schema::new("ResourceMetrics", [(1, Message(&RESOURCE)), (2, Message(&SCOPE_METRICS)), (3, Text)]);
static SCOPE_METRICS: Schema =
    Schema::new("ScopeMetrics", [(1, Message(&SCOPE)), (2, Message(&METRIC)), (3, Text)]);
static METRIC: Schema = Schema::new(
    "Metric",
    [
        (1, Text),
        (2, Text),
        (3, Text),
        (5, Data(&GAUGE)),
        (7, Data(&SUM)),
        (9, Data(&HISTOGRAM)),
        (10, Data(&EXPONENTIAL_HISTOGRAM)),
        (11, Data(&SUMMARY)),
        (12, KeyValue),
    ],
);
static GAUGE: Schema = Schema::new("Gauge", [(1, Item(&NUMBER_POINT))]);
static SUM: Schema = Schema::new("Sum", [(1, Item(&NUMBER_POINT)), (2, Varint), (3, Varint)]);
static HISTOGRAM: Schema = Schema::new("Histogram", [(1, Item(&HISTOGRAM_POINT)), (2, Varint)]);
static EXPONENTIAL_HISTOGRAM: Schema =
    Schema::new("ExponentialHistogram", [(1, Item(&EXPONENTIAL_HISTOGRAM_POINT)), (2, Varint)]);
static SUMMARY: Schema = Schema::new("Summary", [(1, Item(&SUMMARY_POINT))]);
static NUMBER_POINT: Schema = Schema::new(
    "NumberDataPoint",
    [
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Message(&EXEMPLAR)),
        (6, Fixed64),
        (7, KeyValue),
        (8, Varint),
    ],
);
static HISTOGRAM_POINT: Schema = Schema::new(
    "HistogramDataPoint",
    [
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Fixed64),
        (6, Fixed64s),
        (7, Fixed64s),
        (8, Message(&EXEMPLAR)),
        (9, KeyValue),
        (10, Varint),
        (11, Fixed64),
        (12, Fixed64),
    ],
);
static EXPONENTIAL_HISTOGRAM_POINT: Schema = Schema::new(
    "ExponentialHistogramDataPoint",
    [
        (1, KeyValue),
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Fixed64),
        (6, Varint),
        (7, Fixed64),
        (8, Message(&BUCKETS)),
        (9, Message(&BUCKETS)),
        (10, Varint),
        (11, Message(&EXEMPLAR)),
        (12, Fixed64),
        (13, Fixed64),
        (14, Fixed64),
    ],
);
static BUCKETS: Schema = Schema::new("Buckets", [(1, Varint), (2, Varints)]);
static SUMMARY_POINT: Schema = Schema::new(
    "SummaryDataPoint",
    [
        (2, Fixed64),
        (3, Fixed64),
        (4, Fixed64),
        (5, Fixed64),
        (6, Message(&VALUE_AT_QUANTILE)),
        (7, KeyValue),
        (8, Varint),
    ],
);
static VALUE_AT_QUANTILE: Schema = Schema::new("ValueAtQuantile", [(1, Fixed64), (2, Fixed64)]);
static EXEMPLAR: Schema = Schema::new(
    "Exemplar",
    [(2, Fixed64), (3, Fixed64), (4, Bytes), (5, Bytes), (6, Fixed64), (7, KeyValue)],
);
