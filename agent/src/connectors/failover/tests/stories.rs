use edgewatch_core::refusal::RefusalKind;
use edgewatch_core::router::Pipelines;

use super::*;

fn down() -> Refusal {
    Refusal::unavailable("down")
}

#[tokio::test(start_paused = true)]
async fn everything_goes_to_the_best_level_while_it_works() {
    let (bench, [mut primary, mut backup]) = bench(4);

    let mut receipt = bench.send(b"1").await;
    primary.next().await.deliver();

    assert_eq!(receipt.delivered().await, Ok(()));
    assert!(backup.is_idle());
    assert_eq!(bench.reading("otelcol_connector_failover_count"), 0.0);
    assert_eq!(bench.reading("edgewatch_connector_failover_level"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn what_a_level_refuses_goes_to_the_next_one_and_so_does_all_that_comes_later() {
    let (bench, [mut primary, mut backup]) = bench(4);

    let mut receipt = bench.send(b"1").await;
    primary.next().await.refuse(&down());
    let batch = backup.next().await;
    assert_eq!(text(&batch), "1");
    batch.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));

    let mut receipt = bench.send(b"2").await;
    backup.next().await.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));
    assert!(primary.is_idle());
    assert_eq!(bench.reading("otelcol_connector_failover_count"), 1.0);
    assert_eq!(bench.reading("edgewatch_connector_failover_resent_items"), 1.0);
    assert_eq!(bench.reading("edgewatch_connector_failover_level"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn after_the_retry_interval_one_batch_probes_and_its_delivery_brings_all_back() {
    let (bench, [mut primary, mut backup]) = bench(4);
    let _first = bench.send(b"1").await;
    primary.next().await.refuse(&down());
    backup.next().await.deliver();

    tokio::time::sleep(INTERVAL).await;
    let mut probe = bench.send(b"2").await;
    let at_primary = primary.next().await;
    let _meanwhile = bench.send(b"3").await;
    assert_eq!(backup.deliver_next().await, "3", "one probe is enough");
    at_primary.refuse(&down());
    assert_eq!(backup.deliver_next().await, "2", "a probe that fails is not lost");

    let _soon = bench.send(b"4").await;
    assert_eq!(backup.deliver_next().await, "4", "the next probe is due an interval later");
    tokio::time::sleep(INTERVAL).await;
    let mut good = bench.send(b"5").await;
    primary.next().await.deliver();
    assert_eq!(good.delivered().await, Ok(()));
    for _ in 0..3 {
        let _back = bench.send(b"6").await;
        assert_eq!(primary.deliver_next().await, "6");
    }
    assert!(backup.is_idle());
    assert_eq!(probe.delivered().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_refused_when_every_level_has_refused_it() {
    let (bench, [mut primary, mut backup]) = bench(4);

    let mut receipt = bench.send(b"1").await;
    primary.next().await.refuse(&down());
    backup.next().await.refuse(&Refusal::permanent("bad data"));

    let refusal = receipt.delivered().await.expect_err("refused");
    assert_eq!(refusal, down(), "one of them may take it another time");
}

#[tokio::test(start_paused = true)]
async fn data_that_a_level_finds_bad_is_offered_to_the_next_and_moves_nothing_else() {
    let (bench, [mut primary, mut backup]) = bench(4);

    let mut receipt = bench.send(b"1").await;
    primary.next().await.refuse(&Refusal::permanent("bad data"));
    backup.next().await.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));

    let _next = bench.send(b"2").await;
    assert_eq!(primary.deliver_next().await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_level_whose_destination_fails_gets_nothing_new_and_what_waits_there_is_not_forgotten() {
    let (bench, [mut primary, mut backup]) = bench(4);
    let mut waiting = bench.send(b"1").await;
    let at_primary = primary.next().await;

    primary.failing(true);
    let mut new = bench.send(b"2").await;
    backup.next().await.deliver();
    assert_eq!(new.delivered().await, Ok(()));

    // The queue of the primary gives up after a long time.
    tokio::time::sleep(5 * INTERVAL).await;
    assert!(primary.is_idle(), "what waits there finds out when it works again");
    at_primary.refuse(&down());
    let batch = backup.next().await;
    assert_eq!(text(&batch), "1");
    batch.deliver();
    assert_eq!(waiting.delivered().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_level_whose_retries_succeed_is_used_again_at_once() {
    let (bench, [mut primary, mut backup]) = bench(4);
    primary.failing(true);
    let _first = bench.send(b"1").await;
    assert_eq!(backup.deliver_next().await, "1");

    primary.failing(false);
    let _second = bench.send(b"2").await;
    assert_eq!(primary.deliver_next().await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_full_level_is_passed_over_and_the_connector_takes_what_one_level_takes() {
    let (bench, [mut primary, mut backup]) = bench(4);
    primary.full(true);
    assert_eq!(bench.sink.admit(), Ok(()));
    let _first = bench.send(b"1").await;
    assert_eq!(backup.deliver_next().await, "1");

    backup.full(true);
    assert_eq!(bench.sink.admit(), Err(Refusal::busy("full")));
    bench.sink.forgo(3);
    assert_eq!(primary.gate.forgone.load(Ordering::Relaxed), 3, "counted where it would have gone");
    primary.full(false);
    let _second = bench.send(b"2").await;
    assert_eq!(primary.deliver_next().await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_waits_for_room_is_taken_back_when_another_level_works() {
    let (bench, [mut primary, mut backup]) = bench(1);
    let _inside = bench.send(b"1").await;
    let (sink, (ack, mut receipt)) = (Arc::clone(&bench.sink), Ack::pair(None));
    let batch = Batch::new(Signal::Traces, Bytes::from_static(b"2"), 1, ack);
    let sending = tokio::spawn(async move { sink.send(batch).await });
    tokio::time::sleep(INTERVAL).await;
    assert!(!sending.is_finished(), "the primary is slow, and does not say that it fails");

    primary.full(true);
    let batch = backup.next().await;
    assert_eq!(text(&batch), "2");
    batch.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));
    assert_eq!(primary.deliver_next().await, "1");
    assert!(primary.is_idle(), "it is in one place only");
    sending.await.expect("sent");
}

#[tokio::test(start_paused = true)]
async fn sources_are_told_that_a_batch_is_accepted_when_a_level_says_so() {
    let (bench, [mut primary, mut backup]) = bench_of(4, [false, true]);
    assert!(bench.sink.answers_sources());

    let mut receipt = bench.send(b"1").await;
    primary.next().await.refuse(&Refusal::busy("full"));
    let mut batch = backup.next().await;
    let early = tokio::time::timeout(INTERVAL, receipt.accepted()).await;
    assert!(early.is_err(), "nobody has taken responsibility yet");
    batch.ack_mut().accepted();
    assert_eq!(receipt.accepted().await, Ok(()));
    batch.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_was_promised_may_be_refused_by_any_level_but_the_last() {
    let (bench, [mut primary, mut backup]) = bench_of(4, [true, true]);

    let _receipt = bench.send_promised(b"1").await;
    let batch = primary.next().await;
    assert!(!batch.ack().is_accepted(), "a full queue may refuse it");
    batch.refuse(&Refusal::busy("full"));
    let batch = backup.next().await;
    assert!(batch.ack().is_accepted(), "a full queue has to make room");
}

#[tokio::test(start_paused = true)]
async fn every_pipeline_of_a_level_gets_what_the_level_gets_and_one_refusal_is_enough() {
    let (mut one, first) = behind(4, false);
    let (mut two, second) = behind(4, false);
    let (mut backup, third) = behind(4, false);
    let ids = ["traces/1", "traces/2", "traces/3"];
    let pipelines: Pipelines = ids.map(str::to_owned).into_iter().zip([first, second, third]).collect();
    let [a, b, c] = ids.map(str::to_owned);
    let config = Config { priority_levels: vec![vec![a, b], vec![c]], ..Config::default() };
    let bench = connect(config, pipelines);

    let mut receipt = bench.send(b"1").await;
    one.next().await.refuse(&down());
    tokio::task::yield_now().await;
    assert!(backup.is_idle(), "the other share has not met its fate");
    two.next().await.deliver();
    backup.next().await.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn with_every_level_down_each_gets_a_batch_that_finds_out_when_it_works_again() {
    let (bench, [mut primary, mut backup]) = bench(4);
    primary.failing(true);
    backup.failing(true);
    assert!(bench.sink.is_failing());

    let _receipts = [bench.send(b"1").await, bench.send(b"2").await, bench.send(b"3").await];
    let held = [primary.next().await, backup.next().await, primary.next().await];
    assert_eq!(held.each_ref().map(text), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_pipelines_that_hold_batches_until_they_drain_can_drain() {
    let (bench, [mut primary, mut backup]) = bench(4);
    let mut receipt = bench.send(b"1").await;
    let held = primary.next().await;

    drop(bench.sink);
    assert!(primary.batches.recv().await.is_none(), "nothing can come any more");
    held.refuse(&down());
    let moved = backup.next().await;
    assert!(backup.batches.recv().await.is_none(), "nor here");
    moved.deliver();
    assert_eq!(receipt.delivered().await, Ok(()));
    bench.running.await.expect("ended well");
}

#[tokio::test(start_paused = true)]
async fn refusals_keep_their_kind() {
    let (bench, [mut only]) = bench(4);
    let mut receipt = bench.send(b"1").await;
    only.next().await.refuse(&Refusal::busy("over budget"));
    let refusal = receipt.accepted().await.expect_err("refused");
    assert!(matches!(refusal.kind, RefusalKind::Busy { .. }));
}
