//! Decisions that the Collector's own tests state, for modes `equalizing` and `proportional`.

use super::*;

const MOST: &str = "111111111111111111ffffffffffffff";

type Vector = (f32, u32, &'static str, &'static str, Option<&'static str>, Option<&'static str>);

/// Percentage, precision, trace id, trace state before, and after if it is kept: equalizing and proportional.
#[rustfmt::skip]
const VECTORS: &[Vector] = &[
    (100.0, 14, HALF, "", Some("ot=th:0"), Some("ot=th:0")),
    (200.0, 14, HALF, "", Some("ot=th:0"), Some("ot=th:0")),
    (50.0, 14, HALF, "", Some("ot=th:8"), Some("ot=th:8")),
    (49.0, 14, HALF, "", None, None),
    (25.0, 14, "ddddddddddddddddddc0000000000000", "", Some("ot=th:c"), Some("ot=th:c")),
    (25.0, 14, "ddddddddddddddddddb0000000000000", "", None, None),
    (1.0, 14, HALF, "ot=rv:FD70A3D70A3D71", Some("ot=rv:FD70A3D70A3D71;th:fd70a3d70a3d71"), Some("ot=rv:FD70A3D70A3D71;th:fd70a3d70a3d71")),
    (1.0, 4, HALF, "ot=rv:FD70A3D70A3D71", Some("ot=rv:FD70A3D70A3D71;th:fd70a"), Some("ot=rv:FD70A3D70A3D71;th:fd70a")),
    (1.0, 3, HALF, "ot=rv:FD70A3D70A3D71", None, None),
    (1.0, 14, HALF, "ot=rv:FD70A3D70A3D70", None, None),
    (1.0, 14, HALF, "ot=rv:fd70B000000000", Some("ot=rv:fd70B000000000;th:fd70a3d70a3d71"), Some("ot=rv:fd70B000000000;th:fd70a3d70a3d71")),
    (1.0, 4, "a0a0a0a0a0a0a0a0a0fe000000000000", "", Some("ot=th:fd70a"), Some("ot=th:fd70a")),
    (50.0, 14, HALF, "ot=rv:90000000000000;th:80000000000000", Some("ot=rv:90000000000000;th:8"), None),
    (25.0, 14, HALF, "ot=th:8", None, None),
    (25.0, 14, "ffffffffffffffffffffffffffffffff", "ot=th:8", Some("ot=th:c"), Some("ot=th:e")),
    (50.0, 14, HALF, "ot=rv:c0000000000000;th:8", Some("ot=rv:c0000000000000;th:8"), Some("ot=rv:c0000000000000;th:c")),
    // The threshold that it came with is wrong; these fail open.
    (100.0, 14, HALF, "ot=rv:40000000000000;th:8", Some("ot=rv:40000000000000;th:0"), Some("ot=rv:40000000000000;th:0")),
    (40.0, 3, HALF, "ot=rv:a0000000000000", Some("ot=rv:a0000000000000;th:99a"), Some("ot=rv:a0000000000000;th:99a")),
    (40.0, 6, "a0a0a0a0a0a0a0a0a0d0000000000000", "ot=th:8", Some("ot=th:99999a"), Some("ot=th:cccccd")),
    (40.0, 3, "a0a0a0a0a0a0a0a0a0b0000000000000", "ot=th:8", Some("ot=th:99a"), None),
    (40.0, 3, "a0a0a0a0a0a0a0a0a080000000000000", "ot=th:8", None, None),
    (100.0 / 16384.0, 14, MOST, "ot=th:fffc", Some("ot=th:fffc"), Some("ot=th:fffffff")),
    (99.99992, 10, MOST, "", Some("ot=th:00000cccccccd"), Some("ot=th:00000cccccccd")),
    (0.0625, 14, MOST, "ot=th:fffffffffffff8", Some("ot=th:fffffffffffff8"), None),
];

#[test]
fn decides_and_writes_what_the_collector_does() {
    for (percentage, precision, trace_id, before, equalizing, proportional) in VECTORS {
        for (mode, after) in [("equalizing", equalizing), ("proportional", proportional)] {
            let config = format!(
                r#"{{"mode": "{mode}", "sampling_percentage": {percentage}, "sampling_precision": {precision}, "fail_closed": false}}"#
            );
            let (mut processor, _) = processor(&config, Signal::Traces);
            let spans = kept(&mut processor, vec![span(trace_id, before)]);
            let expected: Vec<Span> = after.iter().map(|after| span(trace_id, after)).collect();
            assert_eq!(spans, expected, "{config} {trace_id} {before}");
        }
    }
}

#[test]
fn the_hash_has_the_thresholds_that_fourteen_bits_allow() {
    let thresholds =
        [(100.0, "0"), (75.0, "4"), (50.0, "8"), (25.0, "c"), (10.0, "e668"), (100.0 / 3.0, "aaac")];
    for (percentage, threshold) in thresholds {
        let config = format!(r#"{{"sampling_percentage": {percentage:?}, "hash_seed": 4312}}"#);
        let (mut processor, _) = processor(&config, Signal::Traces);
        let spans = (0..2000).map(|number| span(&format!("{:032x}", number + 1), "")).collect();
        let kept = kept(&mut processor, spans);
        let share = kept.len() as f32 / 2000.0;
        assert!((share - percentage / 100.0).abs() < 0.04, "{percentage}: {share}");
        for span in kept {
            let (randomness, found) = span.trace_state["ot=rv:".len()..].split_once(";th:").expect("both");
            assert_eq!(found, threshold);
            assert!(
                u64::from_str_radix(randomness, 16).expect("digits")
                    >= u64::from_str_radix(&format!("{threshold:0<14}"), 16).expect("digits")
            );
        }
    }
}

/// From the published algorithm: FNV-1a of the seed's four bytes, low byte first, and the id; its low 14 bits are the bucket.
#[test]
fn the_hash_is_that_of_the_collector() {
    // The buckets of nothing and of sixteen zeros with seed 0, as the Collector's tests state them.
    assert_eq!(crate::sampling::fnv1a_32([&[0; 4], b""]) & 0x3fff, 0x3515);
    assert_eq!(crate::sampling::fnv1a_32([&[0; 4], &[0; 16]]) & 0x3fff, 0x2455);

    let expected = |trace_id: &[u8], seed: u32, percentage: f32| {
        let mut hash = 0x811c_9dc5_u32;
        for byte in seed.to_le_bytes().iter().chain(trace_id) {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
        }
        hash & 0x3fff < (percentage * (16384.0_f32 / 100.0)) as u32
    };
    for (seed, percentage) in [(0, 15.5_f32), (22, 50.0), (u32::MAX, 99.9)] {
        let config = format!(r#"{{"sampling_percentage": {percentage:?}, "hash_seed": {seed}}}"#);
        let (mut processor, _) = processor(&config, Signal::Traces);
        for number in 1..500_u128 {
            let trace_id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
            let kept = kept(&mut processor, vec![Span { trace_id: trace_id.to_vec(), ..Span::default() }]);
            assert_eq!(!kept.is_empty(), expected(&trace_id, seed, percentage));
        }
    }
}
