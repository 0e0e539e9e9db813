//! Anything is read without a panic, to numbers that are numbers.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::*;

fn count() -> BoxedStrategy<u64> {
    prop_oneof![0_u64..300, any::<u64>()].boxed()
}

fn time() -> BoxedStrategy<u64> {
    prop_oneof![4 => (0_u64..100).prop_map(|second| nanos(second as f64)), 1 => any::<u64>(), 1 => Just(0)]
        .boxed()
}

fn float() -> BoxedStrategy<f64> {
    prop_oneof![-10.0_f64..10.0, any::<f64>()].boxed()
}

fn side() -> BoxedStrategy<Option<Buckets>> {
    let offset = prop_oneof![-5..5, any::<i32>()];
    of((offset, prop_oneof![9 => vec(count(), 0..9), 1 => vec(count(), 0..300)])
        .prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }))
    .boxed()
}

fn data() -> BoxedStrategy<Data> {
    let times = (time(), time());
    let numbers =
        (times.clone(), prop_oneof![any::<i64>().prop_map(Value::AsInt), float().prop_map(Value::AsDouble)])
            .prop_map(|((start_time_unix_nano, time_unix_nano), value)| NumberDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                value: Some(value),
                ..NumberDataPoint::default()
            });
    let bounds = prop_oneof![Just(vec![0.0, 1.0, 2.0]), Just(vec![0.0, 1.0, 3.0]), vec(float(), 0..4)];
    let extremes = (of(float()), of(float()));
    let histograms = (times.clone(), count(), bounds, vec(count(), 3..5), extremes.clone()).prop_map(
        |((start_time_unix_nano, time_unix_nano), count, explicit_bounds, bucket_counts, (min, max))| {
            HistogramDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                count,
                explicit_bounds,
                bucket_counts,
                min,
                max,
                ..HistogramDataPoint::default()
            }
        },
    );
    let scale = prop_oneof![0..3, any::<i32>()];
    let exponential = (times, (count(), scale, count(), float()), side(), side(), extremes).prop_map(
        |(
            (start_time_unix_nano, time_unix_nano),
            (count, scale, zero_count, zero_threshold),
            positive,
            negative,
            (min, max),
        )| {
            ExponentialHistogramDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                count,
                scale,
                zero_count,
                zero_threshold,
                positive,
                negative,
                min,
                max,
                ..ExponentialHistogramDataPoint::default()
            }
        },
    );
    let temporality = 0..3;
    prop_oneof![
        (vec(numbers, 1..6), temporality.clone(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| {
                Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
            }
        ),
        (vec(histograms, 1..6), temporality.clone()).prop_map(|(data_points, aggregation_temporality)| {
            Data::Histogram(Histogram { data_points, aggregation_temporality })
        }),
        (vec(exponential, 1..6), temporality).prop_map(|(data_points, aggregation_temporality)| {
            Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality })
        }),
    ]
    .boxed()
}

/// Reads all points as of one series, and what is remembered after each of them as well.
fn read_all(past: &mut Past, request: &[u8]) {
    walk(request, &mut |found| {
        for reading in past.take(found) {
            assert!(reading.value.is_finite() && reading.time != 0);
        }
        assert!(past.heap_bytes() < 4 << 10);
        let mut state = Vec::new();
        past.save(&mut state);
        assert!(state.len() <= Past::MOST_BYTES);
        assert_eq!(Past::restore(&state).as_ref(), Some(&*past));
    });
}

proptest! {
    #[test]
    fn any_points_are_read_to_numbers(
        requests in vec(data(), 1..4),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let (mut past, mut damaged_past) = (Past::default(), Past::default());
        for data in requests {
            let mut bytes = request(data).encode_to_vec();
            read_all(&mut past, &bytes);
            for (index, byte) in &damage {
                let index = index.index(bytes.len());
                bytes[index] = *byte;
            }
            read_all(&mut damaged_past, &bytes);
        }
    }

    #[test]
    fn any_state_is_refused_or_read_on(
        data in data(),
        kept in data(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut past = Past::default();
        read_all(&mut past, &request(kept).encode_to_vec());
        let mut state = Vec::new();
        past.save(&mut state);
        for (index, byte) in damage {
            let index = index.index(state.len());
            state[index] = byte;
        }
        if let Some(mut past) = Past::restore(&state) {
            read_all(&mut past, &request(data).encode_to_vec());
        }
    }
}
