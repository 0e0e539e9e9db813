use super::super::{Event, Limits, Miner};
use super::{mined, texts};

#[test]
fn a_word_becomes_a_variable_when_enough_others_stood_there() {
    let names = ["alice", "bob", "carol", "dave", "erin"];
    let lines: Vec<String> = names.map(|name| format!("session opened for user {name} by the system")).into();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();

    assert_eq!(mined(&lines[..2]), lines[..2]);
    assert_eq!(mined(&lines), ["session opened for user <*> by the system"; 5]);
}

#[test]
fn states_are_told_apart() {
    let lines = ["job moved from NEW to RUNNING state", "job moved from RUNNING to DONE state"];

    assert_eq!(mined(&lines), lines);
}

#[test]
fn assigned_values_vary_at_the_second() {
    let lines = ["request done status=ok in time", "request done status=late in time"];

    assert_eq!(mined(&lines), ["request done status=<*> in time"; 2]);
}

#[test]
fn fields_of_json_are_assigned_and_messages_are_not() {
    let lines =
        [r#"{"level":"info","msg":"Started the job"}"#, r#"{"level":"warn","msg":"Started the job"}"#];
    assert_eq!(mined(&lines)[1], r#"{"level":"<*>","msg":"Started the job"}"#);

    let lines = [r#"{"msg":"Started the job"}"#, r#"{"msg":"Stopped the job"}"#];
    assert_eq!(mined(&lines), lines);
}

#[test]
fn what_is_a_value_elsewhere_is_one_here() {
    let mut miner = Miner::new(Limits::default());
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        miner.mine(format!("session opened for user {name} by the system").as_bytes());
    }

    let lines = ["the cart of alice was emptied today", "the cart of bob was emptied today"];
    for line in lines {
        miner.mine(line.as_bytes());
    }

    assert_eq!(texts(&mut miner, &lines), ["the cart of <*> was emptied today"; 2]);
}

#[test]
fn a_merge_is_told_and_what_was_counted_is_joined() {
    let mut miner = Miner::new(Limits::default());
    let one = miner.mine(b"state=on now");
    let other = miner.mine(b"state=off now");
    let third = miner.mine(b"state=on now");

    let events: Vec<Event> = miner.take_events().collect();
    assert_eq!(other, third);
    assert_eq!(events[0], Event::New { id: one });
    assert!(events.contains(&Event::New { id: other }));
    assert!(events.contains(&Event::Merged { from: one, into: other }));
    assert_eq!(miner.templates().collect::<Vec<_>>(), [(other, "state=<*> now", 3)]);
}

#[test]
fn ids_are_those_of_the_text_alone() {
    let (mut one, mut other) = (Miner::new(Limits::default()), Miner::new(Limits::default()));
    one.mine(b"something else");

    assert_eq!(one.mine(b"took 5 ms"), other.mine(b"took 17 ms"));
}

#[test]
fn lists_of_different_length_are_of_one_template() {
    let lines = ["shard has replicas 7, 9 now", "shard has replicas 3 now", "shard has replicas 1, 5, 6 now"];

    assert_eq!(mined(&lines)[2], "shard has replicas <*> now");
    assert_eq!(
        mined(&[&lines[..], &lines[..]].concat())[3..],
        ["shard has replicas <*> now", "shard has replicas <*> now", "shard has replicas <*> now"]
    );
}

#[test]
fn verbs_that_recur_are_no_values() {
    let mut miner = Miner::new(Limits::default());
    let mut lines = Vec::new();
    for thing in
        ["the engine", "the engine of the car", "the car", "a car with an engine", "all engines at once"]
    {
        lines.extend([format!("Starting {thing}"), format!("Stopping {thing}")]);
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();

    assert_eq!(texts(&mut miner, &lines), lines);
}

#[test]
fn units_belong_to_the_size_of_their_number() {
    let lines = ["sent 12 KB to the client", "sent 3 MB to the client"];

    assert_eq!(mined(&lines)[1], "sent <*> <*> to the client");
}
