//! Corner cases of reading.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use prost::Message;

use super::{read, record, refused, with_record};
use crate::Signal;
use crate::json::{JsonError, decode};

#[test]
fn an_empty_object_is_an_empty_request() {
    for signal in Signal::ALL {
        assert_eq!(decode(signal, b"{}"), Ok(Vec::new()));
        assert_eq!(decode(signal, b" \r\n\t{ } \n"), Ok(Vec::new()));
    }
}

#[test]
fn null_means_unset_everywhere_but_in_arrays() {
    let all = r#""timeUnixNano":null,"severityNumber":null,"severityText":null,"body":null,"attributes":null,
        "droppedAttributesCount":null,"flags":null,"traceId":null,"spanId":null,"eventName":null"#;

    assert_eq!(record(all), LogRecord::default());
    assert_eq!(record(r#""body":{"stringValue":null}"#).body, Some(AnyValue { value: None }));
    assert_eq!(
        record(r#""body":{"stringValue":null,"intValue":7}"#).body,
        Some(AnyValue { value: Some(Value::IntValue(7)) })
    );
    assert_eq!(refused(r#""attributes":[null]"#), "attributes[0]: invalid type: null, expected an object");
}

#[test]
fn unknown_fields_are_ignored_whatever_they_hold() {
    let read = record(r#""later":{"a":[1,{"b":null}],"c":"d"},"severityText":"x","time_unix_nano":"5","":0"#);

    assert_eq!(read, LogRecord { severity_text: "x".to_owned(), ..LogRecord::default() });
}

#[test]
fn integers_may_be_numbers_or_strings() {
    for given in ["1544712660300000000", "\"1544712660300000000\"", "1544712660.3e9", "\"1.5447126603e18\""] {
        let read = record(&format!(r#""timeUnixNano":{given}"#));
        assert_eq!(read.time_unix_nano, 1_544_712_660_300_000_000, "{given}");
    }
    let most = record(r#""timeUnixNano":18446744073709551615,"observedTimeUnixNano":"18446744073709551615""#);
    assert_eq!((most.time_unix_nano, most.observed_time_unix_nano), (u64::MAX, u64::MAX));
    let least = record(r#""body":{"intValue":-9223372036854775808}"#);
    assert_eq!(least.body, Some(AnyValue { value: Some(Value::IntValue(i64::MIN)) }));
    let text = record(r#""body":{"intValue":"-9223372036854775808"}"#);
    assert_eq!(text.body, least.body);
}

#[test]
fn what_does_not_fit_is_refused_with_its_place_and_reason() {
    let cases = [
        (
            r#""timeUnixNano":18446744073709551616"#,
            "timeUnixNano: invalid value: floating point `1.8446744073709552e+19`, expected an integer or a string with one",
        ),
        (r#""timeUnixNano":-1"#, "timeUnixNano: -1 is out of range"),
        (
            r#""timeUnixNano":"18446744073709551616""#,
            "timeUnixNano: invalid value: string \"18446744073709551616\", expected an integer or a string with one",
        ),
        (
            r#""timeUnixNano":1.5"#,
            "timeUnixNano: invalid value: floating point `1.5`, expected an integer or a string with one",
        ),
        (
            r#""timeUnixNano":"""#,
            "timeUnixNano: invalid value: string \"\", expected an integer or a string with one",
        ),
        (
            r#""timeUnixNano":true"#,
            "timeUnixNano: invalid type: boolean `true`, expected an integer or a string with one",
        ),
        (r#""flags":4294967296"#, "flags: 4294967296 is out of range"),
        (r#""severityNumber":2147483648"#, "severityNumber: 2147483648 is out of range"),
        (
            r#""severityNumber":"LOUD""#,
            "severityNumber: invalid value: string \"LOUD\", expected the number of an enum",
        ),
        (r#""severityText":5"#, "severityText: invalid type: a number, expected a string"),
        (r#""traceId":"5B8""#, "traceId: invalid value: string \"5B8\", expected a string in hexadecimal"),
        (r#""traceId":"XY""#, "traceId: invalid value: string \"XY\", expected a string in hexadecimal"),
        (r#""body":"text""#, "body: invalid type: a string, expected an object"),
        (
            r#""body":{"bytesValue":"*"}"#,
            "body.bytesValue: invalid value: string \"*\", expected a string in base64",
        ),
        (
            r#""body":{"doubleValue":"inf"}"#,
            "body.doubleValue: invalid value: string \"inf\", expected a number or one of \"NaN\", \"Infinity\", \"-Infinity\"",
        ),
        (r#""body":{"boolValue":"true"}"#, "body.boolValue: invalid type: a string, expected a boolean"),
        (r#""body":{"intValue":9223372036854775808}"#, "body.intValue: 9223372036854775808 is out of range"),
        (r#""body":{"stringValue":"a","intValue":1}"#, "body: stringValue and intValue exclude each other"),
        (r#""attributes":{}"#, "attributes: invalid type: map, expected an array"),
        (
            r#""attributes":[{"key":"a","value":{"arrayValue":{"values":[{},{"intValue":{}}]}}}]"#,
            "attributes[0].value.arrayValue.values[1].intValue: invalid type: map, expected an integer or a string with one",
        ),
        (r#""severityText":"\ud800""#, "severityText: unexpected end of hex escape"),
    ];
    for (fields, reason) in cases {
        assert_eq!(refused(fields), reason, "{fields}");
    }
}

#[test]
fn an_error_says_line_column_and_field() {
    let json = "{\n  \"resourceSpans\": [\n    {},\n    {\"scopeSpans\": [{\"spans\": [{\"spanId\": \"0g\"}]}]}\n  ]\n}";

    let error = decode(Signal::Traces, json.as_bytes()).expect_err("g is no digit");

    assert_eq!(
        error.to_string(),
        "line 4, column 46, resourceSpans[1].scopeSpans[0].spans[0].spanId: invalid value: string \"0g\", \
         expected a string in hexadecimal"
    );
}

#[test]
fn a_long_string_is_cut_in_the_error() {
    let JsonError::Invalid { reason, .. } =
        decode(Signal::Logs, with_record(&format!(r#""traceId":"{}""#, "ü".repeat(100_000))).as_bytes())
            .expect_err("no digits")
    else {
        panic!("not malformed")
    };

    assert!(reason.chars().count() < 120, "{reason}");
}

#[test]
fn what_is_no_json_is_refused() {
    for json in [
        "",
        "[]",
        "null",
        "5",
        "{",
        "{}}",
        "{} {}",
        "{\"a\":01}",
        "{\"a\":.5}",
        "{'a':1}",
        "{\"a\":1,}",
        "\u{feff}{}",
    ] {
        assert!(decode(Signal::Logs, json.as_bytes()).is_err(), "{json}");
    }
    assert!(decode(Signal::Logs, b"{\"resourceLogs\":[{\"schemaUrl\":\"\xff\"}]}").is_err());
}

#[test]
fn nesting_bombs_are_refused_without_harm() {
    for (open, depth) in [("[", 100_000), ("{\"a\":", 100_000)] {
        assert!(decode(Signal::Logs, open.repeat(depth).as_bytes()).is_err());
        // Unknown fields are skipped without recursion, but must be closed.
        assert!(decode(Signal::Logs, format!("{{\"unknown\":{}", open.repeat(depth)).as_bytes()).is_err());
    }
    let bomb = |levels: usize| {
        with_record(&format!(
            r#""body":{}{{}}{}"#,
            r#"{"arrayValue":{"values":["#.repeat(levels),
            "]}}".repeat(levels)
        ))
    };
    assert!(decode(Signal::Logs, bomb(100_000).as_bytes()).is_err());
    assert!(decode(Signal::Logs, bomb(50).as_bytes()).is_err());

    let deep = decode(Signal::Logs, bomb(35).as_bytes()).expect("deep, but no bomb");
    opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest::decode(deep.as_slice())
        .expect("whatever is accepted here is accepted by other readers");
}

#[test]
fn every_kind_of_value_is_read() {
    let pair = |key: &str, value| KeyValue { key: key.to_owned(), value, key_strindex: 0 };
    let given = |value| Some(AnyValue { value: Some(value) });

    let read = record(
        r#""attributes":[
            {"key":"string","value":{"stringValue":"a\n\u00e9\ud83d\ude00\/"}},
            {"key":"empty string","value":{"stringValue":""}},
            {"key":"bool","value":{"boolValue":false}},
            {"key":"int","value":{"intValue":"0"}},
            {"key":"double","value":{"doubleValue":0}},
            {"key":"exact","value":{"doubleValue":0.1}},
            {"key":"nan","value":{"doubleValue":"NaN"}},
            {"key":"infinite","value":{"doubleValue":"-Infinity"}},
            {"key":"double in a string","value":{"doubleValue":"-1.5e3"}},
            {"key":"bytes","value":{"bytesValue":"/+8="}},
            {"key":"bytes for addresses, not padded","value":{"bytesValue":"_-8"}},
            {"key":"no bytes","value":{"bytesValue":""}},
            {"key":"array","value":{"arrayValue":{"values":[{"intValue":1},{},{"arrayValue":{}}]}}},
            {"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}},{"key":"l"}]}}},
            {"key":"empty map","value":{"kvlistValue":{"values":[]}}},
            {"key":"empty","value":{}},
            {"key":"none"},
            {}
        ]"#,
    );

    let nan = read.attributes[6].value.as_ref().and_then(|value| value.value.clone());
    assert!(matches!(nan, Some(Value::DoubleValue(value)) if value.is_nan()));
    let mut attributes = read.attributes;
    attributes.remove(6);
    let array = vec![
        AnyValue { value: Some(Value::IntValue(1)) },
        AnyValue { value: None },
        AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: Vec::new() })) },
    ];
    let map = vec![pair("k", given(Value::BoolValue(true))), pair("l", None)];
    let expected = vec![
        pair("string", given(Value::StringValue("a\né😀/".to_owned()))),
        pair("empty string", given(Value::StringValue(String::new()))),
        pair("bool", given(Value::BoolValue(false))),
        pair("int", given(Value::IntValue(0))),
        pair("double", given(Value::DoubleValue(0.0))),
        pair("exact", given(Value::DoubleValue(0.1))),
        pair("infinite", given(Value::DoubleValue(f64::NEG_INFINITY))),
        pair("double in a string", given(Value::DoubleValue(-1500.0))),
        pair("bytes", given(Value::BytesValue(vec![255, 239]))),
        pair("bytes for addresses, not padded", given(Value::BytesValue(vec![255, 239]))),
        pair("no bytes", given(Value::BytesValue(Vec::new()))),
        pair("array", given(Value::ArrayValue(ArrayValue { values: array }))),
        pair("map", given(Value::KvlistValue(KeyValueList { values: map }))),
        pair("empty map", given(Value::KvlistValue(KeyValueList { values: Vec::new() }))),
        pair("empty", Some(AnyValue { value: None })),
        pair("none", None),
        pair("", None),
    ];
    assert_eq!(attributes, expected);
}

#[test]
fn enums_are_numbers_and_names_are_understood() {
    assert_eq!(record(r#""severityNumber":17"#).severity_number, 17);
    assert_eq!(record(r#""severityNumber":"17""#).severity_number, 17);
    assert_eq!(record(r#""severityNumber":"SEVERITY_NUMBER_ERROR""#).severity_number, 17);
    assert_eq!(record(r#""severityNumber":99"#).severity_number, 99);

    let request: ExportTraceServiceRequest = read(
        Signal::Traces,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
            {"kind":"SPAN_KIND_CONSUMER","status":{"code":"STATUS_CODE_ERROR","message":"m"},"parentSpanId":""}
        ]}]}]}"#,
    );
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    let status = span.status.as_ref().expect("given");
    assert_eq!((span.kind, status.code, status.message.as_str()), (5, 2, "m"));
    assert!(span.parent_span_id.is_empty());
}

#[test]
fn exponential_histograms_and_exemplars_are_read() {
    let request: ExportMetricsServiceRequest = read(
        Signal::Metrics,
        r#"{"resourceMetrics":[{"resource":{"entityRefs":[{"type":"host","idKeys":["host.id"]}]},
            "scopeMetrics":[{"metrics":[{"name":"h","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{
            "count":"5","sum":0,"scale":-3,"zeroCount":1,"zeroThreshold":1e-6,"min":-0.0,
            "positive":{"offset":-2,"bucketCounts":["1",2,18446744073709551615]},"negative":{},
            "exemplars":[{"asInt":"-7","traceId":"00","filteredAttributes":[{"key":"k"}]}]
        }]}}]}]}]}"#,
    );
    let resource = request.resource_metrics[0].resource.as_ref().expect("given");
    assert_eq!(resource.entity_refs[0].id_keys, ["host.id"]);
    let Some(Data::ExponentialHistogram(histogram)) =
        &request.resource_metrics[0].scope_metrics[0].metrics[0].data
    else {
        panic!("lost its data")
    };
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.sum, point.scale, point.zero_count), (5, Some(0.0), -3, 1));
    assert_eq!(point.min.map(f64::to_bits), Some((-0.0_f64).to_bits()));
    assert_eq!(point.max, None);
    let positive = point.positive.as_ref().expect("given");
    assert_eq!((positive.offset, positive.bucket_counts.as_slice()), (-2, [1, 2, u64::MAX].as_slice()));
    assert_eq!(point.negative, Some(Default::default()));
    assert_eq!(
        point.exemplars[0].value,
        Some(opentelemetry_proto::tonic::metrics::v1::exemplar::Value::AsInt(-7))
    );
}

#[test]
fn a_metric_whose_data_does_not_fit_is_refused_rather_than_emptied() {
    let json = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"m","sum":{"dataPoints":[{"asInt":"1"},{"asInt":"x"}]}}]}]}]}"#;

    let error = decode(Signal::Metrics, json.as_bytes()).expect_err("x is no integer");

    assert!(error.to_string().contains("metrics[0].sum.dataPoints[1].asInt: invalid value"), "{error}");
}

#[test]
fn points_are_integers_or_doubles_and_never_both() {
    let point = |fields: &str| {
        let json = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"gauge":{{"dataPoints":[{{{fields}}}]}}}}]}}]}}]}}"#
        );
        decode(Signal::Metrics, json.as_bytes()).map(|bytes| {
            let request = ExportMetricsServiceRequest::decode(bytes.as_slice()).expect("well formed");
            match &request.resource_metrics[0].scope_metrics[0].metrics[0].data {
                Some(Data::Gauge(gauge)) => gauge.data_points[0].value,
                other => panic!("{other:?}"),
            }
        })
    };

    assert_eq!(point(r#""asInt":0"#), Ok(Some(number_data_point::Value::AsInt(0))));
    assert_eq!(point(r#""asDouble":5"#), Ok(Some(number_data_point::Value::AsDouble(5.0))));
    assert_eq!(
        point(r#""asDouble":18446744073709551616"#),
        Ok(Some(number_data_point::Value::AsDouble(18_446_744_073_709_551_616.0)))
    );
    assert_eq!(point(r#""asInt":null"#), Ok(None));
    assert!(point(r#""asInt":0,"asDouble":0"#).is_err());
}
