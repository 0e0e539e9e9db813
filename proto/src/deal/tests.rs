use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::Signal;
use crate::scan::scan;
use crate::splice::{Item, Located, Outgrown};
use crate::testing::{Decoded, any_encoded, damage};
use crate::view::{Metric, Resource};
use crate::wire::{WireType, put_bytes, put_tag, put_varint};

/// By what the parts are told apart.
#[derive(Clone, Copy, Debug)]
enum By {
    Resource,
    Metric,
    Item,
}

/// Sends what is encoded alike to the same part.
struct ByBytes {
    by: By,
    parts: usize,
    asked: usize,
}

impl ByBytes {
    fn part(&mut self, bytes: &[u8]) -> usize {
        self.asked += 1;
        part_of(bytes, self.parts)
    }
}

fn part_of(bytes: &[u8], parts: usize) -> usize {
    bytes.iter().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte))) % parts
}

fn item_bytes<'a>(item: &Located<'a>) -> &'a [u8] {
    match item.item {
        Item::Span(span) => span.as_bytes(),
        Item::LogRecord(record) => record.as_bytes(),
        Item::Point(_, point) => point.as_bytes(),
    }
}

impl Assign for ByBytes {
    fn resource(&mut self, resource: Option<Resource<'_>>) -> Option<usize> {
        matches!(self.by, By::Resource).then(|| self.part(resource.map_or(&[], Resource::as_bytes)))
    }

    fn metric(&mut self, metric: Metric<'_>) -> Option<usize> {
        matches!(self.by, By::Metric).then(|| self.part(metric.name().as_bytes()))
    }

    fn item(&mut self, item: &Located<'_>) -> usize {
        self.part(item_bytes(item))
    }
}

fn by() -> impl Strategy<Value = By> {
    proptest::sample::select(&[By::Resource, By::Metric, By::Item])
}

fn dealt(signal: Signal, requests: &[Bytes], by: By, parts: usize) -> Vec<Part> {
    let mut dealer = Dealer::new(signal, parts);
    let mut assign = ByBytes { by, parts, asked: 0 };
    for request in requests {
        dealer.deal(request, &mut assign).expect("small");
    }
    dealer.finish()
}

/// Every item with all that describes it, encoded.
fn flat(request: &Decoded) -> Vec<Vec<u8>> {
    let mut items = crate::split::flat(request);
    items.sort();
    items
}

/// Deals an encoded request again, to one part: everything in it must already go there.
fn stays(signal: Signal, part: &Bytes, by: By, parts: usize, number: usize) -> bool {
    let again = dealt(signal, std::slice::from_ref(part), by, parts);
    again.iter().enumerate().all(|(index, part)| index == number || part.items == 0)
}

proptest! {
    #[test]
    fn every_item_is_in_one_part_with_all_that_describes_it(
        (signal, request) in any_encoded(), by in by(), parts in 1usize..6, twice in any::<bool>(),
    ) {
        let requests = vec![request; if twice { 2 } else { 1 }];
        let parts = dealt(signal, &requests, by, parts);

        let mut found = Vec::new();
        for part in &parts {
            let joined = Bytes::from(part.segments.concat());
            prop_assert_eq!(scan(signal, &joined).expect("well-formed part").items, part.items);
            let decoded = Decoded::decode(signal, &joined).expect("well-formed part");
            prop_assert_eq!(decoded.items(), part.items);
            found.extend(flat(&decoded));
        }
        found.sort();
        let whole = Decoded::decode(signal, &requests.concat()).expect("well-formed request");
        prop_assert_eq!(found, flat(&whole));
    }

    #[test]
    fn what_belongs_together_is_in_the_same_part((signal, request) in any_encoded(), by in by(), parts in 2usize..6) {
        for (number, part) in dealt(signal, &[request], by, parts).into_iter().enumerate() {
            prop_assert!(stays(signal, &part.segments.concat().into(), by, parts, number));
        }
    }

    #[test]
    fn nothing_is_left_out_that_has_no_items((signal, request) in any_encoded(), by in by()) {
        let one = dealt(signal, std::slice::from_ref(&request), by, 1);
        prop_assert_eq!(one[0].segments.concat(), request.to_vec(), "one part is the request");
    }

    #[test]
    fn damage_ends_nowhere_but_at_the_end((signal, request) in any_encoded(), damages in damage(), by in by()) {
        let mut request = request.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut request));
        let request = Bytes::from(request);
        let parts = dealt(signal, std::slice::from_ref(&request), by, 3);
        if let Ok(found) = scan(signal, &request) {
            prop_assert_eq!(parts.iter().map(|part| part.items).sum::<usize>(), found.items);
        }
    }
}

/// Fields that no schema knows, at every level, in a request with spans for two parts.
#[test]
fn unknown_fields_are_in_every_part_that_has_something_of_their_message() {
    let message = |fields: &[(u32, &[u8])]| {
        let mut out = Vec::new();
        fields.iter().for_each(|(number, bytes)| put_bytes(&mut out, *number, bytes));
        out
    };
    let span = |id: u8| message(&[(99, b"of the span"), (1, &[id])]);
    let scope = message(&[(2, &span(0)), (98, b"of the scope"), (2, &span(1))]);
    let resource = message(&[(97, b"of the resource"), (2, &scope)]);
    let request = Bytes::from(message(&[(96, b"of the request"), (1, &resource)]));

    let parts = dealt(Signal::Traces, &[request], By::Item, 2);

    for (number, part) in parts.iter().enumerate() {
        assert_eq!(part.items, 1);
        let text = String::from_utf8_lossy(&part.segments.concat()).into_owned();
        for known in ["of the span", "of the scope", "of the resource"] {
            assert_eq!(text.matches(known).count(), 1, "part {number}");
        }
    }
    let all: Vec<u8> = parts.iter().flat_map(|part| part.segments.concat()).collect();
    assert_eq!(String::from_utf8_lossy(&all).matches("of the request").count(), 1);
}

#[test]
fn large_resources_are_sliced_and_not_copied() {
    let mut request = Vec::new();
    for _ in 0..4 {
        let mut resource = Vec::new();
        put_bytes(&mut resource, 50, &[b'x'; 3000]);
        put_bytes(&mut request, 1, &resource);
    }
    let request = Bytes::from(request);
    let mut assign = |_: Option<Resource<'_>>| 1;
    struct All<'a>(&'a mut dyn FnMut(Option<Resource<'_>>) -> usize);
    impl Assign for All<'_> {
        fn resource(&mut self, resource: Option<Resource<'_>>) -> Option<usize> {
            Some((self.0)(resource))
        }
        fn item(&mut self, _item: &Located<'_>) -> usize {
            unreachable!("the resource has decided")
        }
    }
    let mut dealer = Dealer::new(Signal::Logs, 3);
    dealer.deal(&request, &mut All(&mut assign)).expect("small");
    let parts = dealer.finish();
    assert_eq!(parts[1].segments[0].as_ptr(), request.as_ptr());
    assert_eq!(parts[1].segments, [request]);
    assert_eq!((&parts[0], &parts[2]), (&Part::default(), &Part::default()));
}

/// A large description and items for many parts.
#[test]
fn parts_that_would_become_huge_are_given_up() {
    let mut scope = Vec::new();
    for id in 0..100_u8 {
        put_bytes(&mut scope, 2, &[0x0a, 1, id]);
    }
    let mut resource = Vec::new();
    put_bytes(&mut resource, 50, &vec![b'x'; 1024 * 1024]);
    put_tag(&mut resource, 2, WireType::Len);
    put_varint(&mut resource, scope.len() as u64);
    resource.extend_from_slice(&scope);
    let mut request = Vec::new();
    put_bytes(&mut request, 1, &resource);

    let mut dealer = Dealer::new(Signal::Traces, 100);
    let mut assign = ByBytes { by: By::Item, parts: 100, asked: 0 };
    assert_eq!(dealer.deal(&request.into(), &mut assign), Err(Outgrown));
}
