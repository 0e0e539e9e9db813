use edgewatch_proto::view::{KeyValue, Repeated, Resource};
use opentelemetry_proto::tonic::resource::v1::Resource as ProstResource;
use prost::Message as _;

use crate::aggregation::{Dimension, Key, KeyReader, Wanted, check_dimensions, encoded_text};
use crate::testing::text;

fn attributes(encoded: &[u8]) -> Repeated<'_, KeyValue<'_>> {
    Resource::new(encoded).attributes()
}

fn wanted(names: &[&str]) -> Wanted {
    let mut wanted = Wanted::default();
    names.iter().for_each(|name| {
        wanted.number(name);
    });
    wanted
}

#[test]
fn finds_the_first_of_equal_names_and_nothing_else() {
    let pairs = vec![text("other", "0"), text("a", "1"), text("a", "2"), text("b2", "3")];
    let encoded = ProstResource { attributes: pairs, ..ProstResource::default() }.encode_to_vec();
    let wanted = wanted(&["a", "bb", "b2"]);
    let mut found = [None; 3];

    wanted.find(attributes(&encoded), &mut found);

    assert_eq!(
        found.map(|value| value.map(Box::from)),
        [Some(encoded_text("1")), None, Some(encoded_text("3"))]
    );
}

#[test]
fn finds_names_of_any_length_and_in_any_order_of_fields() {
    let long = "n".repeat(300);
    let pairs = vec![text(&long, "1")];
    let encoded = ProstResource { attributes: pairs, ..ProstResource::default() }.encode_to_vec();
    let mut found = [None];
    wanted(&[&long]).find(attributes(&encoded), &mut found);
    assert_eq!(found.map(|value| value.map(Box::from)), [Some(encoded_text("1"))]);

    // The value before the key.
    let encoded = [0x0a, 8, 0x12, 3, 0x0a, 1, b'v', 0x0a, 1, b'k'];
    let mut found = [None];
    wanted(&["k"]).find(attributes(&encoded), &mut found);
    assert_eq!(found.map(|value| value.map(Box::from)), [Some(encoded_text("v"))]);
}

#[test]
fn identities_are_read_as_they_were_joined_and_differ_when_their_parts_do() {
    let mut key = Key::default();
    key.value(Some(b"one"));
    key.value(None);
    key.byte(7);
    key.value(Some(b""));
    let mut reader = KeyReader::new(key.bytes());

    assert_eq!((reader.value(), reader.value(), reader.byte()), (Some(&b"one"[..]), None, 7));
    assert_eq!((reader.value(), reader.value(), reader.byte()), (Some(&b""[..]), None, 0));

    let joined = |parts: [&str; 2]| {
        let mut key = Key::default();
        parts.iter().for_each(|part| key.value(Some(part.as_bytes())));
        key.bytes().to_vec()
    };
    assert_ne!(joined(["a", "bc"]), joined(["ab", "c"]));
}

#[test]
fn dimensions_need_names_of_their_own() {
    let named = |name: &str| Dimension { name: name.to_owned(), default: None };
    let report = |dimensions: &[Dimension]| {
        check_dimensions("dimensions", dimensions, ["span.name"]).unwrap_err().to_string()
    };

    assert_eq!(check_dimensions("dimensions", &[named("a"), named("b")], ["span.name"]), Ok(()));
    assert_eq!(
        report(&[named("a"), named("a")]),
        "dimensions[1].name: series have `a` already; remove it here"
    );
    assert_eq!(
        report(&[named("span.name")]),
        "dimensions[0].name: series have `span.name` already; remove it here"
    );
    assert_eq!(report(&[named("")]), "dimensions[0].name: is missing; write the name of an attribute");
}
