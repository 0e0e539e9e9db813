//! Pauses and their lines, against a JVM that remembers every pause and why it was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::pauses::{Join, Line, Pauses, Seen, Share, Tally, Tracker};

const PATIENCE: Duration = Duration::from_secs(2);

/// Count and sum by cause.
type Sums = BTreeMap<Option<u8>, (u64, u64)>;

fn add(sums: &mut Sums, share: &Share<u8>) {
    let of = sums.entry(share.cause).or_default();
    *of = (of.0 + share.times, of.1 + share.sum);
}

fn total(sums: &Sums) -> (u64, u64) {
    sums.values().fold((0, 0), |(count, sum), of| (count + of.0, sum + of.1))
}

/// What happens to a pause, and between it and the next.
#[derive(Clone, Debug)]
struct Step {
    idle: u64,
    pause: u64,
    cause: u8,
    /// Its line is lost, as when reading falls behind, the file is deleted or the log is switched off.
    lost: bool,
    /// So much later than the pause the line is written, in microseconds, and rounded to milliseconds.
    written: u64,
    /// Nobody looks at the counters, nobody reads the log.
    unseen: bool,
    unread: bool,
    /// The log is tailed.
    tailed: bool,
    /// Milliseconds that pass.
    wait: u64,
}

fn step(losses: bool) -> impl Strategy<Value = Step> {
    let pause = (2_000_000_u64..1_000_000_000, 2_000_000_u64..500_000_000, 0_u8..3, 0_u64..900);
    let seen = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 0_u64..3000);
    (pause, seen).prop_map(move |((idle, pause, cause, written), (unseen, unread, lost, tailed, wait))| {
        Step {
            idle,
            pause,
            cause,
            lost: losses && lost,
            written,
            unseen,
            unread,
            tailed: tailed || !losses,
            wait: if losses { wait } else { wait / 100 },
        }
    })
}

/// Plays `steps`; what was told, and what is true.
fn play(steps: Vec<Step>) -> (Sums, Sums) {
    let (mut tracker, mut join, mut now) = (Tracker::default(), Join::default(), Instant::now());
    let (mut tally, mut clock) = (Tally::default(), 0);
    let (mut told, mut truth) = (Sums::new(), Sums::new());
    let mut unread: Vec<Line<u8>> = Vec::new();
    tracker.look(tally);
    let look = |tracker: &mut Tracker, join: &mut Join<u8>, told: &mut Sums, tally, tailed, now| {
        let after = tracker.exit().unwrap_or(0);
        if let Seen::Pauses(pauses) = tracker.look(tally) {
            if tailed {
                join.counted(pauses, (after, tally.exit), now);
            } else {
                pauses.shares(|each, times, sum| add(told, &Share { each, times, sum, cause: None }));
            }
        }
    };
    for step in steps {
        let Step { idle, pause, cause, lost, written, tailed, .. } = step;
        let (entry, exit) = (clock + idle, clock + idle + pause);
        clock = exit;
        tally = Tally { count: tally.count + 1, time: tally.time + pause, entry, exit };
        add(&mut truth, &Share { each: pause, times: 1, sum: pause, cause: Some(cause) });
        if !lost {
            let uptime = (exit + written * 1000) / 1_000_000 * 1_000_000;
            // A log rounds what it says.
            let nanoseconds = pause / 1000 * 1000;
            unread.push(Line { middle: uptime.saturating_sub(nanoseconds / 2), nanoseconds, cause });
        }
        if !step.unread {
            unread.drain(..).for_each(|line| join.logged(line, now));
        }
        if !step.unseen {
            look(&mut tracker, &mut join, &mut told, tally, tailed, now);
        }
        now += Duration::from_millis(step.wait);
        let patience = if tailed { PATIENCE } else { Duration::ZERO };
        join.settle(now, patience, |share| add(&mut told, &share));
    }
    unread.drain(..).for_each(|line| join.logged(line, now));
    look(&mut tracker, &mut join, &mut told, tally, true, now);
    join.settle(now + PATIENCE, PATIENCE, |share| add(&mut told, &share));
    assert!(!join.is_awaiting());
    (told, truth)
}

proptest! {
    #[test]
    fn count_and_sum_are_those_of_the_counters_whatever_becomes_of_the_log(
        steps in prop::collection::vec(step(true), 0..60),
    ) {
        let (told, truth) = play(steps);
        prop_assert_eq!(total(&told), total(&truth));
        for (cause, (count, _)) in told {
            if cause.is_some() {
                prop_assert!(count <= truth[&cause].0, "no cause is told more often than it was one");
            }
        }
    }

    #[test]
    fn with_every_line_every_pause_has_its_cause(steps in prop::collection::vec(step(false), 0..30)) {
        let (told, truth) = play(steps);
        let counts = |sums: &Sums| sums.iter().map(|(cause, of)| (*cause, of.0)).collect::<Vec<_>>();
        prop_assert_eq!(counts(&told), counts(&truth));
        prop_assert_eq!(total(&told), total(&truth));
        for (cause, (_, sum)) in told {
            let exactly = truth[&cause].1;
            prop_assert!(sum.abs_diff(exactly) <= exactly / 500, "{sum} instead of {exactly}");
        }
    }

    #[test]
    fn whatever_a_log_says_nothing_overflows(
        lines in prop::collection::vec((any::<u64>(), any::<u64>()), 0..20),
        looks in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>(), 0..20_u64, any::<u64>(), any::<u64>()), 0..20),
    ) {
        let (mut join, now) = (Join::default(), Instant::now());
        for (middle, nanoseconds) in lines {
            join.logged(Line { middle, nanoseconds, cause: () }, now);
        }
        let mut expected = 0;
        for (last, others_time, late, others, after, until) in looks {
            let pauses = Pauses { last, first: None, others, others_time };
            expected += pauses.count();
            join.counted(pauses, (after, until), now);
            join.late(late);
        }
        let mut count = 0;
        join.settle(now, Duration::ZERO, |share| count += share.times);
        prop_assert_eq!(count, expected);
    }
}

fn line(middle: u64, nanoseconds: u64, cause: &'static str) -> Line<&'static str> {
    Line { middle, nanoseconds, cause }
}

fn settled(join: &mut Join<&'static str>, now: Instant) -> Vec<(u64, u64, Option<&'static str>)> {
    let mut shares = Vec::new();
    join.settle(now, PATIENCE, |share| shares.push((share.each, share.times, share.cause)));
    shares
}

#[test]
fn several_pauses_get_what_their_lines_say_stretched_to_the_sum_of_the_counters() {
    let (mut join, now) = (Join::default(), Instant::now());
    join.counted(Pauses { last: 30, first: None, others: 2, others_time: 40 }, (100, 500), now);
    assert_eq!(settled(&mut join, now), []);
    for (middle, took, cause) in [(150, 5, "a"), (250, 15, "b"), (485, 29, "c")] {
        assert!(join.is_awaiting());
        join.logged(line(middle, took, cause), now);
    }
    assert_eq!(settled(&mut join, now), [(10, 1, Some("a")), (30, 1, Some("b")), (30, 1, Some("c"))]);
}

#[test]
fn lines_may_come_first_and_those_of_earlier_pauses_are_passed_over() {
    let (mut join, now) = (Join::default(), Instant::now());
    join.logged(line(50, 9, "earlier"), now);
    join.logged(line(150, 9, "a"), now);
    join.logged(line(120, 9, "of another life"), now);
    join.counted(Pauses { last: 10, ..Pauses::default() }, (100, 155), now);
    assert_eq!(settled(&mut join, now), [(10, 1, Some("a"))]);
}

#[test]
fn without_its_line_a_pause_waits_until_patience_ends_or_the_log_goes_on() {
    let (mut join, now) = (Join::default(), Instant::now());
    join.counted(Pauses { last: 10, ..Pauses::default() }, (100, 150), now);
    assert_eq!(settled(&mut join, now + PATIENCE / 2), []);
    assert_eq!(settled(&mut join, now + PATIENCE), [(10, 1, None)]);

    join.counted(Pauses { last: 10, ..Pauses::default() }, (150, 250), now);
    join.logged(line(300, 1, "later"), now);
    assert_eq!(settled(&mut join, now), [(10, 1, None)]);
}

#[test]
fn lines_that_nobody_waits_for_are_forgotten() {
    let (mut join, now) = (Join::default(), Instant::now());
    join.logged(line(u64::MAX, 1, "of a JVM that has been up for long"), now);
    let later = now + Duration::from_secs(11);
    assert_eq!(settled(&mut join, later), []);
    join.logged(line(150, 1, "a"), later);
    for middle in 151..600 {
        join.logged(line(middle, 1, "b"), later);
    }
    join.counted(Pauses { last: 1, ..Pauses::default() }, (100, 150), later);
    assert_eq!(settled(&mut join, later), [(1, 1, None)]);
}

#[test]
fn time_that_shows_late_is_added_to_what_waits() {
    let (mut join, now) = (Join::default(), Instant::now());
    assert!(!join.late(5));
    for (pauses, expected) in [
        (Pauses { last: 0, ..Pauses::default() }, vec![(5, 1, None)]),
        (Pauses { last: 7, first: Some(1), ..Pauses::default() }, vec![(7, 1, None), (6, 1, None)]),
        (Pauses { last: 7, first: None, others: 2, others_time: 1 }, vec![(7, 1, None), (3, 2, None)]),
    ] {
        join.counted(pauses, (100, 150), now);
        assert!(join.late(5));
        assert_eq!(settled(&mut join, now + PATIENCE), expected);
    }
}
