use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::aggregation::{Pace, Window};

const SECOND: u64 = 1_000_000_000;
const BEGIN: u64 = 1_700_000_000 * SECOND;

#[derive(Clone, Debug)]
enum Step {
    /// So many seconds pass.
    Wait(u64),
    /// Data comes whose newest time is so many seconds off.
    Hear(i64),
    Send,
    /// Something leaves before its time.
    Leave,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..100_u64).prop_map(Step::Wait),
        6 => prop_oneof![4 => -30..30_i64, 1 => prop_oneof![Just(1_000_000_i64), Just(-1_000_000)]].prop_map(Step::Hear),
        3 => Just(Step::Send),
        1 => Just(Step::Leave),
    ]
}

proptest! {
    /// Whatever the data says: no time is counted twice, and none is left out, unless the time has gone back far.
    #[test]
    fn windows_follow_one_another(steps in vec(step(), 1..200)) {
        let start = Instant::now();
        let mut pace = Pace::new(Duration::from_secs(60));
        let mut passed = 0;
        // Until when all, and until when some was sent.
        let (mut all, mut some) = (None, 0);
        for step in steps {
            let now = start + Duration::from_secs(passed);
            pace.tell(now);
            match step {
                Step::Wait(seconds) => passed += seconds,
                Step::Hear(off) => {
                    let newest = (BEGIN + passed * SECOND).saturating_add_signed(off * SECOND as i64);
                    prop_assert!(!pace.observe(now, newest, true));
                    prop_assert!(pace.deadline().is_some());
                }
                Step::Send | Step::Leave => {
                    let Some(window) = pace.window(now, 0) else { continue };
                    let Window { start, time } = window;
                    prop_assert!(start < time);
                    if !pace.is_back(window) {
                        prop_assert!(all.is_none_or(|all| start == all), "{start} is not {all:?}");
                        prop_assert!(time > some || some - time >= 60 * SECOND, "{time} is not after {some}");
                    }
                    some = time;
                    if matches!(step, Step::Leave) {
                        pace.left(time);
                    } else {
                        pace.sent(time);
                        pace.next(now, true);
                        prop_assert!(pace.deadline().is_some_and(|due| due > now));
                        all = Some(time);
                    }
                }
            }
        }
    }
}

#[test]
fn a_start_that_is_not_over_yet_was_told_by_a_wrong_clock() {
    let window = Window { start: 60, time: 120 };
    assert_eq!([0, 10, 119, 120, 1000].map(|start| window.start_of(start)), [60, 10, 119, 60, 60]);
}
