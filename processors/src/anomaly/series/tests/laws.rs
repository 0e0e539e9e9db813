use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const BOUNDS: [f64; 4] = [-1.0, 0.5, 3.0, 10.0];

/// Some seconds, and what was counted per bucket in them.
type Window = (u16, [u16; 5]);

fn windows() -> impl Strategy<Value = Vec<Window>> {
    vec((1_u16..600, prop::array::uniform5(prop_oneof![Just(0), 0_u16..200])), 1..12)
}

/// What is told of a window, found by looking at each measurement.
fn told(second: f64, (seconds, counts): Window) -> Vec<Reading> {
    let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    let mut readings = vec![reading(Aspect::Count, second, total as f64 / f64::from(seconds))];
    // Each measurement takes an even share of its bucket; a quantile is where that share of all measurements is below it.
    let (lower, upper) = ([-1.0, -1.0, 0.5, 3.0, 10.0], [-1.0, 0.5, 3.0, 10.0, 10.0]);
    let mut ends = Vec::new();
    for (bucket, count) in counts.into_iter().enumerate() {
        for place in 1..=count {
            let width: f64 = upper[bucket] - lower[bucket];
            let at = |place: u16| lower[bucket] + width * f64::from(place) / f64::from(count);
            ends.push((at(place - 1), at(place)));
        }
    }
    for (aspect, quantile, fewest) in [(Aspect::Median, 0.5, 5), (Aspect::High, 0.99, 50)] {
        if total >= fewest {
            let rank: f64 = quantile * total as f64;
            let (begin, end) = ends[rank.ceil() as usize - 1];
            let value = begin + (end - begin) * (rank - (rank.ceil() - 1.0));
            readings.push(reading(aspect, second, value));
        }
    }
    readings
}

fn nearly_equal(one: &[Vec<Reading>], other: &[Vec<Reading>]) -> Result<(), TestCaseError> {
    let aspects = |readings: &[Vec<Reading>]| -> Vec<Vec<_>> {
        readings
            .iter()
            .map(|readings| readings.iter().map(|reading| (reading.aspect, reading.time)).collect())
            .collect()
    };
    prop_assert_eq!(aspects(one), aspects(other));
    for (one, other) in one.iter().flatten().zip(other.iter().flatten()) {
        let distance = (one.value - other.value).abs();
        prop_assert!(distance <= 1e-9 * one.value.abs().max(1.0), "{:?} {:?}", one, other);
    }
    Ok(())
}

/// Reads like [`read`], with a restart after each point.
fn read_restarting(requests: impl IntoIterator<Item = ExportMetricsServiceRequest>) -> Vec<Vec<Reading>> {
    let mut state = Vec::new();
    Past::default().save(&mut state);
    let mut readings = Vec::new();
    for request in requests {
        let mut past = Past::restore(&state).expect("what was saved");
        readings.extend(read(&mut past, [request]));
        state.clear();
        past.save(&mut state);
    }
    readings
}

proptest! {
    #[test]
    fn histograms_tell_the_same_whatever_their_temporality(windows in windows()) {
        let (mut second, mut sums) = (1.0, [0_u64; 5]);
        let (mut delta, mut cumulative, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for window in windows {
            let (start, counts) = (second, window.1.map(u64::from));
            second += f64::from(window.0);
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
            delta.push(histogram(DELTA, buckets(start, second, &BOUNDS, &counts)));
            cumulative.push(histogram(CUMULATIVE, buckets(1.0, second, &BOUNDS, &sums)));
            expected.push(told(second, window));
        }

        nearly_equal(&read(&mut Past::default(), delta.clone()), &expected)?;
        nearly_equal(&read(&mut Past::default(), cumulative.clone()), &expected)?;
        prop_assert_eq!(read_restarting(delta.clone()), read(&mut Past::default(), delta));
        prop_assert_eq!(read_restarting(cumulative.clone()), read(&mut Past::default(), cumulative));
    }

    #[test]
    fn counters_tell_the_same_whatever_their_temporality_and_restarts(
        windows in vec((1_u32..600_000, 0_u32..1000, prop::bool::weighted(0.2)), 1..20),
    ) {
        let (mut time, mut start, mut total) = (0, 0, 0.0);
        let (mut delta, mut cumulative, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        let point = |start: u32, time: u32, value| {
            let seconds = |milliseconds| f64::from(milliseconds) / 1000.0;
            number(seconds(start), seconds(time), Value::AsDouble(value))
        };
        for (elapsed, counted, restarts) in windows {
            // Not so short that it would be taken together with the next.
            let (before, counted) = (time, f64::from(counted) / 8.0);
            time += elapsed.max(200);
            if restarts {
                (start, total) = (before, 0.0);
            }
            // A restart that nobody can see: as much as before, since the very moment of the point before.
            total += counted;
            delta.push(sum(DELTA, true, point(before, time, counted)));
            cumulative.push(sum(CUMULATIVE, true, point(start, time, total)));
            expected.push((restarts, counted / (f64::from(elapsed.max(200)) / 1000.0)));
        }

        let deltas = read(&mut Past::default(), delta.clone());
        let sums = read(&mut Past::default(), cumulative.clone());

        let mut rates = Vec::new();
        for (readings, (_, rate)) in deltas.iter().zip(&expected) {
            rates.push(vec![Reading { value: *rate, ..readings[0] }]);
        }
        nearly_equal(&deltas, &rates)?;
        for (index, (sums, deltas)) in sums.iter().zip(&deltas).enumerate() {
            // After a restart at the very time of the point before, it may be that it cannot be told from going on.
            let hidden = expected[index].0 && sums != deltas;
            if hidden {
                prop_assert!(sums[0].value <= deltas[0].value);
            } else {
                nearly_equal(std::slice::from_ref(sums), std::slice::from_ref(deltas))?;
            }
        }
        prop_assert_eq!(read_restarting(delta), deltas);
        prop_assert_eq!(read_restarting(cumulative), sums);
    }

    #[test]
    fn exponential_histograms_tell_quantiles_within_a_bucket(
        windows in vec((vec(-4.0_f64..4.0, 0..120), 0_i32..5), 1..6),
    ) {
        // Logarithms of all measurements so far, at a scale that may become coarser or finer, and few enough to need no merging.
        let (mut all, mut delta, mut cumulative, mut expected) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut before = i32::MAX;
        for (index, (logarithms, scale)) in windows.into_iter().enumerate() {
            let (start, time) = (10.0 * index as f64, 10.0 * (index + 1) as f64);
            all.extend_from_slice(&logarithms);
            delta.push(exponential(DELTA, of_logarithms(start, time, scale, &logarithms)));
            cumulative.push(exponential(CUMULATIVE, of_logarithms(0.0, time, scale, &all)));
            let coarsest = scale.min(before);
            before = scale;
            expected.push((logarithms, scale, coarsest));
        }
        for (requests, is_delta) in [(delta, true), (cumulative, false)] {
            let readings = read(&mut Past::default(), requests.clone());
            prop_assert_eq!(&read_restarting(requests), &readings);
            for (readings, (logarithms, scale, coarser)) in readings.iter().zip(&expected) {
                let scale = if is_delta { scale } else { coarser };
                let mut sorted = logarithms.clone();
                sorted.sort_by(f64::total_cmp);
                prop_assert_eq!(readings[0].value, logarithms.len() as f64 / 10.0);
                let quantiles: Vec<_> = readings[1..].iter().map(|reading| reading.value.log2()).collect();
                let ranks = [(0.5, 5), (0.99, 50)].into_iter().filter(|(_, fewest)| sorted.len() >= *fewest);
                let ranks: Vec<_> = ranks.map(|(quantile, _)| (quantile * sorted.len() as f64).ceil()).collect();
                prop_assert_eq!(quantiles.len(), ranks.len());
                for (quantile, rank) in quantiles.into_iter().zip(ranks) {
                    let truth = sorted[rank as usize - 1];
                    prop_assert!((quantile - truth).abs() <= (-f64::from(*scale)).exp2() + 1e-9);
                }
            }
        }
    }
}

/// A point of measurements whose logarithms to the base of 2 these are.
fn of_logarithms(start: f64, time: f64, scale: i32, logarithms: &[f64]) -> ExponentialHistogramDataPoint {
    let index = |logarithm: &f64| (logarithm * f64::from(scale).exp2()).ceil() as i32 - 1;
    let offset = logarithms.iter().map(index).min().unwrap_or_default();
    let last = logarithms.iter().map(index).max().unwrap_or_default();
    let mut counts = vec![0; (last - offset) as usize + 1];
    logarithms.iter().for_each(|logarithm| counts[(index(logarithm) - offset) as usize] += 1);
    powers(start, time, scale, offset, &counts)
}
