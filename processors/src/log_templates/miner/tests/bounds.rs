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
