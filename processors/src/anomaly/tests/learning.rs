use edgewatch_core::learned::Unusable;

use super::*;
use crate::anomaly::table::Rank;

#[test]
fn an_anomaly_that_is_on_ends_after_the_restart() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 2, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, 9_000.0), (1, 100.0)]));
    let start = subject.told.events[0].clone();

    let mut successor = Subject::new("{}");
    successor.restore(&subject.saved());
    // The agent was away for an hour.
    live(&mut successor, 2, GROWN + 12..GROWN + AFTERMATH);

    assert_eq!(successor.event_names(), ["edgewatch.anomaly.end"]);
    let end = &successor.told.events[0];
    assert_eq!(end.resource, start.resource);
    let key = "edgewatch.anomaly.series";
    assert_eq!(attribute(&end.record.attributes, key), attribute(&start.record.attributes, key));
}

#[test]
fn what_was_learned_is_saved_in_parts_and_found_again_whole() {
    let mut subject = Subject::new("{}");
    for beat in 0..6 {
        subject.take(gauges(at(beat), (0..1_500).map(|series| (series, usual(series, beat)))));
    }
    let parts = subject.saved();
    assert!(parts.len() > 3, "{}", parts.len());

    let mut successor = Subject::new("{}");
    successor.restore(&parts);
    let table = &successor.processor.scoring.table;
    assert_eq!((table.count(Rank::Young), table.count(Rank::Newcomer)), (1_500, 0));
    // Handed in once more, nothing is there twice.
    successor.restore(&parts);
    assert_eq!(successor.processor.scoring.table.count(Rank::Young), 1_500);
}

#[test]
fn what_does_not_fit_any_more_is_left_out() {
    let mut subject = Subject::new("{}");
    for beat in 0..4 {
        subject.take(gauges(at(beat), (0..2_500).map(|series| (series, usual(series, beat)))));
    }
    let mut successor = Subject::new(r#"{"memory_limit_mib": 1}"#);
    successor.restore(&subject.saved());
    assert!(successor.processor.scoring.bytes() <= 1 << 20);
    let young = successor.processor.scoring.table.count(Rank::Young);
    assert!((600..2_000).contains(&young), "{young}");
}

#[test]
fn a_series_that_is_no_longer_to_be_scored_ends_its_anomaly() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 1, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, 9_000.0)]));

    let mut successor = Subject::new(r#"{"rules": [{"enabled": false}]}"#);
    successor.restore(&subject.saved());
    live(&mut successor, 1, GROWN + 1..GROWN + 3);

    assert_eq!(successor.event_names(), ["edgewatch.anomaly.end"]);
    let reason = attribute(&successor.told.events[0].record.attributes, "edgewatch.anomaly.end.reason");
    assert_eq!(reason, Some(Value::StringValue("disabled".to_owned())));
    assert_eq!(successor.reading("series", &[]), 0.0);
}

#[test]
fn damaged_state_is_told_and_leaves_the_processor_as_it_was() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 3, 0..10);
    let parts = subject.saved();
    let mut refused = 0;
    for part in &parts {
        for end in (0..part.len()).step_by(13) {
            let mut successor = Subject::new(r#"{"memory_limit_mib": 1}"#);
            let learned = successor.processor.learned().expect("learns");
            let result = learned.restore(&part[..end]);
            // Cut between two series, the rest is whole.
            if result.is_err() {
                refused += 1;
                assert_eq!(successor.reading("unusable_state", &[]), 1.0);
                assert_eq!(successor.processor.scoring.table.count(Rank::Young), 0);
            }
        }
    }
    let cuts: usize = parts.iter().map(|part| part.len().div_ceil(13)).sum();
    assert!(refused > cuts * 9 / 10, "{refused} of {cuts}");
    let mut successor = Subject::new("{}");
    let learned = successor.processor.learned().expect("learns");
    assert_eq!(
        learned.restore(&[9, 1, 2]),
        Err(Unusable("state of version 9, this build reads version 2".to_owned()))
    );
}

#[test]
fn a_restart_changes_nothing_when_there_is_no_room() {
    let small = r#"{"memory_limit_mib": 1}"#;
    let mut subject = Subject::new(small);
    let flood = |subject: &mut Subject, beats: std::ops::Range<u64>| {
        for beat in beats {
            // Some stay, some live for six beats.
            let series = (0..500).chain(1_000 + beat / 6 * 500..1_700 + beat / 6 * 500);
            subject.take(gauges(at(beat), series.map(|series| (series, usual(series, beat)))));
        }
    };
    flood(&mut subject, 0..16);
    let mut successor = Subject::new(small);
    successor.told = subject.told.clone();
    successor.restore(&subject.saved());
    flood(&mut subject, 16..40);
    flood(&mut successor, 16..40);

    let stays = |subject: &Subject| {
        let table = &subject.processor.scoring.table;
        let numbers = (0..table.numbers()).filter_map(|number| u32::try_from(number).ok());
        let mut stays: Vec<_> = numbers.filter_map(|number| Some(table.saved(number)?.1)).collect();
        stays.sort_by_key(|stay| stay.key);
        stays
    };
    assert!(subject.reading("forgotten_series", &[]) > 100.0);
    assert_eq!(stays(&successor), stays(&subject));
    assert_eq!(successor.told, subject.told);
}

#[test]
fn anomalies_that_there_is_no_room_for_any_more_end() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 5, 0..GROWN);
    subject.take(gauges(at(GROWN), (0..5).map(|series| (series, 9_000.0))));
    assert_eq!(subject.event_names().len(), 5);

    let mut successor = Subject::new(r#"{"max_active": 2}"#);
    successor.restore(&subject.saved());
    successor.tick();
    assert_eq!(successor.event_names(), ["edgewatch.anomaly.end"; 3]);
    live(&mut successor, 5, GROWN + 1..GROWN + AFTERMATH);

    assert_eq!(successor.event_names(), ["edgewatch.anomaly.end"; 5]);
    let series = |events: &[Event]| -> Vec<_> {
        let key =
            |event: &Event| format!("{:?}", attribute(&event.record.attributes, "edgewatch.anomaly.series"));
        let mut keys: Vec<_> = events.iter().map(key).collect();
        keys.sort();
        keys
    };
    assert_eq!(series(&successor.told.events), series(&subject.told.events));
}

#[test]
fn the_later_state_of_a_series_that_was_saved_twice_counts() {
    let mut subject = Subject::new("{}");
    live(&mut subject, 1, 0..GROWN);
    subject.take(gauges(at(GROWN), [(0, 9_000.0)]));
    let mut parts = subject.saved();
    live(&mut subject, 1, GROWN + 1..GROWN + 2);
    parts.extend(subject.saved());

    let mut successor = Subject::new("{}");
    successor.restore(&parts);
    live(&mut successor, 1, GROWN + 2..GROWN + AFTERMATH);
    assert_eq!(successor.event_names(), ["edgewatch.anomaly.end"]);
    let reason = attribute(&successor.told.events[0].record.attributes, "edgewatch.anomaly.end.reason");
    assert_eq!(reason, Some(Value::StringValue("calm".to_owned())));
}
