use super::*;

fn all() -> Vec<Past> {
    let negative = Some(Buckets { offset: -7, bucket_counts: vec![1, 0, u64::MAX] });
    let requests = [
        vec![gauge(number(0.0, 1.0, Value::AsInt(1)))],
        vec![counter(CUMULATIVE, 0.0, 10.0, i64::MAX)],
        vec![counter(CUMULATIVE, 0.0, 10.0, 5), counter(CUMULATIVE, 0.0, 9.0, 5)],
        vec![sum(CUMULATIVE, true, number(0.0, 1.0, Value::AsDouble(0.1)))],
        vec![counter(DELTA, 0.0, 0.05, 7)],
        vec![sum(DELTA, false, number(0.0, 1.0, Value::AsDouble(-0.1)))],
        vec![histogram(CUMULATIVE, buckets(0.0, 1.0, &[1.0, 2.0], &[1, 200, 1 << 60]))],
        vec![histogram(CUMULATIVE, buckets(0.0, 1.0, &[], &[]))],
        vec![exponential(
            CUMULATIVE,
            ExponentialHistogramDataPoint { negative, ..powers(0.0, 1.0, -3, 1000, &[5, 6, 7]) },
        )],
        vec![exponential(CUMULATIVE, powers(0.0, 1.0, 20, 0, &[u64::MAX / 200; 200]))],
    ];
    let pasts = requests.into_iter().map(|requests| {
        let mut past = Past::default();
        read(&mut past, requests);
        past
    });
    pasts.collect()
}

fn saved(past: &Past) -> Vec<u8> {
    let mut bytes = Vec::new();
    past.save(&mut bytes);
    bytes
}

#[test]
fn what_is_remembered_is_the_same_after_a_restart() {
    for past in all() {
        let bytes = saved(&past);
        assert!(bytes.len() <= Past::MOST_BYTES);
        assert_eq!(Past::restore(&bytes), Some(past));
    }
}

#[test]
fn what_is_cut_short_or_too_long_or_of_another_version_is_not_restored() {
    for past in all() {
        let mut bytes = saved(&past);
        for len in 0..bytes.len() {
            assert_eq!(Past::restore(&bytes[..len]), None);
        }
        bytes.push(0);
        assert_eq!(Past::restore(&bytes), None);
        bytes.pop();
        bytes[0] += 1;
        assert_eq!(Past::restore(&bytes), None);
    }
}

#[test]
fn what_is_remembered_is_small() {
    assert!(size_of::<Past>() <= 64, "{}", size_of::<Past>());
    let heap: Vec<usize> = all().iter().map(Past::heap_bytes).collect();
    assert_eq!(heap[..8], [0, 0, 0, 0, 0, 0, 24, 0]);
    assert!(heap.iter().all(|bytes| *bytes <= 128 + 2 * 160 * 8), "{heap:?}");
}
