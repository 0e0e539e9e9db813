//! Responses and errors, against prost and against the tables of the OTLP specification.

use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use proptest::prelude::*;
use prost::Message;
use std::time::Duration;

use super::*;
use crate::Signal;

#[test]
fn a_partial_success_is_read_by_prost_for_every_signal() {
    let bytes = PartialSuccess { rejected: 5, message: "too old".to_owned() }.to_protobuf();

    let traces = ExportTraceServiceResponse::decode(bytes.as_slice()).expect("well formed");
    let traces = traces.partial_success.expect("set");
    assert_eq!((traces.rejected_spans, traces.error_message.as_str()), (5, "too old"));
    let metrics = ExportMetricsServiceResponse::decode(bytes.as_slice()).expect("well formed");
    assert_eq!(metrics.partial_success.expect("set").rejected_data_points, 5);
    let logs = ExportLogsServiceResponse::decode(bytes.as_slice()).expect("well formed");
    assert_eq!(logs.partial_success.expect("set").rejected_log_records, 5);
}

#[test]
fn a_partial_success_in_json_names_the_items_of_its_signal() {
    let partial = PartialSuccess { rejected: 7, message: "a \"quoted\" reason".to_owned() };

    assert_eq!(
        partial.to_json(Signal::Traces),
        r#"{"partialSuccess":{"rejectedSpans":"7","errorMessage":"a \"quoted\" reason"}}"#
    );
    let warning = PartialSuccess { rejected: 0, message: "slow down".to_owned() };
    assert_eq!(warning.to_json(Signal::Logs), r#"{"partialSuccess":{"errorMessage":"slow down"}}"#);
    assert!(partial.to_json(Signal::Metrics).contains("rejectedDataPoints"));
    for signal in Signal::ALL {
        assert_eq!(
            PartialSuccess::from_json(signal, partial.to_json(signal).as_bytes()),
            Some(partial.clone())
        );
        let theirs = format!(
            r#"{{"partialSuccess":{{"{}":3}},"more":[]}}"#,
            match signal {
                Signal::Traces => "rejectedSpans",
                Signal::Metrics => "rejectedDataPoints",
                Signal::Logs => "rejectedLogRecords",
            }
        );
        let read = PartialSuccess::from_json(signal, theirs.as_bytes()).map(|partial| partial.rejected);
        assert_eq!(read, Some(3), "{theirs}");
    }
}

#[test]
fn what_says_nothing_is_full_success() {
    let nothing = ExportLogsServiceResponse { partial_success: Some(ExportLogsPartialSuccess::default()) };
    let negative = ExportLogsPartialSuccess { rejected_log_records: -4, error_message: String::new() };
    let negative = ExportLogsServiceResponse { partial_success: Some(negative) };
    for response in [Vec::new(), nothing.encode_to_vec(), negative.encode_to_vec(), b"<html>".to_vec()] {
        assert_eq!(PartialSuccess::from_protobuf(&response), None, "{response:?}");
    }
    for response in ["", "{}", r#"{"partialSuccess":null}"#, r#"{"partialSuccess":{}}"#, "<html>", "[]"] {
        assert_eq!(PartialSuccess::from_json(Signal::Logs, response.as_bytes()), None, "{response}");
    }
}

proptest! {
    #[test]
    fn a_status_is_what_prost_reads_and_survives_protobuf_and_json(status in any_status()) {
        let bytes = status.to_protobuf();
        prop_assert_eq!(&bytes, &reference(&status).encode_to_vec());
        prop_assert_eq!(Status::from_protobuf(&bytes), Some(status.clone()));
        prop_assert_eq!(Status::from_json(status.to_json().as_bytes()), Some(status));
    }

    #[test]
    fn any_bytes_are_read_as_a_status_or_not_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = Status::from_protobuf(&bytes);
        let _ = Status::from_json(&bytes);
        let _ = PartialSuccess::from_protobuf(&bytes);
        let _ = PartialSuccess::from_json(Signal::Traces, &bytes);
    }
}

#[test]
fn a_status_in_json_has_the_form_of_proto3() {
    let mut status = Status::new(Code::ResourceExhausted, "queue is full");
    assert_eq!(status.to_json(), r#"{"code":8,"message":"queue is full"}"#);

    status.retry_delay = Some(Duration::from_millis(1_500));
    assert_eq!(
        status.to_json(),
        concat!(
            r#"{"code":8,"message":"queue is full","details":["#,
            r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}"#,
        )
    );

    let violation =
        Violation { field: "resourceSpans[0]".to_owned(), description: "not an object".to_owned() };
    let refused = Status { violation: Some(violation), ..Status::new(Code::InvalidArgument, "bad request") };
    assert_eq!(
        refused.to_json(),
        concat!(
            r#"{"code":3,"message":"bad request","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","#,
            r#""fieldViolations":[{"field":"resourceSpans[0]","description":"not an object"}]}]}"#,
        )
    );
}

#[test]
fn a_status_that_others_wrote_is_read_as_far_as_possible() {
    let read = |json: &str| Status::from_json(json.as_bytes());

    assert_eq!(read("{}"), Some(Status::new(Code::Ok, "")));
    assert_eq!(read(r#"{"code":"UNAVAILABLE"}"#), Some(Status::new(Code::Unavailable, "")));
    assert_eq!(read(r#"{"code":99,"message":5}"#), Some(Status::new(Code::Unknown, "")));
    assert_eq!(read("not found"), None);
    let delay = |text: &str| {
        read(&format!(r#"{{"details":[{{"@type":"x"}},{{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":{text}}}]}}"#))
            .and_then(|status| status.retry_delay)
    };
    assert_eq!(delay(r#""30s""#), Some(Duration::from_secs(30)));
    assert_eq!(delay(r#""0.000000001s""#), Some(Duration::from_nanos(1)));
    assert_eq!(delay(r#""-3s""#), Some(Duration::ZERO));
    assert_eq!(delay("null"), Some(Duration::ZERO));
    assert_eq!(Status::from_protobuf(b""), Some(Status::new(Code::Ok, "")));
    assert_eq!(Status::from_protobuf(b"<html></html>"), None);
}

#[test]
fn codes_are_retryable_as_the_specification_lists_them() {
    let retryable: Vec<_> =
        Code::ALL.into_iter().filter(|code| code.is_retryable(false)).map(Code::name).collect();

    assert_eq!(
        retryable,
        ["CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"]
    );
    let mut exhausted = Status::new(Code::ResourceExhausted, "");
    assert!(!exhausted.is_retryable());
    exhausted.retry_delay = Some(Duration::ZERO);
    assert!(exhausted.is_retryable());
    let statuses: Vec<_> = (100..600).filter(|status| is_retryable_http(*status)).collect();
    assert_eq!(statuses, [429, 502, 503, 504]);
}

#[test]
fn grpc_and_http_agree_on_what_is_retryable() {
    for code in Code::ALL {
        assert_eq!(is_retryable_http(code.http_status()), code.is_retryable(true), "{code}");
    }
    for status in 100..600 {
        let code = Code::from_http_status(status);
        assert_eq!(code.is_retryable(true), is_retryable_http(status), "{status}");
    }
}

#[test]
fn numbers_and_codes_are_one_to_one() {
    for (number, code) in (0_u8..).zip(Code::ALL) {
        assert_eq!(code.number(), number);
        assert_eq!(Code::from_number(i64::from(number)), code);
    }
    for number in [-1, 17, i64::MAX, i64::MIN] {
        assert_eq!(Code::from_number(number), Code::Unknown);
    }
}

fn any_status() -> impl Strategy<Value = Status> {
    let delay = (0..300_000_000_000_u64, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| Duration::new(seconds, nanos));
    let violation =
        (any::<String>(), any::<String>()).prop_map(|(field, description)| Violation { field, description });
    (0..17_i64, any::<String>(), proptest::option::of(delay), proptest::option::of(violation)).prop_map(
        |(code, message, retry_delay, violation)| Status {
            code: Code::from_number(code),
            message,
            retry_delay,
            violation,
        },
    )
}

/// The same as prost writes it, from the definitions in googleapis.
fn reference(status: &Status) -> reference::Status {
    let mut details = Vec::new();
    if let Some(delay) = status.retry_delay {
        let seconds = i64::try_from(delay.as_secs()).expect("small");
        let nanos = i32::try_from(delay.subsec_nanos()).expect("small");
        let value = reference::RetryInfo { retry_delay: Some(reference::Duration { seconds, nanos }) };
        let type_url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
        details.push(reference::Any { type_url, value: value.encode_to_vec() });
    }
    if let Some(Violation { field, description }) = status.violation.clone() {
        let value = reference::BadRequest {
            field_violations: vec![reference::FieldViolation { field, description }],
        };
        let type_url = "type.googleapis.com/google.rpc.BadRequest".to_owned();
        details.push(reference::Any { type_url, value: value.encode_to_vec() });
    }
    reference::Status { code: i32::from(status.code.number()), message: status.message.clone(), details }
}

/// `google/rpc/status.proto` and `google/rpc/error_details.proto`.
mod reference {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Status {
        #[prost(int32, tag = "1")]
        pub(super) code: i32,
        #[prost(string, tag = "2")]
        pub(super) message: String,
        #[prost(message, repeated, tag = "3")]
        pub(super) details: Vec<Any>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Any {
        #[prost(string, tag = "1")]
        pub(super) type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        pub(super) retry_delay: Option<Duration>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Duration {
        #[prost(int64, tag = "1")]
        pub(super) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(super) nanos: i32,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct BadRequest {
        #[prost(message, repeated, tag = "1")]
        pub(super) field_violations: Vec<FieldViolation>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct FieldViolation {
        #[prost(string, tag = "1")]
        pub(super) field: String,
        #[prost(string, tag = "2")]
        pub(super) description: String,
    }
}
