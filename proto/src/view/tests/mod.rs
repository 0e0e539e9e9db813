//! Views are compared with prost by rebuilding the prost types from what they read.

mod rebuild;

use proptest::prelude::*;

use super::*;
use crate::Signal;
use crate::testing::Decoded;
use crate::testing::{any_encoded, any_signal, damage};
use crate::wire::{put_bytes, put_fixed64, put_varint_field};

proptest! {
    #[test]
    fn read_what_prost_decodes((signal, bytes) in any_encoded()) {
        let expected = Decoded::decode(signal, &bytes).expect("well-formed request");
        prop_assert_eq!(rebuild::request(signal, &bytes), expected);
    }

    #[test]
    fn survive_damage((signal, bytes) in any_encoded(), damages in damage()) {
        let mut bytes = bytes.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        rebuild::request(signal, &bytes);
    }

    #[test]
    fn survive_noise(signal in any_signal(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut span = Vec::new();
        put_bytes(&mut span, 2, &bytes);
        let mut scope = Vec::new();
        put_bytes(&mut scope, 2, &span);
        let mut resource = Vec::new();
        put_bytes(&mut resource, 1, &scope);
        rebuild::request(signal, &bytes);
        rebuild::request(signal, &resource);
    }

    #[test]
    fn read_resources_and_scopes_alike_for_every_signal((signal, bytes) in any_encoded()) {
        let found: Vec<_> = Request::new(&bytes)
            .resources()
            .map(|group| {
                let scopes: Vec<_> = group.scopes().map(|scope| (scope.scope(), scope.schema_url())).collect();
                (group.resource(), scopes, group.schema_url())
            })
            .collect();

        let expected: Vec<_> = match signal {
            Signal::Traces => ExportTraceServiceRequest::new(&bytes)
                .resource_spans()
                .map(|group| {
                    let scopes = group.scope_spans().map(|scope| (scope.scope(), scope.schema_url())).collect();
                    (group.resource(), scopes, group.schema_url())
                })
                .collect(),
            Signal::Metrics => ExportMetricsServiceRequest::new(&bytes)
                .resource_metrics()
                .map(|group| {
                    let scopes = group.scope_metrics().map(|scope| (scope.scope(), scope.schema_url())).collect();
                    (group.resource(), scopes, group.schema_url())
                })
                .collect(),
            Signal::Logs => ExportLogsServiceRequest::new(&bytes)
                .resource_logs()
                .map(|group| {
                    let scopes = group.scope_logs().map(|scope| (scope.scope(), scope.schema_url())).collect();
                    (group.resource(), scopes, group.schema_url())
                })
                .collect(),
        };
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_last_occurrence_of_a_scalar_wins() {
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 5, b"first");
    put_fixed64(&mut bytes, 7, 1);
    put_varint_field(&mut bytes, 6, 2);
    put_bytes(&mut bytes, 5, b"second");
    put_fixed64(&mut bytes, 7, 3);

    let span = Span::new(&bytes);

    assert_eq!((span.name(), span.start_time_unix_nano(), span.kind()), ("second", 3, 2));
    assert_eq!((span.fields().name, span.fields().start_time_unix_nano), ("second", 3));
    assert_eq!((span.end_time_unix_nano(), span.trace_state(), span.status()), (0, "", None));
}

#[test]
fn a_field_of_another_wire_type_reads_as_missing() {
    let mut bytes = Vec::new();
    put_varint_field(&mut bytes, 5, 7);
    put_bytes(&mut bytes, 7, b"12345678");

    let span = Span::new(&bytes);

    assert_eq!((span.name(), span.start_time_unix_nano()), ("", 0));
    assert_eq!((span.fields().name, span.fields().start_time_unix_nano), ("", 0));
}

#[test]
fn a_later_field_of_another_wire_type_hides_nothing() {
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 5, b"name");
    put_varint_field(&mut bytes, 5, 7);

    assert_eq!((Span::new(&bytes).name(), Span::new(&bytes).fields().name), ("name", "name"));
}

#[test]
fn text_that_is_not_utf8_reads_as_empty_and_its_bytes_remain() {
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 1, b"\xff");

    assert_eq!((KeyValue::new(&bytes).key(), KeyValue::new(&bytes).key_bytes()), ("", &b"\xff"[..]));
}

#[test]
fn int32_keeps_the_low_bits_like_prost() {
    let mut bytes = Vec::new();
    put_varint_field(&mut bytes, 6, u64::from(u32::MAX) + 6);

    assert_eq!(Span::new(&bytes).kind(), 5);
}
