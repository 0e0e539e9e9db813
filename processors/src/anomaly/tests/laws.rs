use edgewatch_proto::encode::{Temporality, Times};
use proptest::prelude::*;

use super::*;

/// What happens to some series, beat by beat; the spikes are at these places.
fn story(spikes: &[(u64, u64)], silent: &[(u64, u64)], beats: u64) -> Vec<Vec<(u64, u64, f64)>> {
    let value = |series, beat| if spikes.contains(&(series, beat)) { 4_000.0 } else { usual(series, beat) };
    let beat_of = |beat| {
        let there = (0..4).filter(move |series| {
            !silent.iter().any(|(who, from)| who == series && (*from..*from + 30).contains(&beat))
        });
        there.map(|series| (series, at(beat), value(series, beat))).collect()
    };
    (0..beats).map(beat_of).collect()
}

/// One batch for these points.
fn request(points: &[(u64, u64, f64)]) -> Batch {
    batch("shop", |scope| {
        for (series, time, value) in points {
            let describe = |attributes: &mut encode::Attributes<'_>| {
                attributes.int("series", i64::try_from(*series).expect("fits"));
            };
            if series % 2 == 0 {
                scope.gauge("load", "1", "", |points| points.double(Times::at(*time), *value, describe));
            } else {
                let total = (time - DAWN) as f64 / 1e9 + value;
                scope.sum("work", "1", "", Temporality::Cumulative, true, |points| {
                    points.double(Times::since(DAWN - BEAT, *time), total, describe);
                });
            }
        }
    })
}

fn told(points: &[Vec<(u64, u64, f64)>]) -> Told {
    let mut subject = Subject::new("{}");
    points.iter().for_each(|points| subject.take(request(points)));
    subject.told
}

fn places() -> impl Strategy<Value = Vec<(u64, u64)>> {
    proptest::collection::vec((0..4_u64, 300..400_u64), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn however_batches_are_cut_the_same_is_told(spikes in places(), silent in places(), cuts in proptest::collection::vec(1..60_usize, 1..40)) {
        let beats = story(&spikes, &silent, 420);
        let whole = told(&beats);
        // A spike of a gauge that is there is told of, so that there is something to compare.
        let seen = |(series, beat): &(u64, u64)| {
            series % 2 == 0 && !silent.iter().any(|(who, from)| who == series && (*from..*from + 30).contains(beat))
        };
        prop_assert!(!spikes.iter().any(seen) || !whole.events.is_empty());
        prop_assert!(whole.rates.len() > 400);
        let mut points: &[(u64, u64, f64)] = &beats.concat();
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if points.is_empty() {
                break;
            }
            let (piece, rest) = points.split_at((*cut).min(points.len()));
            pieces.push(piece.to_vec());
            points = rest;
        }
        prop_assert_eq!(told(&pieces), whole);
    }

    #[test]
    fn a_restart_changes_nothing(spikes in places(), silent in places(), restart in 1..420_usize) {
        let beats = story(&spikes, &silent, 420);
        let mut subject = Subject::new("{}");
        beats[..restart].iter().for_each(|points| subject.take(request(points)));
        let parts = subject.saved();
        let mut successor = Subject::new("{}");
        successor.told = subject.told.clone();
        successor.restore(&parts);
        for points in &beats[restart..] {
            subject.take(request(points));
            successor.take(request(points));
        }
        prop_assert_eq!(&successor.told, &subject.told);
        prop_assert_eq!(successor.saved(), subject.saved());
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let beats = story(&[(0, 350), (1, 360), (2, 360)], &[(1, 361)], 420);
    let bytes = || {
        let mut subject = Subject::new("{}");
        let mut all = Vec::new();
        for points in &beats {
            let mut out = Emitter::default();
            subject.processor.process(request(points), subject.now, &mut out).expect("takes it");
            for batch in out.take() {
                all.push(batch.segments().concat());
                batch.deliver();
            }
        }
        all
    };
    assert_eq!(bytes(), bytes());
}
