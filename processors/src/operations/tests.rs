use edgewatch_core::learned::Learned;
use edgewatch_proto::view::{SpanFields, Status};
use proptest::prelude::*;

use super::table::service_of;
use super::{OPERATION_BYTES, Operations, any_of};

const NOW: u64 = 1_700_000_000_000_000_000;
const FAILED: &[u8] = &[0x18, 2];

#[test]
fn a_span_that_takes_much_longer_than_others_of_its_operation_is_odd_and_elsewhere_it_is_not() {
    let mut operations = Operations::new(10);
    for at in 0..1000 {
        operations.judge(1, &span("get", 1_000 + at % 50, false));
        operations.judge(1, &span("report", 900_000 + at, false));
    }
    assert!(operations.judge(1, &span("get", 900_000, false)) < 1e-4);
    assert!(operations.judge(1, &span("report", 900_500, false)) > 0.1);
    assert!(operations.judge(2, &span("get", 900_000, false)) > 0.99);
}

#[test]
fn an_error_is_odd_where_hardly_any_is_seen() {
    let mut operations = Operations::new(10);
    for at in 0..1000 {
        operations.judge(1, &span("sound", 1_000 + at % 50, false));
        operations.judge(1, &span("flaky", 1_000 + at % 50, at % 2 == 0));
    }
    assert!((operations.judge(1, &span("sound", 1_001, true)) - 2.0 / 1001.0).abs() < 1e-9);
    assert!(operations.judge(1, &span("flaky", 1_001, true)) > 0.9);
}

#[test]
fn spans_of_another_kind_are_another_operation_and_those_without_times_say_nothing() {
    let mut operations = Operations::new(10);
    let client = SpanFields { kind: 3, ..span("get", 5, false) };
    operations.judge(1, &span("get", 5, false));
    operations.judge(1, &client);
    assert_eq!(operations.len(), 2);

    let timeless = SpanFields { start_time_unix_nano: 0, ..span("get", 5, true) };
    assert!((operations.judge(1, &timeless) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_service_with_too_many_operations_crowds_out_none_but_its_own() {
    let mut operations = Operations::new(8);
    for name in ["a", "b", "c"] {
        operations.judge(1, &span(name, 1_000, false));
    }
    let names: Vec<String> = (0..100).map(|id| format!("GET /order/{id}")).collect();
    names.iter().for_each(|name| {
        operations.judge(2, &span(name, 1_000, false));
    });

    assert_eq!((operations.len(), operations.take_forgotten(), operations.take_forgotten()), (8, 95, 0));
    for name in ["a", "b", "c"] {
        operations.judge(1, &span(name, 1_000, false));
    }
    assert_eq!(operations.take_forgotten(), 0, "the other service still has its operations");
    operations.judge(2, &span("GET /order/99", 1_000, false));
    assert_eq!(operations.take_forgotten(), 0, "the newest one is there");
}

#[test]
fn among_services_with_as_many_operations_the_one_not_seen_for_longest_goes() {
    let mut operations = Operations::new(3);
    for service in [1, 2, 3, 1, 4, 1, 5, 6] {
        operations.judge(service, &span("get", 1_000, false));
    }
    assert_eq!(operations.take_forgotten(), 3);
    operations.judge(1, &span("get", 1_000, false));
    assert_eq!(operations.take_forgotten(), 0, "seen again and again, it stays");
    operations.judge(2, &span("get", 1_000, false));
    assert_eq!(operations.take_forgotten(), 1);
}

#[test]
fn what_was_learned_is_the_same_after_a_restart() {
    let mut operations = Operations::new(2000);
    let names: Vec<String> = (0..2000).map(|id| format!("operation {id}")).collect();
    for (at, name) in (0_u64..).zip(&names) {
        (0..60).for_each(|step| {
            operations.judge(at % 7, &span(name, 1_000 + step * at, step == 3));
        });
    }
    let mut restored = Operations::new(2000);
    let (mut position, mut parts) = (Some(0), 0);
    while let Some(from) = position {
        let mut part = Vec::new();
        position = operations.save(from, &mut part);
        restored.restore(&part).expect("just saved");
        parts += 1;
    }
    assert!(parts > 1);
    assert_eq!(restored.len(), 2000);
    for (at, name) in (0_u64..).zip(&names) {
        let next = span(name, 7_777, true);
        let (before, after) = (operations.judge(at % 7, &next), restored.judge(at % 7, &next));
        assert!((before - after).abs() < f64::EPSILON);
    }
}

#[test]
fn damaged_parts_change_nothing() {
    let mut operations = Operations::new(10);
    operations.judge(1, &span("a", 5, false));
    let mut part = Vec::new();
    operations.save(0, &mut part);

    let mut restored = Operations::new(10);
    assert!(restored.restore(&part[..part.len() - 1]).is_err());
    part[0] = 99;
    assert!(restored.restore(&part).is_err());
    assert_eq!(restored.len(), 0);
}

#[test]
fn services_are_told_apart_by_name() {
    let named = [
        10, 19, 10, 12, b's', b'e', b'r', b'v', b'i', b'c', b'e', b'.', b'n', b'a', b'm', b'e', 18, 3, 10, 1,
        b'x',
    ];
    let resource = edgewatch_proto::view::Resource::new(&named);
    assert_ne!(service_of(Some(resource)), service_of(None));
}

#[test]
fn a_count_of_errors_that_was_damaged_does_no_harm() {
    let mut operations = Operations::new(1);
    operations.judge(1, &span("a", 5, true));
    let mut part = Vec::new();
    operations.save(0, &mut part);
    let last = part.len() - 4;
    part[last..].fill(0xff);
    let mut restored = Operations::new(1);
    restored.restore(&part).expect("well-formed");
    let p = restored.judge(1, &span("a", 5, true));
    assert!(p > 0.0 && p <= 1.0, "{p}");
}

#[test]
fn no_more_memory_is_taken_than_is_told_whether_operations_are_of_one_service_or_of_many() {
    // Just above what fits into a table before it grows.
    let most = 900;
    for services in [1, 3, u64::MAX] {
        let names: Vec<String> = (0..5 * most).map(|id| format!("GET /order/{id}")).collect();
        let mut operations = Operations::new(most);
        let made = allocation_counter::measure(|| {
            for (id, name) in (0..).zip(&names) {
                operations.judge(id % services, &span(name, 1_000, false));
            }
        });
        let (taken, told) = (made.bytes_max as usize, most * OPERATION_BYTES);
        assert!(taken <= told, "{services} services: {taken} of {told}");
        assert!(taken > told / 2, "{services} services: {taken} of {told}");
    }
}

proptest! {
    #[test]
    fn which_operations_are_forgotten_is_as_by_a_search_among_all(
        seen in prop::collection::vec((0_u64..4, 0_u8..12), 0..200), most in 1_usize..9,
    ) {
        let mut operations = Operations::new(most);
        // By use, the last one at the end.
        let mut reference: Vec<(u64, u8)> = Vec::new();
        for one in seen {
            operations.judge(one.0, &span(&one.1.to_string(), 1_000, false));
            if let Some(at) = reference.iter().position(|known| *known == one) {
                reference.remove(at);
            } else if reference.len() == most {
                let owned = |service| reference.iter().filter(|known| known.0 == service).count();
                let largest = reference.iter().map(|known| owned(known.0)).max();
                let at = reference.iter().position(|known| Some(owned(known.0)) == largest);
                reference.remove(at.expect("is full"));
            }
            reference.push(one);
            let mut known: Vec<u64> = operations.entries.iter().map(|entry| entry.key).collect();
            let mut expected = Operations::new(100);
            for (service, name) in &reference {
                expected.judge(*service, &span(&name.to_string(), 1_000, false));
            }
            let mut wanted: Vec<u64> = expected.entries.iter().map(|entry| entry.key).collect();
            known.sort_unstable();
            wanted.sort_unstable();
            prop_assert_eq!(known, wanted);
        }
    }

    #[test]
    fn any_of_many_is_what_it_is_by_definition(p in 1e-3..0.999_f64, many in 1_usize..100) {
        let expected = 1.0 - (1.0 - p).powi(i32::try_from(many).expect("small"));
        prop_assert!((any_of(p, many) - expected).abs() < 1e-9);
    }
}

#[test]
fn any_of_many_keeps_what_is_small() {
    assert!((any_of(1e-12, 10) / 1e-11 - 1.0).abs() < 1e-9);
    assert!((any_of(1.0, 3) - 1.0).abs() < f64::EPSILON);
}

/// A span that took `micros`.
fn span(name: &str, micros: u64, failed: bool) -> SpanFields<'_> {
    SpanFields {
        name,
        kind: 2,
        start_time_unix_nano: NOW - micros * 1000,
        end_time_unix_nano: NOW,
        status: failed.then(|| Status::new(FAILED)),
        ..SpanFields::default()
    }
}
