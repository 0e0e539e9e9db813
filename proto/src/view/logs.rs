//! Log records.

use super::message::{field_type, field_value, fill_field, read_field, view};
use super::{AnyValue, InstrumentationScope, KeyValue, Resource};

view! {
    /// The log records of one resource.
    ResourceLogs {
        /// The resource, if known.
        resource: message Resource = 1,
        /// Its records by scope.
        scope_logs: repeated ScopeLogs = 2,
        /// Schema of the resource.
        schema_url: str = 3,
    }
}

view! {
    /// The log records of one scope.
    ScopeLogs {
        /// The scope, if known.
        scope: message InstrumentationScope = 1,
        /// The records.
        log_records: repeated LogRecord = 2,
        /// Schema of the scope and the records.
        schema_url: str = 3,
    }
}

view! {
    /// One log record or event.
    LogRecord, fields LogRecordFields {
        /// When it happened, in nanoseconds since 1970; 0 if unknown.
        time_unix_nano: fixed64 = 1,
        /// When it was collected, in nanoseconds since 1970.
        observed_time_unix_nano: fixed64 = 11,
        /// The `SeverityNumber`: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal.
        severity_number: int32 = 2,
        /// The severity as the source wrote it.
        severity_text: str = 3,
        /// The message, of any type.
        body: message AnyValue = 5,
        /// Attributes of the record.
        attributes: repeated KeyValue = 6,
        /// Attributes that were dropped because of limits.
        dropped_attributes_count: uint32 = 7,
        /// W3C trace flags.
        flags: fixed32 = 8,
        /// The trace that the record belongs to; 16 bytes or none.
        trace_id: bytes = 9,
        /// The span that the record belongs to; 8 bytes or none.
        span_id: bytes = 10,
        /// Name of the event, if the record is one.
        event_name: str = 12,
    }
}
