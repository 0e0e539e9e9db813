//! Corner cases of writing.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;

use crate::Signal;
use crate::encode;
use crate::encode::buffer::{put_bytes, put_message, put_uint};
use crate::json::encode::MOST_FIELDS;
use crate::json::schema::{Kind, Message as Table, request, response};
use crate::json::{self, JsonError};

fn written(signal: Signal, bytes: &[u8]) -> String {
    let mut out = Vec::new();
    json::encode(signal, bytes, &mut out).expect("well formed");
    String::from_utf8(out).expect("JSON is UTF-8")
}

#[test]
fn a_request_is_one_compact_line_in_the_form_of_the_specification() {
    let mut request = Vec::new();
    encode::logs(&mut request, |request| {
        request.resource(
            "u",
            |resource| resource.string("service.name", "a\"\n"),
            |resource| {
                resource.scope("s", "", |scope| {
                    scope.record(|record| {
                        record.time(1_544_712_660_300_000_000);
                        record.severity(9, "");
                        record.body_value(|body| body.bytes(&[255, 239]));
                        record.attributes().int("i", -5);
                        record.attributes().double("d", 5.0);
                        record.attributes().double("n", f64::NAN);
                        record.attributes().map("m", |map| map.bool("b", true));
                        record.trace_id(&[0xab; 16]);
                        record.flags(1);
                    });
                });
            },
        );
    });

    assert_eq!(
        written(Signal::Logs, &request),
        concat!(
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\"\n"}}]},"#,
            r#""scopeLogs":[{"scope":{"name":"s"},"logRecords":[{"timeUnixNano":"1544712660300000000","#,
            r#""severityNumber":9,"body":{"bytesValue":"/+8="},"attributes":[{"key":"i","value":{"intValue":"-5"}},"#,
            r#"{"key":"d","value":{"doubleValue":5.0}},{"key":"n","value":{"doubleValue":"NaN"}},"#,
            r#"{"key":"m","value":{"kvlistValue":{"values":[{"key":"b","value":{"boolValue":true}}]}}}],"#,
            r#""flags":1,"traceId":"abababababababababababababababab"}]}],"schemaUrl":"u"}]}"#,
        )
    );
}

#[test]
fn doubles_that_json_lacks_are_words() {
    let mut request = Vec::new();
    encode::metrics(&mut request, |request| {
        request.resource(
            "",
            |_| {},
            |resource| {
                resource.scope("", "", |scope| {
                    scope.gauge("g", "", "", |points| {
                        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300, 0.1 + 0.2] {
                            points.double(encode::Times::at(0), value, |_| {});
                        }
                    });
                });
            },
        );
    });

    let text = written(Signal::Metrics, &request);

    let points = text.split_once(r#""dataPoints":"#).expect("has points").1;
    assert_eq!(
        points,
        concat!(
            r#"[{"asDouble":"NaN"},{"asDouble":"Infinity"},{"asDouble":"-Infinity"},{"asDouble":-0.0},"#,
            r#"{"asDouble":1e+300},{"asDouble":0.30000000000000004}]}}]}]}]}"#,
        )
    );
    let again = json::decode(Signal::Metrics, text.as_bytes()).expect("what we wrote is valid");
    assert_eq!(written(Signal::Metrics, &again), text);
}

#[test]
fn an_empty_request_is_an_empty_object() {
    for signal in Signal::ALL {
        assert_eq!(written(signal, &[]), "{}");
    }
}

#[test]
fn fields_that_come_in_pieces_are_put_together() {
    // One resource whose attributes lie before and behind its scopes, and whose `Resource` comes twice.
    let mut request = Vec::new();
    put_message(&mut request, 1, |resource_logs| {
        for (key, version) in [("a", "1"), ("b", "2")] {
            put_message(resource_logs, 1, |resource| {
                put_uint(resource, 2, 3);
                put_message(resource, 1, |pair| put_bytes(pair, 1, key.as_bytes()));
            });
            put_message(resource_logs, 2, |scope_logs| {
                put_message(scope_logs, 1, |scope| put_bytes(scope, 2, version.as_bytes()));
            });
            put_bytes(resource_logs, 99, b"unknown");
        }
    });

    assert_eq!(
        written(Signal::Logs, &request),
        concat!(
            r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"a"},{"key":"b"}],"droppedAttributesCount":3},"#,
            r#""scopeLogs":[{"scope":{"version":"1"}},{"scope":{"version":"2"}}]}]}"#,
        )
    );
}

#[test]
fn of_values_that_exclude_each_other_the_last_is_written() {
    let mut request = Vec::new();
    put_message(&mut request, 1, |resource| {
        put_message(resource, 2, |scope| {
            put_message(scope, 2, |record| {
                put_message(record, 5, |body| {
                    put_uint(body, 3, 7);
                    put_bytes(body, 1, b"last");
                });
            });
        });
    });

    assert!(written(Signal::Logs, &request).contains(r#""body":{"stringValue":"last"}"#));
}

#[test]
fn malformed_protobuf_is_refused() {
    let wrong_type = [0x0a, 0x02, 0x18, 0x01];
    for bytes in [&b"\x0a\x05\x01"[..], b"\x0a", b"\x0f", &wrong_type] {
        assert_eq!(
            json::encode(Signal::Logs, bytes, &mut Vec::new()),
            Err(JsonError::Malformed),
            "{bytes:?}"
        );
    }
}

#[test]
fn nesting_bombs_are_refused() {
    let nested = |levels| {
        let bomb = (0..levels).fold(AnyValue { value: None }, |inner, _| AnyValue {
            value: Some(Value::ArrayValue(ArrayValue { values: vec![inner] })),
        });
        let record = LogRecord { body: Some(bomb), ..LogRecord::default() };
        let scope = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
        let resource = ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() };
        ExportLogsServiceRequest { resource_logs: vec![resource] }.encode_to_vec()
    };

    assert!(json::encode(Signal::Logs, &nested(40), &mut Vec::new()).is_ok());
    assert_eq!(json::encode(Signal::Logs, &nested(1_000), &mut Vec::new()), Err(JsonError::Malformed));
}

#[test]
fn the_tables_are_sound() {
    let mut seen: Vec<*const Table> = Vec::new();
    let mut open: Vec<&'static Table> =
        Signal::ALL.iter().flat_map(|signal| [request(*signal), response(*signal)]).collect();
    while let Some(table) = open.pop() {
        if seen.iter().any(|known| std::ptr::eq(*known, table)) {
            continue;
        }
        seen.push(table);
        assert!(table.fields.len() <= MOST_FIELDS, "{table:?}");
        assert!(table.fields.is_sorted_by(|a, b| a.number < b.number));
        for field in table.fields {
            if let Kind::Message(inner) = field.kind {
                open.push(inner);
            }
        }
    }
    assert_eq!(seen.len(), 40);
}
