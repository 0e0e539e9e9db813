use std::time::Instant;

use edgewatch_core::refusal::RefusalKind;

use super::super::levels::{Change, Choice, Fate, Levels, Seen, Tried};
use super::INTERVAL;

const GOOD: Seen = Seen { admits: true, failing: false };
const FAILING: Seen = Seen { admits: true, failing: true };
const FULL: Seen = Seen { admits: false, failing: false };

fn choose(levels: &mut Levels, now: Instant, seen: &[Seen], tried: Tried) -> Option<usize> {
    levels.choose(now, seen, tried, &mut Vec::new()).map(|choice| choice.level)
}

#[test]
fn a_level_fails_once_however_many_batches_it_refuses() {
    let (mut levels, now) = (Levels::new(2, INTERVAL), Instant::now());
    let mut changes = Vec::new();
    for _ in 0..3 {
        levels.choose(now, &[GOOD, GOOD], Tried::default(), &mut changes);
    }
    for later in [0, 50, 55] {
        let now = now + std::time::Duration::from_secs(later);
        levels.settle(0, Fate::Refused(RefusalKind::Unavailable), now, &mut changes);
    }
    assert_eq!(changes, [Change::Failed(0)]);

    let seen = [GOOD, GOOD];
    assert_eq!(choose(&mut levels, now + INTERVAL - INTERVAL / 60, &seen, Tried::default()), Some(1));
    assert_eq!(
        choose(&mut levels, now + INTERVAL, &seen, Tried::default()),
        Some(0),
        "the first refusal counts"
    );
}

#[test]
fn a_full_level_is_not_probed() {
    let (mut levels, now) = (Levels::new(2, INTERVAL), Instant::now());
    assert_eq!(choose(&mut levels, now, &[FULL, GOOD], Tried::default()), Some(1));
    assert_eq!(choose(&mut levels, now + 2 * INTERVAL, &[FULL, GOOD], Tried::default()), Some(1));
    assert_eq!(choose(&mut levels, now + 2 * INTERVAL, &[FAILING, GOOD], Tried::default()), Some(0));
}

#[test]
fn a_level_that_takes_batches_is_preferred_to_a_full_one_when_none_works() {
    let (mut levels, now) = (Levels::new(3, INTERVAL), Instant::now());
    assert_eq!(choose(&mut levels, now, &[FULL, FAILING, FAILING], Tried::default()), Some(1));
    assert_eq!(choose(&mut levels, now, &[FULL, FULL, FULL], Tried::default()), Some(0));
}

#[test]
fn the_last_level_is_known_as_such() {
    let (mut levels, now) = (Levels::new(3, INTERVAL), Instant::now());
    let mut tried = Tried::default();
    let mut chosen = Vec::new();
    while let Some(choice) = levels.choose(now, &[GOOD; 3], tried, &mut Vec::new()) {
        tried.add(choice.level);
        chosen.push(choice);
    }
    let expected = [(0, false), (1, false), (2, true)].map(|(level, last)| Choice { level, last });
    assert_eq!(chosen, expected);
}
