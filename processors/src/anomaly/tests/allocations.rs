use edgewatch_proto::encode::{Temporality, Times};

use super::*;

/// A batch of as many points of gauges as of counters.
fn mixed(series: i64, time: u64) -> Batch {
    let since = Times::since(DAWN - BEAT, time);
    let count = (time - DAWN) / SECOND;
    batch("shop", |scope| {
        scope.gauge("load", "1", "", |points| {
            for series in 0..series {
                let describe = |attributes: &mut encode::Attributes<'_>| attributes.int("series", series);
                points.double(Times::at(time), usual(series.unsigned_abs(), time / BEAT), describe);
            }
        });
        scope.sum("work", "1", "", Temporality::Cumulative, true, |points| {
            for series in 0..series {
                points.int(since, count.cast_signed(), |attributes| attributes.int("series", series));
            }
        });
    })
}

/// Allocations for a batch of points of series that are all known, within a step and at its end.
fn allocations(series: i64) -> Vec<u64> {
    let mut subject = Subject::new("{}");
    let step = MINUTE;
    (0..20).for_each(|round| subject.take(mixed(series, DAWN + round * step / 4)));
    let made = (20..28).map(|round| {
        let batch = mixed(series, DAWN + round * step / 4);
        let mut out = Emitter::default();
        let process = || subject.processor.process(batch, subject.now, &mut out).expect("takes it");
        let made = allocation_counter::measure(process).count_total;
        out.take().into_iter().for_each(Batch::deliver);
        made
    });
    made.collect()
}

#[test]
fn nothing_is_allocated_per_point() {
    let (few, many) = (allocations(5), allocations(500));
    assert_eq!(few, many);
    assert!(many.iter().all(|made| *made < 20), "{many:?}");
}
