//! What processors derive, and where it goes.

use super::reload::bench::with;
use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// Finds something in every batch: a log record with the same text and the mark behind it. At the end it says so.
struct Find(u8);

impl Find {
    fn found(text: &[u8]) -> Batch {
        Batch::new(Signal::Logs, Bytes::copy_from_slice(text), 1, Ack::none())
    }
}

impl Processor for Find {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        let mut text = batch.segments().concat();
        text.push(self.0);
        out.emit(Self::found(&text));
        out.emit(batch);
        Ok(())
    }

    fn drain(&mut self, out: &mut Emitter) {
        out.emit(Self::found(b"end"));
    }
}

fn find(id: &str) -> Named<Box<dyn Processor>> {
    with(named(id, || Box::new(Find(b'!'))), "same")
}

/// `traces` with the processor `find`, and one pipeline of logs for each of `logs`, with its exporter of the same name.
fn plan(
    receiver: &Prepared<Box<dyn Receiver>>,
    data: &Destination,
    logs: &[(&str, Named<AnyExporter>)],
) -> Plan {
    let mut plan = Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        processors: vec![find("find")],
        exporters: vec![with(data.named("data"), "same")],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["find"], &["data"])],
        ..Plan::default()
    };
    for (id, exporter) in logs {
        let Named { id: name, prepared } = exporter;
        plan.pipelines.push(pipeline(id, Signal::Logs, &["find"], &[], &[name]));
        plan.exporters.push(Named { id: name.clone(), prepared: prepared.clone() });
    }
    plan
}

#[tokio::test(start_paused = true)]
async fn what_is_derived_goes_to_the_pipelines_that_name_the_processor_also_at_the_end() {
    let (source, receiver) = source();
    let (data, mut at_data) = destination();
    let (logs, mut at_logs) = destination();
    let mut plan = plan(&with(receiver, "same").prepared, &data, &[("logs", logs.named("logs"))]);
    // The same processor in another pipeline, behind one that does not see what was derived.
    plan.processors.push(named("mark", || Box::new(Mark(b'x'))));
    plan.pipelines.push(pipeline("traces/2", Signal::Traces, &["source"], &["find", "mark"], &["data"]));
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));
    assert_eq!([at_data.recv().await, at_data.recv().await].map(Option::unwrap), ["1", "1x"]);
    assert_eq!([at_logs.recv().await, at_logs.recv().await].map(Option::unwrap), ["1!", "1!"]);

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!([at_logs.recv().await, at_logs.recv().await].map(Option::unwrap), ["end", "end"]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_wants_is_gone_and_a_pipeline_of_its_own_signal_takes_it_as_data() {
    let (source, receiver) = source();
    let (data, mut at_data) = destination();
    let mut plan = plan(&receiver.prepared, &data, &[]);
    plan.pipelines.push(pipeline("logs", Signal::Logs, &["other"], &["find"], &["data"]));
    let (hand, other) = super::source();
    plan.receivers.push(Named { id: "other".to_owned(), prepared: other.prepared });
    let running = build(&plan, &surroundings()).await.expect("a good plan");

    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));
    assert_eq!(at_data.recv().await.as_deref(), Some("1"));
    let (ack, mut receipt) = Ack::pair(None);
    let batch = Batch::new(Signal::Logs, Bytes::from_static(b"2"), 1, ack);
    hand.sender.send(batch).await.expect("the receiver runs");
    assert_eq!(receipt.delivered().await, Ok(()));
    assert_eq!([at_data.recv().await, at_data.recv().await].map(Option::unwrap), ["2!", "2"]);

    drop((source, hand));
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_dead_destination_of_what_is_derived_does_not_hold_up_the_data_and_its_loss_is_counted() {
    let stalls = Prepared::from_fn(|_| {
        let mut delivery = Delivery::local();
        delivery.queue.queue_size = 2.try_into().ok();
        delivery.queue.block_on_overflow = true;
        Ok(BuiltExporter { exporter: Box::new(Dead), delivery }.into())
    });
    for dead in [dead_with_queue_of(2), Named { id: "dead".to_owned(), prepared: stalls }] {
        let (source, receiver) = source();
        let (data, mut at_data) = destination();
        let plan = plan(&receiver.prepared, &data, &[("logs", dead)]);
        let surroundings = surroundings();
        let running = build(&plan, &surroundings).await.expect("a good plan");

        for _ in 0..100 {
            let sent = tokio::time::timeout(Duration::from_secs(1), delivered(&source));
            assert_eq!(sent.await, Ok(Ok(())), "data goes on");
            assert_eq!(at_data.recv().await.as_deref(), Some("1"));
        }
        let missed = reading(&surroundings.registry, "otelcol_exporter_enqueue_failed_log_records", &[]);
        // What the queue, the pipeline and its entrance hold is not lost yet.
        assert!((60.0..=99.0).contains(&missed), "{missed}");

        drop(source);
        assert_eq!(running.stop(deadline()).await, Ended::CutShort);
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_what_is_derived_is_not_lost_while_its_pipeline_goes_on() {
    let (source, receiver) = source();
    let (data, mut at_data) = destination();
    let (logs, mut at_logs) = destination();
    let roomy = logs.clone();
    let roomy = Prepared::from_fn(move |_| {
        let mut delivery = Delivery::local();
        delivery.queue.queue_size = 1000.try_into().ok();
        Ok(BuiltExporter { exporter: Box::new(roomy.clone()), delivery }.into())
    });
    let roomy = Named { id: "logs".to_owned(), prepared: roomy };
    let mut plan = plan(&receiver.prepared, &data, &[("logs", roomy)]);
    plan.processors = vec![named("find", || Box::new(Burst))];
    let running = build(&plan, &surroundings()).await.expect("a good plan");
    let counting = tokio::spawn(async move {
        let mut found = 0;
        while at_logs.recv().await.is_some() {
            found += 1;
        }
        found
    });

    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));
    assert_eq!(at_data.recv().await.as_deref(), Some("1"));
    drop((source, plan, logs));
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!(counting.await.expect("no panic"), 500);
}

/// Finds more at once than an entrance takes.
struct Burst;

impl Processor for Burst {
    fn process(&mut self, batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        (0..500).for_each(|_| out.emit(Find::found(b"!")));
        out.emit(batch);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_reload_leads_what_is_derived_elsewhere_and_leaves_the_pipeline_as_it_is() {
    let (source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let (data, mut at_data) = destination();
    let (a, mut at_a) = destination();
    let (b, mut at_b) = destination();
    let logs = |id: &'static str, to: &Destination| (id, with(to.named(id), "same"));
    let mut running = build(&plan(&receiver, &data, &[]), &surroundings()).await.expect("a good plan");
    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));

    let both = plan(&receiver, &data, &[logs("logs/a", &a), logs("logs/b", &b)]);
    let changes = running.reload(&both, PATIENCE).await.expect("a good plan");
    assert_eq!((changes.kept, changes.replaced.len(), changes.added.len()), (3, 0, 4));
    assert_eq!(source.send(b"2").await.delivered().await, Ok(()));
    assert_eq!([at_a.recv().await, at_b.recv().await].map(Option::unwrap), ["2!", "2!"]);

    let one = plan(&receiver, &data, &[logs("logs/b", &b)]);
    let changes = running.reload(&one, PATIENCE).await.expect("a good plan");
    assert_eq!(changes.removed, ["pipeline logs/a", "exporter logs/a"]);
    assert_eq!(source.send(b"3").await.delivered().await, Ok(()));
    assert_eq!(at_b.recv().await.as_deref(), Some("3!"));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!((at_a.try_recv().ok(), at_b.recv().await.as_deref()), (None, Some("end")));
    assert_eq!(
        [at_data.recv().await, at_data.recv().await, at_data.recv().await].map(Option::unwrap),
        ["1", "2", "3"]
    );
}

#[tokio::test]
async fn a_ring_through_what_is_derived_is_refused_and_named() {
    let plan = Plan {
        processors: vec![find("find"), find("count")],
        pipelines: vec![
            pipeline("traces/before", Signal::Traces, &["source"], &["find"], &["data"]),
            pipeline("traces", Signal::Traces, &["count"], &["find"], &["data"]),
            pipeline("logs", Signal::Logs, &["find"], &["count"], &["data"]),
        ],
        ..Plan::default()
    };
    let error = build(&plan, &surroundings()).await.err().expect("a ring");
    assert_eq!(
        error.to_string(),
        "pipelines feed each other in a ring: logs -> count -> traces -> find -> logs; take `find` out of the receivers of `logs`, or \
         lead it into a pipeline of its own, without `count`"
    );
}

/// What becomes of one batch.
async fn delivered(source: &Source) -> Result<(), Refusal> {
    source.send(b"1").await.delivered().await
}
