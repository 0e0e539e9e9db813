use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use proptest::collection::vec;
use proptest::prelude::*;

use super::common::{any_value, attributes, bytes, count, number, resource, scope, text};

pub(crate) fn logs() -> BoxedStrategy<ExportLogsServiceRequest> {
    let scope_logs = (scope(), vec(record(), 0..5), text())
        .prop_map(|(scope, log_records, schema_url)| ScopeLogs { scope, log_records, schema_url });
    let resource_logs = (resource(), vec(scope_logs, 0..3), text())
        .prop_map(|(resource, scope_logs, schema_url)| ResourceLogs { resource, scope_logs, schema_url });
    vec(resource_logs, 0..4).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs }).boxed()
}

fn record() -> BoxedStrategy<LogRecord> {
    let head = (number(), number(), any::<i32>(), text(), proptest::option::of(any_value()));
    let tail = (attributes(), count(), count(), bytes(), bytes(), text());
    (head, tail)
        .prop_map(|(head, tail)| LogRecord {
            time_unix_nano: head.0,
            observed_time_unix_nano: head.1,
            severity_number: head.2,
            severity_text: head.3,
            body: head.4,
            attributes: tail.0,
            dropped_attributes_count: tail.1,
            flags: tail.2,
            trace_id: tail.3,
            span_id: tail.4,
            event_name: tail.5,
        })
        .boxed()
}
