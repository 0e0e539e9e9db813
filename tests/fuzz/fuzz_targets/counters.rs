//! Whatever the counters of a JVM are, a plan is made of them or refused, and reads any other block without a panic.

#![no_main]

use edgewatch_hotspot::collector::{OldAfter, Plan};
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::pauses::Tracker;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(layout) = Layout::parse(data) {
        for name in layout.numbers() {
            let slot = layout.slot(name).expect("a number that is listed is found");
            assert!(layout.read(data, slot).is_some(), "a number that was parsed is in the block");
        }
        for name in layout.texts() {
            assert!(layout.text(data, name).is_some(), "a text that was parsed is in the block");
        }
    }
    let Ok(plan) = Plan::new(data) else { return };
    // The same block, and what a file that was cut off or written to meanwhile may have become.
    let half = data.get(..data.len() / 2).unwrap_or_default();
    let reversed: Vec<u8> = data.iter().rev().copied().collect();
    let mut trackers = vec![Tracker::default(); plan.collections().len()];
    let mut after = OldAfter::default();
    for block in [data, half, &reversed, &[]] {
        for pool in plan.pools() {
            let _ = (plan.used(block, pool), plan.committed(block, pool), plan.after(block, pool));
            let _ = (plan.value(block, pool.limit), plan.value(block, pool.init), after.of(pool));
        }
        for (of, tracker) in plan.collections().iter().zip(&mut trackers) {
            let _ = plan.tally(block, of).map(|tally| tracker.look(tally));
        }
        after.look(&plan, block);
        let _ = (plan.general(block), plan.last_cause(block), plan.is_current(block));
    }
});
