//! OTLP/JSON against the examples of the specification, against prost, and against what clients get wrong.

mod examples;
mod laws;
mod reading;
mod writing;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use super::{JsonError, decode};
use crate::Signal;

/// The request that `json` stands for.
fn read<M: Message + Default>(signal: Signal, json: &str) -> M {
    let bytes = decode(signal, json.as_bytes()).unwrap_or_else(|error| panic!("{error} in {json}"));
    M::decode(bytes.as_slice()).expect("well-formed protobuf")
}

/// A request with one log record of these fields.
fn with_record(fields: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{fields}}}]}}]}}]}}"#)
}

/// The log record that has these fields.
fn record(fields: &str) -> LogRecord {
    let request: ExportLogsServiceRequest = read(Signal::Logs, &with_record(fields));
    request.resource_logs[0].scope_logs[0].log_records[0].clone()
}

/// Why a log record with these fields is refused.
fn refused(fields: &str) -> String {
    match decode(Signal::Logs, with_record(fields).as_bytes()) {
        Err(JsonError::Invalid { path, reason, .. }) => {
            let within = path.trim_start_matches("resourceLogs[0].scopeLogs[0].logRecords[0]");
            format!("{}: {reason}", within.trim_start_matches('.'))
        }
        other => panic!("{fields} gave {other:?}"),
    }
}
