//! Cases that deserve a name.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;

use crate::encode::buffer::{close, open, put_varint, varint_len};
use crate::encode::{self, LogsWriter, Temporality, Times};

#[test]
fn what_holds_no_items_is_taken_back() {
    let mut buf = b"kept".to_vec();

    let items = encode::metrics(&mut buf, |request| {
        request.resource(
            "https://schema",
            |resource| resource.string("host.name", "a"),
            |resource| {
                resource.scope("empty", "1", |_| {});
                resource.scope("hollow", "1", |scope| {
                    scope.gauge("no.points", "1", "", |_| {});
                    scope.sum("none.either", "1", "", Temporality::Delta, true, |_| {});
                });
            },
        );
    });

    assert_eq!((items, buf.as_slice()), (0, b"kept".as_slice()));
}

#[test]
fn an_empty_scope_between_full_ones_leaves_no_trace() {
    let mut buf = Vec::new();

    let items = encode::metrics(&mut buf, |request| {
        request.resource(
            "",
            |_| {},
            |resource| {
                for (name, points) in [("first", 1), ("second", 0), ("third", 2)] {
                    resource.scope(name, "", |scope| {
                        scope.gauge("g", "", "", |to| {
                            (0..points).for_each(|n| to.int(Times::at(1), n, |_| {}))
                        });
                    });
                }
            },
        );
    });

    let request = ExportMetricsServiceRequest::decode(buf.as_slice()).expect("well formed");
    let names: Vec<_> = request.resource_metrics[0]
        .scope_metrics
        .iter()
        .map(|scope| scope.scope.as_ref().expect("always written").name.as_str())
        .collect();
    assert_eq!((items, names), (3, vec!["first", "third"]));
}

#[test]
fn lengths_are_as_short_as_can_be_at_every_limit() {
    for length in [0, 1, 127, 128, 129, 16_383, 16_384, 2_097_151, 2_097_152] {
        let mut buf = Vec::new();
        let start = open(&mut buf, 3);
        buf.extend((0..length).map(|n| n as u8));
        close(&mut buf, start);

        let mut expected = vec![3 << 3 | 2];
        put_varint(&mut expected, length as u64);
        assert_eq!(expected.len(), 1 + varint_len(length as u64));
        expected.extend((0..length).map(|n| n as u8));
        assert!(buf == expected, "a body of {length} bytes");
    }
}

#[test]
fn varints_are_as_long_as_announced() {
    for value in (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit]).chain([u64::MAX]) {
        let mut buf = Vec::new();
        put_varint(&mut buf, value);
        assert_eq!(buf.len(), varint_len(value), "{value}");
        assert_eq!(prost::encoding::decode_varint(&mut buf.as_slice()).expect("a varint"), value);
    }
}

#[test]
fn a_writer_without_records_finishes_with_nothing() {
    let mut writer = LogsWriter::new(|resource| resource.string("host.name", "a"), "scope", "");

    assert!(writer.finish().is_empty());
}

#[test]
fn a_reused_buffer_is_not_allocated_again() {
    let mut buf = Vec::new();
    let write = |buf: &mut Vec<u8>| {
        buf.clear();
        encode::logs(buf, |request| {
            request.resource(
                "",
                |_| {},
                |resource| {
                    resource.scope("s", "", |scope| {
                        for n in 0..100 {
                            scope.record(|record| {
                                record.body(
                                    "a line of text that is long enough to need a length of two bytes, or so",
                                );
                                record.attributes().int("n", n);
                                record
                                    .attributes()
                                    .string("log.file.name", "messages of more than a few words");
                            });
                        }
                    });
                },
            );
        })
    };
    write(&mut buf);
    let (place, room) = (buf.as_ptr(), buf.capacity());

    assert_eq!(write(&mut buf), 100);

    assert_eq!((buf.as_ptr(), buf.capacity()), (place, room));
}
