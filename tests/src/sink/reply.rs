//! The responses, in the encoding of the request.

use std::convert::Infallible;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bytes::Bytes;
use futures_util::future;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::receipts::Transport;
use crate::status::{Code, Status};
use crate::{Signal, framing};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(super) fn success(
    transport: Transport,
    json: bool,
    signal: Signal,
    partial: Option<(i64, String)>,
) -> Response<Body> {
    if json {
        let body = partial.map_or_else(
            || "{}".to_owned(),
            |(rejected, message)| {
                let key = match signal {
                    Signal::Traces => "rejectedSpans",
                    Signal::Metrics => "rejectedDataPoints",
                    Signal::Logs => "rejectedLogRecords",
                };
                let facts = serde_json::json!({ key: rejected.to_string(), "errorMessage": message });
                serde_json::json!({ "partialSuccess": facts }).to_string()
            },
        );
        return response(200, &[("content-type", "application/json")], full(body.into()));
    }
    let message = match signal {
        Signal::Traces => {
            let partial_success = partial.map(|(rejected_spans, error_message)| ExportTracePartialSuccess {
                rejected_spans,
                error_message,
            });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        }
        Signal::Metrics => {
            let partial_success = partial.map(|(rejected_data_points, error_message)| {
                ExportMetricsPartialSuccess { rejected_data_points, error_message }
            });
            ExportMetricsServiceResponse { partial_success }.encode_to_vec()
        }
        Signal::Logs => {
            let partial_success = partial.map(|(rejected_log_records, error_message)| {
                ExportLogsPartialSuccess { rejected_log_records, error_message }
            });
            ExportLogsServiceResponse { partial_success }.encode_to_vec()
        }
    };
    match transport {
        Transport::Http => response(200, &[("content-type", "application/x-protobuf")], full(message.into())),
        Transport::Grpc => {
            let trailers = HeaderMap::from_iter([(
                HeaderName::from_static("grpc-status"),
                HeaderValue::from_static("0"),
            )]);
            let framed = framing::frame(&message).unwrap_or_default();
            let body = Full::new(framed).with_trailers(future::ready(Some(Ok(trailers))));
            response(200, &[("content-type", "application/grpc")], body.boxed_unsync())
        }
    }
}

pub(super) fn refusal(transport: Transport, json: bool, status: &Status) -> Response<Body> {
    match transport {
        Transport::Grpc => {
            let code = status.code.to_string();
            let details = BASE64_STANDARD_NO_PAD.encode(status.encode_to_vec());
            let message: String = status.message.bytes().flat_map(percent).collect();
            let headers = [
                ("content-type", "application/grpc"),
                ("grpc-status", &code),
                ("grpc-message", &message),
                ("grpc-status-details-bin", &details),
            ];
            response(200, &headers, Empty::new().boxed_unsync())
        }
        Transport::Http => {
            let http_status = match status.code {
                3 | 9 | 11 => 400,
                7 => 403,
                8 => 429,
                12 => 404,
                16 => 401,
                1 | 4 | 10 | 14 | 15 => 503,
                _ => 500,
            };
            let (content_type, body) = if json {
                let body = serde_json::json!({ "code": status.code, "message": status.message });
                ("application/json", body.to_string().into())
            } else {
                ("application/x-protobuf", status.encode_to_vec().into())
            };
            let delay = status.retry_delay().map(|delay| delay.as_secs().to_string());
            let mut headers = vec![("content-type", content_type)];
            headers.extend(delay.as_deref().map(|seconds| ("retry-after", seconds)));
            response(http_status, &headers, full(body))
        }
    }
}

pub(super) fn not_found(transport: Transport) -> Response<Body> {
    match transport {
        Transport::Grpc => {
            refusal(transport, false, &Status::new(Code::Unimplemented, "unknown method", None))
        }
        Transport::Http => plain(404, &[], "404 page not found"),
    }
}

pub(super) fn plain(status: u16, headers: &[(&'static str, String)], body: &'static str) -> Response<Body> {
    let mut all = vec![("content-type", "text/plain")];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    response(status, &all, full(body.into()))
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}

fn response(status: u16, headers: &[(&'static str, &str)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// Percent-encoding as `grpc-message` wants it.
fn percent(byte: u8) -> Vec<char> {
    if (0x20..0x7f).contains(&byte) && byte != b'%' {
        vec![char::from(byte)]
    } else {
        format!("%{byte:02X}").chars().collect()
    }
}
