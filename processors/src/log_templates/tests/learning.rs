use std::time::{Duration, Instant};

use edgewatch_core::learned::{PART, Unusable};
use edgewatch_core::processor::{Emitter, Processor};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::LogTemplates;
use super::super::processor::{ID, SURPRISE, TEXT};
use super::{line, lines, processor, string};
use crate::testing::{logs, metrics_of, records_of, resource, text};

fn saved(processor: &mut LogTemplates) -> Vec<Vec<u8>> {
    let learned = processor.learned().expect("learns");
    let mut parts = Vec::new();
    let mut position = Some(0);
    while let Some(at) = position {
        let mut part = Vec::new();
        position = learned.save(at, &mut part);
        assert!(position.is_none_or(|next| next > at));
        parts.push(part);
    }
    parts
}

/// A successor of `processor`.
fn successor(of: &mut LogTemplates, config: &str) -> LogTemplates {
    let mut successor = processor(config);
    for part in saved(of) {
        successor.learned().expect("learns").restore(&part).expect("its own part");
    }
    successor
}

fn take(
    processor: &mut LogTemplates,
    service: &str,
    records: Vec<LogRecord>,
    now: Instant,
) -> Vec<LogRecord> {
    let mut out = Emitter::default();
    let observed = |record| LogRecord { observed_time_unix_nano: 1_700_000_000_000_000_000, ..record };
    let records = records.into_iter().map(observed).collect();
    let resource = resource(&[text("service.name", service)]);
    processor.process(logs(resource, records), now, &mut out).expect("takes it");
    out.take().iter().flat_map(records_of).collect()
}

fn names() -> Vec<LogRecord> {
    let names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"];
    names.map(|name| line(&format!("hello user {name} and welcome to the shop"), 9)).to_vec()
}

#[test]
fn a_restart_keeps_ids_and_calls_nothing_old_new() {
    let now = Instant::now();
    let mut before = processor("{}");
    take(&mut before, "shop", names(), now);
    take(&mut before, "shop", (0..5_000).map(|n| line(&format!("took {n} ms"), 9)).collect(), now);

    let mut after = successor(&mut before, "{}");
    let records = vec![line("hello user zoe and welcome to the shop", 9), line("never said before", 9)];
    let expected = take(&mut before, "shop", records.clone(), now);
    let found = take(&mut after, "shop", records, now);

    assert_eq!(found, expected);
    assert_eq!(string(&found[0], TEXT), Some("hello user <*> and welcome to the shop"));
    assert_ne!(string(&found[0], SURPRISE), Some("new"));
    assert_eq!(string(&found[1], SURPRISE), Some("new"));
}

#[test]
fn sums_begin_anew_and_a_template_that_stays_silent_is_told_all_the_same() {
    let now = Instant::now();
    let minute = Duration::from_secs(60);
    let mut before = processor("{}");
    take(&mut before, "shop", lines(&["ready", "took 5 ms", "took 6 ms"]), now);
    before.tick(now + minute, &mut Emitter::default());

    let mut after = successor(&mut before, "{}");
    take(&mut after, "shop", lines(&["took 5 ms"]), now);
    let mut out = Emitter::default();
    after.tick(now + minute, &mut out);

    let derived = out.take();
    let counts = &metrics_of(&derived[0])[0];
    let values = format!("{:?}", counts.data);
    assert_eq!(values.matches("AsInt(1)").count(), 1, "{values}");
    assert_eq!(values.matches("AsInt(0)").count(), 1, "{values}");
}

#[test]
fn parts_stay_small_however_much_was_learned() {
    let mut subject = processor(r#"{"max_templates": 20000}"#);
    let now = Instant::now();
    let word = |number: usize| char::from(b'g' + (number % 17) as u8).to_string().repeat(number % 31 + 2);
    let records = (0..15_000).map(|number| {
        let words = [word(number), word(number / 7), word(number / 49), word(number / 343)].join(" ");
        line(&format!("{}{words}", "; ".repeat(number % 61)), 9)
    });
    take(&mut subject, "shop", records.collect(), now);
    subject.tick(now + Duration::from_secs(60), &mut Emitter::default());

    let parts = saved(&mut subject);

    assert!(parts.len() > 4, "{}", parts.len());
    assert!(parts.iter().all(|part| part.len() < PART + 16 * 1024));
    let mut after = successor(&mut subject, r#"{"max_templates": 20000}"#);
    assert_eq!(saved(&mut after), parts);
}

#[test]
fn services_beyond_the_most_are_refused_and_nothing_changes() {
    let now = Instant::now();
    let mut before = processor("{}");
    for service in ["one", "two"] {
        take(&mut before, service, lines(&["ready"]), now);
    }
    let mut after = processor(r#"{"max_services": 1}"#);
    let learned = after.learned().expect("learns");

    let refused: Vec<_> = saved(&mut before).iter().filter_map(|part| learned.restore(part).err()).collect();

    let message = Unusable("there are more services in it than max_services".to_owned());
    assert_eq!(refused, [message.clone(), message]);
    assert_eq!(after.mining.services.templates(), 1);
}

#[test]
fn what_another_version_has_written_is_refused() {
    let mut subject = processor("{}");
    let learned = subject.learned().expect("learns");

    let message = learned.restore(&[9, 0, 0]).expect_err("another version").to_string();

    assert_eq!(message, "written by another version of the processor (9)");
    assert_eq!(learned.restore(&[]), Err(Unusable("damaged".to_owned())));
}

#[test]
fn where_templates_are_lost_the_rest_does_not_make_everything_odd() {
    let now = Instant::now();
    let mut before = processor("{}");
    take(&mut before, "shop", names(), now);
    take(&mut before, "shop", (0..5_000).map(|n| line(&format!("took {n} ms"), 9)).collect(), now);
    let parts = saved(&mut before);
    let mut after = processor("{}");
    // The last part of the only service with a name is not about templates.
    after.learned().expect("learns").restore(parts.last().expect("is there")).expect("its own part");

    let found = take(&mut after, "shop", lines(&["took 5 ms", "ready"]), now);

    assert!(found.iter().all(|record| string(record, SURPRISE).is_none()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_successor_goes_on_as_if_there_had_been_no_restart(
        before in vec(("[ab]", "(took|open|user|lost) [a-z]{1,2} [0-9]{1,3}"), 0..80),
        after in vec(("[abc]", "(took|open|user|lost) [a-z]{1,2} [0-9]{1,3}"), 0..40),
    ) {
        let now = Instant::now();
        let mut first = processor(r#"{"max_templates": 16}"#);
        for (service, text) in &before {
            take(&mut first, service, lines(&[text]), now);
        }
        let mut second = successor(&mut first, r#"{"max_templates": 16}"#);
        prop_assert_eq!(saved(&mut second), saved(&mut first));
        for (service, text) in &after {
            let (one, other) =
                (take(&mut first, service, lines(&[text]), now), take(&mut second, service, lines(&[text]), now));
            prop_assert_eq!(string(&other[0], ID), string(&one[0], ID));
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn damaged_parts_do_no_harm(at in any::<prop::sample::Index>(), change in 1..=255_u8, cut in any::<prop::sample::Index>()) {
        let now = Instant::now();
        let mut before = processor("{}");
        take(&mut before, "shop", names(), now);
        let mut after = processor("{}");
        for mut part in saved(&mut before) {
            let length = part.len();
            part[at.index(length)] ^= change;
            let _ = after.learned().expect("learns").restore(&part);
            part.truncate(cut.index(length));
            let _ = after.learned().expect("learns").restore(&part);
        }
        for service in ["shop", "other"] {
            let found = take(&mut after, service, names(), now);
            prop_assert!(found.iter().all(|record| string(record, ID).is_some()));
        }
        let mut out = Emitter::default();
        after.tick(now + Duration::from_secs(60), &mut out);
        after.drain(&mut out);
    }
}
