use super::super::hash::HashedMap;
use super::super::limits::WORDS_SIZE;
use super::super::{Event, Limits, Miner};

const SMALL: Limits = Limits { templates: 64, siblings: 32, signatures: 512, bytes: 64 << 10 };

/// A word without digits for each number.
fn word(mut number: usize) -> String {
    let mut word = String::new();
    loop {
        word.push(char::from(b'g' + (number % 17) as u8));
        number /= 17;
        if number == 0 {
            return word;
        }
    }
}

#[test]
fn forgets_what_was_not_seen_for_longest() {
    let mut miner = Miner::new(SMALL);
    let usual = miner.mine(b"the usual thing happened");
    let mut forgotten = 0;
    for number in 0..1000 {
        let words = word(number);
        miner.mine(format!("{}: {words}", "; ".repeat(number % 50)).as_bytes());
        miner.mine(format!("{words} ({words}) {}", "! ".repeat(number % 37)).as_bytes());
        miner.mine(b"the usual thing happened");
        assert!(miner.len() <= SMALL.templates);
        forgotten += miner.take_events().filter(|event| matches!(event, Event::Forgotten { .. })).count();
    }

    assert_eq!(miner.text(usual), Some("the usual thing happened"));
    assert!(forgotten > 0);
    assert_eq!(miner.forgotten(), forgotten as u64);
}

#[test]
fn endless_values_of_a_variable_do_not_pile_up() {
    let mut miner = Miner::new(SMALL);
    for number in 0..20_000 {
        miner.mine(format!("hello user {} and welcome", word(number)).as_bytes());
        assert!(miner.learned.signatures.len() <= SMALL.signatures);
    }

    assert_eq!(miner.len(), 1);
    assert_eq!(miner.forgotten(), 0);
}

#[test]
fn long_lines_are_cut() {
    let mut miner = Miner::new(SMALL);
    let long = "word ".repeat(100_000);

    let id = miner.mine(long.as_bytes());

    assert!(miner.text(id).expect("is known").len() < 8 << 10);
}

#[test]
fn many_templates_of_one_shape_do_not_slow_it_down_for_ever() {
    let mut miner = Miner::new(SMALL);
    for number in 0..5_000 {
        let words = [word(number * 31), word(number * 17 + 3), word(number * 7 + 11), word(number * 13 + 5)];
        miner.mine(words.join(" ").as_bytes());
    }

    assert!(miner.len() <= SMALL.templates);
}

#[test]
fn a_template_that_was_forgotten_is_found_again() {
    let mut miner = Miner::new(SMALL);
    let first = miner.mine(b"hello gig from nobody at all");
    for number in 0..200 {
        miner.mine(
            format!(
                "{} {} {} {} {} {}",
                word(number),
                word(number * 3),
                word(number * 5),
                word(number * 7),
                word(number * 11),
                word(number * 13)
            )
            .as_bytes(),
        );
    }
    assert_eq!(miner.text(first), None);

    assert_eq!(miner.mine(b"hello gig from nobody at all"), first);
    assert!(miner.take_events().any(|event| event == Event::Forgotten { id: first }));
}

/// Bytes of a table: an entry and a byte for each place, of which an eighth stays free.
fn table<V>(table: &HashedMap<V>) -> usize {
    table.capacity() * 8 / 7 * (size_of::<(u64, V)>() + 1)
}

/// Bytes that `miner` holds beside words, with 16 for each allocation.
fn held(miner: &Miner) -> usize {
    let learned = &miner.learned;
    let lists = [&learned.shapes, &learned.folds];
    let lists = lists.map(|lists| {
        table(lists) + lists.values().map(|list| 16 + list.capacity() * size_of::<u32>()).sum::<usize>()
    });
    learned.nodes.held() + table(&learned.signatures) + lists.iter().sum::<usize>()
}

/// Makes the line with a number.
type Line = fn(usize) -> String;

#[test]
fn takes_no_more_memory_than_it_says() {
    const LIMITS: Limits = Limits::of_templates(256);
    let kinds: [(&str, Line); 6] = [
        ("short lines of other shapes", |number| format!("{}{}", word(number), ";".repeat(number % 211))),
        ("long lines", |number| {
            format!("{} {}", word(number), format!("{} and ", word(number * 7)).repeat(number % 400))
        }),
        ("single words", word),
        ("values of one place", |number| format!("hello user {} and welcome to the shop", word(number))),
        ("lists", |number| format!("found {}1", "1, ".repeat(number % 300))),
        ("mixed", |number| match number % 3 {
            0 => format!("{}: {}", "! ".repeat(number % 97), word(number)),
            1 => format!("user {} said {}", word(number), word(number * 3)),
            _ => format!("{}={};", word(number % 900), word(number)),
        }),
    ];
    let mut all = Miner::new(LIMITS);
    for (kind, line) in kinds {
        let mut miner = Miner::new(LIMITS);
        for number in 0..2_000 {
            miner.mine(line(number).as_bytes());
            all.mine(line(number).as_bytes());
            miner.take_events().for_each(drop);
            all.take_events().for_each(drop);
        }
        let bound = LIMITS.memory_bound() - WORDS_SIZE;
        assert!(all.learned.values.held() <= WORDS_SIZE);
        assert!(held(&miner) <= bound, "{kind}: {} above {bound}", held(&miner));
        assert!(held(&all) <= bound, "all up to {kind}: {} above {bound}", held(&all));
    }
}
