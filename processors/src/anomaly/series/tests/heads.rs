//! What is read fast is what is read slowly.

use edgewatch_proto::view::{Point, View};
use edgewatch_proto::wire;
use proptest::collection::vec;
use proptest::prelude::*;

use super::encoding::{Part, odd};
use super::generated::attributes;
use super::*;
use crate::anomaly::series::head::Head;
use crate::anomaly::series::identity::{of_any_attribute, of_attribute};
use crate::anomaly::series::past::NO_RECORDED_VALUE;
use crate::anomaly::series::window::Times;

/// As many attributes as there are kinds of them, some of them longer than a length of one byte can say.
fn texts() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(("[a-z.]{0,140}", "[ -~]{0,140}"), 0..3)
        .prop_map(|texts| texts.into_iter().map(|(key, value)| text(&key, &value)).collect())
}

/// Reads a point of some kind.
type AsPoint = fn(&[u8]) -> Point<'_>;

/// The kinds of points, and the field that has their attributes.
const KINDS: [(AsPoint, u32); 4] = [
    (|bytes| Point::Number(View::new(bytes)), 7),
    (|bytes| Point::Histogram(View::new(bytes)), 9),
    (|bytes| Point::ExponentialHistogram(View::new(bytes)), 1),
    (|bytes| Point::Summary(View::new(bytes)), 7),
];

/// A point encoded in one of many ways, most of them sound, and the number of its kind.
fn encoded() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let value = prop_oneof![
        any::<f64>().prop_map(|value| Some(Value::AsDouble(value))),
        any::<i64>().prop_map(|value| Some(Value::AsInt(value))),
        Just(None),
    ];
    let point = (prop_oneof![attributes(), texts()], any::<(u64, u64)>(), value, 0..4_u32);
    let damage = (any::<bool>(), any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>());
    (0..KINDS.len(), point, any::<bool>(), damage).prop_map(
        |(kind, (attributes, times, value, flags), as_nobody, damage)| {
            let (start_time_unix_nano, time_unix_nano) = times;
            let point = NumberDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                value,
                flags,
                ..NumberDataPoint::default()
            };
            let mut bytes = point.encode_to_vec();
            for attribute in &attributes {
                wire::put_bytes(&mut bytes, KINDS[kind].1, &attribute.encode_to_vec());
            }
            if as_nobody {
                bytes = odd(Part::Point { attributes: KINDS[kind].1 }, &bytes);
            }
            if let (true, at, byte, end) = damage
                && !bytes.is_empty()
            {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                bytes.truncate(end.index(bytes.len()) + 1);
            }
            (kind, bytes)
        },
    )
}

/// What the views say, which walk all fields.
fn slowly(point: Point<'_>) -> Head {
    let attributes =
        point.attributes().map(|attribute| of_any_attribute(attribute.as_bytes(), wire::MAX_DEPTH));
    let recorded = u64::from(point.flags()) & NO_RECORDED_VALUE == 0;
    let value = if let Point::Number(point) = point { point.value() } else { None };
    Head {
        times: Times { start: point.start_time_unix_nano(), time: point.time_unix_nano() },
        value: value.filter(|_| recorded),
        attributes: attributes.fold(0, u64::wrapping_add),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_point_is_read_in_one_pass_as_field_by_field((kind, bytes) in encoded()) {
        let point = KINDS[kind].0(&bytes);
        // Values that are no numbers are equal to nothing, but look the same.
        prop_assert_eq!(format!("{:?}", Head::of(point)), format!("{:?}", slowly(point)));
    }

    #[test]
    fn the_usual_attribute_has_the_key_of_its_content(
        attributes in prop_oneof![attributes(), texts()],
        garbage in vec(any::<u8>(), 0..20),
    ) {
        for attribute in attributes.iter().map(Message::encode_to_vec) {
            let slow = of_any_attribute(&attribute, wire::MAX_DEPTH);
            prop_assert_eq!(of_attribute(&attribute), slow);
            prop_assert_eq!(of_attribute(&odd(Part::KeyValue, &attribute)), slow);
        }
        prop_assert_eq!(of_attribute(&garbage), of_any_attribute(&garbage, wire::MAX_DEPTH));
    }
}
