//! The tracker against a JVM whose pauses are known.

use std::time::Duration;

use proptest::prelude::*;

use crate::pauses::{Pace, Pauses, Seen, Tally, Tracker};

/// A JVM that changes its counters step by step, and remembers every pause.
#[derive(Default)]
struct Jvm {
    clock: u64,
    tally: Tally,
    pauses: Vec<u64>,
}

impl Jvm {
    /// Collects for `pause`, and calls `between` after each step, also while the collection runs.
    fn collect(&mut self, idle: u64, pause: u64, mut between: impl FnMut(Tally, usize)) {
        self.clock += idle;
        let begin = self.clock;
        self.tally.count += 1;
        between(self.tally, 0);
        self.tally.entry = begin;
        between(self.tally, 1);
        self.clock += pause;
        self.tally.exit = self.clock;
        between(self.tally, 2);
        self.tally.time += pause;
        self.pauses.push(pause);
        between(self.tally, 3);
    }
}

/// What was told so far.
#[derive(Debug, Default)]
struct Told {
    count: u64,
    time: u64,
    single: Vec<u64>,
}

impl Told {
    fn add(&mut self, seen: Seen) {
        match seen {
            Seen::Nothing | Seen::Running | Seen::First => {}
            Seen::Reset => panic!("nothing was reset"),
            Seen::Late(time) => self.time += time,
            Seen::Pauses(pauses) => {
                self.count += pauses.count();
                self.time += pauses.time();
                pauses.shares(|pause, times, _| {
                    self.single.extend(std::iter::repeat_n(pause, times as usize));
                });
            }
        }
    }
}

proptest! {
    #[test]
    fn count_and_sum_are_exact_whenever_the_jvm_is_looked_at(
        collections in prop::collection::vec((1_u64..1000, 1_u64..1000, prop::array::uniform4(any::<bool>())), 0..60),
    ) {
        let (mut jvm, mut tracker, mut told) = (Jvm::default(), Tracker::default(), Told::default());
        prop_assert_eq!(tracker.look(jvm.tally), Seen::First);
        for (idle, pause, looks) in collections {
            jvm.collect(idle, pause, |tally, step| {
                if looks[step] {
                    told.add(tracker.look(tally));
                }
            });
        }
        told.add(tracker.look(jvm.tally));
        prop_assert_eq!(told.count, jvm.pauses.len() as u64);
        prop_assert_eq!(told.time, jvm.pauses.iter().sum::<u64>());
    }

    #[test]
    fn pauses_are_exact_when_at_most_two_ended_between_looks(
        batches in prop::collection::vec(prop::collection::vec((1_u64..1000, 1_u64..1000), 0..=2), 0..30),
    ) {
        let (mut jvm, mut tracker, mut told) = (Jvm::default(), Tracker::default(), Told::default());
        tracker.look(jvm.tally);
        for batch in batches {
            for (idle, pause) in batch {
                jvm.collect(idle, pause, |tally, step| {
                    if step == 1 {
                        assert_eq!(tracker.look(tally), Seen::Running);
                    }
                });
            }
            told.add(tracker.look(jvm.tally));
        }
        told.single.sort_unstable();
        jvm.pauses.sort_unstable();
        prop_assert_eq!(told.single, jvm.pauses);
    }

    #[test]
    fn of_many_pauses_the_last_is_exact_and_the_others_are_their_mean(
        pauses in prop::collection::vec(1_u64..1_000_000, 3..40),
    ) {
        let (mut jvm, mut tracker) = (Jvm::default(), Tracker::default());
        tracker.look(jvm.tally);
        for pause in &pauses {
            jvm.collect(5, *pause, |_, _| {});
        }
        let (last, others) = pauses.split_last().expect("three at least");
        let expected = Pauses {
            last: *last,
            first: None,
            others: others.len() as u64,
            others_time: others.iter().sum(),
        };
        prop_assert_eq!(tracker.look(jvm.tally), Seen::Pauses(expected));
        let (mut count, mut sum) = (0, 0);
        expected.shares(|_, times, together| (count, sum) = (count + times, sum + together));
        prop_assert_eq!((count, sum), (pauses.len() as u64, pauses.iter().sum::<u64>()));
    }

    #[test]
    fn whatever_the_counters_say_nothing_overflows(
        readings in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()), 0..20),
    ) {
        let mut tracker = Tracker::default();
        for (count, time, entry, exit) in readings {
            if let Seen::Pauses(pauses) = tracker.look(Tally { count, time, entry, exit }) {
                pauses.shares(|_, times, _| assert!(times <= pauses.count()));
                let _ = pauses.time();
            }
        }
    }
}

#[test]
fn what_was_before_the_first_look_is_not_told() {
    let mut jvm = Jvm::default();
    jvm.collect(5, 7, |_, _| {});
    let mut tracker = Tracker::default();

    assert_eq!(tracker.look(jvm.tally), Seen::First);
    assert_eq!(tracker.look(jvm.tally), Seen::Nothing);
    jvm.collect(5, 9, |_, _| {});
    assert_eq!(tracker.look(jvm.tally), Seen::Pauses(Pauses { last: 9, ..Pauses::default() }));
}

#[test]
fn counters_that_begin_again_are_noticed() {
    let mut tracker = Tracker::default();
    tracker.look(Tally { count: 5, time: 50, entry: 90, exit: 100 });

    assert_eq!(tracker.look(Tally { count: 1, time: 3, entry: 7, exit: 10 }), Seen::Reset);
    let two = Tally { count: 2, time: 9, entry: 20, exit: 26 };
    assert_eq!(tracker.look(two), Seen::Pauses(Pauses { last: 6, ..Pauses::default() }));
}

#[test]
fn the_pace_quickens_with_collections_and_slackens_without() {
    let ms = Duration::from_millis;
    let mut pace = Pace::new(ms(100), ms(250));

    let quiet: Vec<Duration> = (0..12).map(|_| pace.next(0)).collect();
    assert!(quiet.is_sorted() && quiet.last() == Some(&ms(250)), "{quiet:?}");
    assert_eq!(pace.next(1), ms(250));
    assert_eq!(pace.next(3), ms(125));
    assert_eq!(pace.next(2), ms(100));
}
