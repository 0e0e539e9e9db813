use proptest::prelude::*;
use prost::encoding::{decode_varint, encode_varint, encoded_len_varint};

use super::*;

#[test]
fn reads_the_overlong_varints_that_prost_reads() {
    assert_eq!(varint(&[0x80, 0x00], 0), Some((0, 2)));
    assert_eq!(
        varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 0),
        Some((u64::MAX, 10))
    );
    assert_eq!(varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], 0), None);
    assert_eq!(varint(&[0x80; 11], 0), None);
    assert_eq!(varint(&[0x80], 0), None);
    assert_eq!(varint(&[], 0), None);
    assert_eq!(varint(&[1], 7), None);
}

#[test]
fn refuses_tags_without_a_number_or_beyond_32_bits() {
    assert_eq!(field(&[0x00, 0x01], 0), None);
    assert_eq!(field(&[0x0e, 0x01], 0), None);
    assert_eq!(field(&[0x80, 0x80, 0x80, 0x80, 0x10, 0x01], 0), None);
}

#[test]
fn skips_groups_with_their_content_and_refuses_crossed_ends() {
    let nested = [0x0b, 0x08, 0x01, 0x13, 0x14, 0x0c, 0x08, 0x07];

    let fields: Vec<_> = Fields::new(&nested).map(|field| (field.number, field.payload)).collect();

    let inner: &[u8] = &[0x08, 0x01, 0x13, 0x14];
    assert_eq!(fields, [(1, Payload::Group(inner)), (1, Payload::Varint(7))]);
    assert_eq!(field(&[0x0b, 0x13, 0x0c, 0x14], 0), None);
    assert_eq!(field(&[0x0c], 0), None);
}

#[test]
fn stops_before_groups_exhaust_the_stack() {
    assert!(Fields::new(&vec![0x0b; 1_000_000]).next().is_none());
}

#[test]
fn tells_a_malformed_end_from_the_regular_one() {
    let mut whole = Fields::new(&[0x08, 0x01]);
    let mut cut = Fields::new(&[0x08, 0x01, 0x12, 0x05]);

    assert_eq!((whole.by_ref().count(), whole.is_malformed()), (1, false));
    assert_eq!((cut.by_ref().count(), cut.is_malformed(), cut.offset()), (1, true, 2));
}

proptest! {
    #[test]
    fn varints_agree_with_prost(value: u64, shift in 0u32..64, garbage in proptest::collection::vec(any::<u8>(), 0..14)) {
        let value = value >> shift;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        put_varint(&mut ours, value);
        encode_varint(value, &mut theirs);
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(varint_len(value), encoded_len_varint(value));
        prop_assert_eq!(varint(&ours, 0), Some((value, ours.len())));

        let mut rest = garbage.as_slice();
        let expected = decode_varint(&mut rest).ok().map(|value| (value, garbage.len() - rest.len()));
        prop_assert_eq!(varint(&garbage, 0), expected);
    }
}
