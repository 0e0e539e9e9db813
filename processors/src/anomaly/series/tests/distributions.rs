use super::*;

const BOUNDS: [f64; 3] = [10.0, 20.0, 40.0];

fn told(second: f64, count: f64, median: f64, high: f64) -> Vec<Reading> {
    let aspects = [(Aspect::Count, count), (Aspect::Median, median), (Aspect::High, high)];
    aspects.into_iter().map(|(aspect, value)| reading(aspect, second, value)).collect()
}

fn count(second: f64, value: f64) -> Vec<Reading> {
    vec![reading(Aspect::Count, second, value)]
}

#[test]
fn a_histogram_tells_what_came_since_the_point_before() {
    let requests = [
        histogram(CUMULATIVE, buckets(-1.0, 10.0, &BOUNDS, &[1000, 0, 0, 0])),
        histogram(CUMULATIVE, buckets(-1.0, 20.0, &BOUNDS, &[1000, 100, 100, 0])),
        // Three measurements tell no median, twenty no 99th percentile.
        histogram(CUMULATIVE, buckets(-1.0, 30.0, &BOUNDS, &[1003, 100, 100, 0])),
        histogram(CUMULATIVE, buckets(-1.0, 40.0, &BOUNDS, &[1003, 120, 100, 0])),
        // Above the last bound there is no telling.
        histogram(CUMULATIVE, buckets(-1.0, 50.0, &BOUNDS, &[1003, 120, 100, 200])),
    ];

    let expected = [
        vec![],
        told(20.0, 20.0, 20.0, 20.0 + 20.0 * 0.98),
        count(30.0, 0.3),
        vec![reading(Aspect::Count, 40.0, 2.0), reading(Aspect::Median, 40.0, 15.0)],
        told(50.0, 20.0, 40.0, 40.0),
    ];
    assert_eq!(read(&mut Past::default(), requests), expected);
}

#[test]
fn a_delta_histogram_is_told_as_it_is_within_its_extremes() {
    let point = buckets(10.0, 20.0, &BOUNDS, &[50, 0, 0, 50]);
    let with = HistogramDataPoint { min: Some(4.0), max: Some(60.0), ..point.clone() };
    let odd = HistogramDataPoint { min: Some(f64::NAN), max: Some(1.0), ..point.clone() };

    assert_eq!(read(&mut Past::default(), [histogram(DELTA, point)]), [told(20.0, 10.0, 10.0, 40.0)]);
    assert_eq!(
        read(&mut Past::default(), [histogram(DELTA, with)]),
        [told(20.0, 10.0, 10.0, 40.0 + 20.0 * 0.98)]
    );
    assert_eq!(read(&mut Past::default(), [histogram(DELTA, odd)]), [told(20.0, 10.0, 1.0, 1.0)]);
}

#[test]
fn measurements_below_zero_are_not_taken_to_be_near_it() {
    let point = buckets(10.0, 20.0, &[-5.0, 0.0], &[100, 0, 0]);
    assert_eq!(read(&mut Past::default(), [histogram(DELTA, point)]), [told(20.0, 10.0, -5.0, -5.0)]);
}

#[test]
fn a_histogram_that_fell_in_any_bucket_is_another_life() {
    let base = || histogram(CUMULATIVE, buckets(0.0, 700.0, &BOUNDS, &[1000, 10, 0, 0]));
    let fell = |start| histogram(CUMULATIVE, buckets(start, 720.0, &BOUNDS, &[900, 9000, 0, 0]));

    assert_eq!(read(&mut Past::default(), [base(), fell(0.0)]), [vec![], vec![]]);
    let after = read(&mut Past::default(), [base(), fell(710.0)]).remove(1);
    assert_eq!(after[0], reading(Aspect::Count, 720.0, 990.0));
    assert_eq!(after.len(), 3);
}

#[test]
fn bounds_that_change_leave_the_count() {
    let requests = [
        histogram(CUMULATIVE, buckets(-1.0, 10.0, &BOUNDS, &[0, 100, 0, 0])),
        histogram(CUMULATIVE, buckets(-1.0, 20.0, &[10.0, 20.0, 41.0], &[0, 200, 0, 0])),
        histogram(CUMULATIVE, buckets(-1.0, 30.0, &[10.0, 20.0, 41.0], &[0, 300, 0, 0])),
        histogram(CUMULATIVE, buckets(-1.0, 40.0, &[10.0], &[0, 400])),
    ];
    let expected = [vec![], count(20.0, 10.0), told(30.0, 10.0, 15.0, 19.9), count(40.0, 10.0)];
    assert_eq!(read(&mut Past::default(), requests), expected);
}

#[test]
fn buckets_that_are_too_many_or_make_no_sense_leave_the_count() {
    let many: Vec<f64> = (0..160).map(f64::from).collect();
    let odd: [(&[f64], Vec<u64>); 6] = [
        (&many, vec![1; 161]),
        (&[2.0, 1.0], vec![50, 50, 50]),
        (&[1.0, f64::NAN], vec![50, 50, 50]),
        (&[1.0, f64::INFINITY], vec![50, 50, 50]),
        (&[1.0], vec![50, 50, 50]),
        (&[], vec![150]),
    ];
    for (bounds, counts) in odd {
        for temporality in [DELTA, CUMULATIVE] {
            let mut past = Past::default();
            let request = histogram(temporality, buckets(0.0, 10.0, bounds, &counts));
            let counted: u64 = counts.iter().sum();
            assert_eq!(read(&mut past, [request]), [count(10.0, counted as f64 / 10.0)], "{bounds:?}");
            assert_eq!(past.heap_bytes(), 0);
        }
    }
}

#[test]
fn counts_that_no_counter_holds_tell_no_quantile() {
    let mut point = buckets(0.0, 10.0, &BOUNDS, &[0, 0, 0, 0]);
    point.bucket_counts = vec![u64::MAX, u64::MAX, 0, 0];
    assert_eq!(read(&mut Past::default(), [histogram(DELTA, point)]), [count(10.0, 0.0)]);
}

#[test]
fn an_exponential_histogram_tells_what_came_since_the_point_before() {
    // Scale 0: buckets end at powers of two.
    let requests = [
        exponential(CUMULATIVE, powers(-1.0, 10.0, 0, 0, &[1000])),
        exponential(CUMULATIVE, powers(-1.0, 20.0, 0, 0, &[1000, 0, 100])),
        exponential(CUMULATIVE, powers(-1.0, 30.0, 0, 0, &[1000, 0, 103])),
        exponential(CUMULATIVE, powers(-1.0, 40.0, 0, 0, &[0, 0, 203])),
    ];
    let expected = [vec![], told(20.0, 10.0, 6.0, 4.0 + 4.0 * 0.99), count(30.0, 0.3), vec![]];
    assert_eq!(read(&mut Past::default(), requests), expected);
}

#[test]
fn scales_that_differ_are_compared_at_the_coarser_one() {
    // Scale 1 has two buckets where scale 0 has one.
    let fine = exponential(CUMULATIVE, powers(-1.0, 10.0, 1, -2, &[1, 2, 3, 4, 5]));
    let coarse = exponential(CUMULATIVE, powers(-1.0, 20.0, 0, -1, &[3, 7, 105]));
    let finer = exponential(CUMULATIVE, powers(-1.0, 30.0, 1, -2, &[1, 2, 3, 4, 105, 100]));

    let readings = read(&mut Past::default(), [fine, coarse, finer]);

    assert_eq!(readings[1], told(20.0, 10.0, 3.0, 2.0 + 2.0 * 0.99));
    assert_eq!(readings[2], told(30.0, 10.0, 3.0, 2.0 + 2.0 * 0.99));
}

#[test]
fn zero_and_negative_measurements_have_their_place() {
    let point = ExponentialHistogramDataPoint {
        negative: Some(Buckets { offset: 0, bucket_counts: vec![25, 25] }),
        zero_count: 50,
        zero_threshold: 0.5,
        count: 200,
        ..powers(0.0, 10.0, 0, 0, &[100])
    };
    // 50 from -4 to -1, 50 from -0.5 to 0.5, 100 from 1 to 2.
    let expected = told(10.0, 20.0, 0.5, 1.98);
    assert_eq!(read(&mut Past::default(), [exponential(DELTA, point)]), [expected]);
    let below = ExponentialHistogramDataPoint {
        negative: Some(Buckets { offset: 1, bucket_counts: vec![100] }),
        count: 100,
        ..powers(0.0, 10.0, 0, 0, &[])
    };
    assert_eq!(read(&mut Past::default(), [exponential(DELTA, below)]), [told(10.0, 10.0, -3.0, -2.02)]);
}

#[test]
fn exponential_buckets_are_merged_until_they_fit() {
    let mut past = Past::default();
    let wide = |time, count| exponential(CUMULATIVE, powers(-1.0, time, 3, -2000, &vec![count; 4000]));

    let readings = read(&mut past, [wide(10.0, 1), wide(20.0, 2)]);

    assert_eq!(readings[1].len(), 3);
    assert_eq!(readings[1][0], reading(Aspect::Count, 20.0, 400.0));
    // The median is 2^0, and merging makes it no worse than by a factor of 16.
    assert!((1.0 / 16.0..=16.0).contains(&readings[1][1].value), "{readings:?}");
    assert!(past.heap_bytes() < 2048, "{}", past.heap_bytes());
}

#[test]
fn indexes_scales_and_counts_at_their_limits_are_read() {
    for scale in [i32::MIN, -20, 0, 20, i32::MAX] {
        for offset in [i32::MIN, -1, i32::MAX] {
            let both = |time, count| {
                let side = Some(Buckets { offset, bucket_counts: vec![count, 0, count] });
                let point = powers(-1.0, time, scale, offset, &[]);
                let point = ExponentialHistogramDataPoint { positive: side.clone(), negative: side, ..point };
                exponential(CUMULATIVE, ExponentialHistogramDataPoint { count, zero_count: count, ..point })
            };
            for readings in read(&mut Past::default(), [both(10.0, 1), both(20.0, 100), both(30.0, u64::MAX)])
            {
                assert!(readings.iter().all(|reading| reading.value.is_finite()));
            }
        }
    }
}

#[test]
fn a_summary_tells_its_count_and_the_nearest_of_its_quantiles() {
    let quantiles = |median, high| [(0.0, 1.0), (0.5, median), (0.9, 5.0), (0.95, high), (1.0, f64::NAN)];
    let requests = [
        summary(10.0, 100, &quantiles(2.0, 7.0)),
        summary(20.0, 300, &quantiles(f64::NAN, 8.0)),
        summary(20.0, 300, &quantiles(9.0, 9.0)),
        summary(30.0, 500, &[(0.45, 3.0), (0.99, 4.0)]),
        summary(40.0, 500, &[(0.25, 3.0), (0.75, 4.0)]),
    ];
    let expected = [
        vec![reading(Aspect::Median, 10.0, 2.0)],
        count(20.0, 20.0),
        vec![],
        told(30.0, 20.0, 3.0, 4.0),
        count(40.0, 0.0),
    ];
    assert_eq!(read(&mut Past::default(), requests), expected);
}

#[test]
fn distributions_without_a_value_or_time_say_nothing() {
    let stale = HistogramDataPoint { flags: 1, ..buckets(0.0, 10.0, &BOUNDS, &[100, 0, 0, 0]) };
    let timeless = HistogramDataPoint { time_unix_nano: 0, ..buckets(0.0, 10.0, &BOUNDS, &[100, 0, 0, 0]) };
    let unknown = buckets(0.0, 10.0, &BOUNDS, &[100, 0, 0, 0]);
    let mut past = Past::default();

    let requests = [histogram(DELTA, stale), histogram(CUMULATIVE, timeless), histogram(0, unknown)];

    assert_eq!(read(&mut past, requests), [vec![], vec![], vec![]]);
    assert_eq!(past, Past::default());
}
