//! Reloads: what goes on, what takes the place of what, and what becomes of the rest.

use std::sync::atomic::{AtomicUsize, Ordering};

use edgewatch_core::config::ConfigError;
use edgewatch_core::exporter::Sink;
use edgewatch_core::extension::{Extension, Service, Use};
use edgewatch_core::receiver::Outlet;
use edgewatch_core::router::{Pipelines, Routed, Router};
use tokio::sync::Semaphore;

use super::*;

#[path = "reload_bench.rs"]
pub(super) mod bench;

use bench::*;

/// Longer than any test takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_chain_keeps_what_it_holds_while_its_exporter_and_receiver_change() {
    let (source, receiver) = source();
    let (a, mut at_a) = destination();
    let (b, mut at_b) = destination();
    let built = Arc::new(AtomicUsize::new(0));
    let plan = |receiver, exporter: &Destination, settings| Plan {
        receivers: vec![receiver],
        processors: vec![counted("hold", &built, || Box::<Hold>::default())],
        exporters: vec![with(exporter.named("out"), settings)],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["hold"], &["out"])],
        ..Plan::default()
    };
    let mut running = build(&plan(with(receiver, "1"), &a, "1"), &surroundings()).await.expect("a good plan");
    let mut first = source.send(b"1").await;
    assert_eq!(first.accepted().await, Ok(()));

    let (other, receiver) = super::source();
    let changes = running.reload(&plan(with(receiver, "2"), &b, "2"), PATIENCE).await.expect("a good plan");
    assert_eq!(changes.replaced, ["receiver source", "exporter out"]);
    assert_eq!((changes.kept, built.load(Ordering::Relaxed)), (1, 1));
    let mut second = other.send(b"2").await;
    assert_eq!(second.accepted().await, Ok(()));

    drop((source, other));
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!((first.delivered().await, second.delivered().await), (Ok(()), Ok(())));
    assert_eq!(at_a.try_recv().ok(), None);
    assert_eq!([at_b.recv().await, at_b.recv().await].map(Option::unwrap), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_goes_on_is_led_into_the_pipelines_of_the_new_plan() {
    let (receiver, mut lent) = lender();
    let receiver = with(receiver, "same").prepared;
    let (a, mut at_a) = destination();
    let (b, mut at_b) = destination();
    let plan = |ids: &[&str]| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        exporters: vec![with(a.named("a"), "1"), with(b.named("b"), "1")],
        pipelines: ids
            .iter()
            .map(|id| pipeline(&format!("traces/{id}"), Signal::Traces, &["source"], &[], &[id]))
            .collect(),
        ..Plan::default()
    };
    let mut running = build(&plan(&["a"]), &surroundings()).await.expect("a good plan");
    let outlets = lent.recv().await.expect("the receiver runs");
    let send = async |text| {
        let (ack, mut receipt) = Ack::pair(None);
        let outlet = outlets.get(Signal::Traces).expect("a pipeline");
        outlet.send(Batch::new(Signal::Traces, Bytes::from_static(text), 1, ack)).await;
        assert_eq!(receipt.delivered().await, Ok(()));
    };

    send(b"1").await;
    let changes = running.reload(&plan(&["a", "b"]), PATIENCE).await.expect("a good plan");
    assert_eq!((changes.kept, changes.added), (3, vec!["pipeline traces/b".to_owned()]));
    send(b"2").await;
    let changes = running.reload(&plan(&["b"]), PATIENCE).await.expect("a good plan");
    assert_eq!(changes.removed, ["pipeline traces/a"]);
    send(b"3").await;

    assert_eq!([at_a.recv().await, at_a.recv().await].map(Option::unwrap), ["1", "2"]);
    assert_eq!([at_b.recv().await, at_b.recv().await].map(Option::unwrap), ["2", "3"]);
    drop(outlets);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!((at_a.try_recv().ok(), at_b.try_recv().ok()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_goes_on_is_led_into_the_pipelines_of_the_new_plan() {
    let (source, receiver) = source();
    let (a, mut at_a) = destination();
    let receiver = with(receiver, "same").prepared;
    let between = with(connector("between"), "same").prepared;
    let plan = |behind: &str, mark: &str| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        processors: vec![with(named("x", || Box::new(Mark(b'x'))), mark)],
        exporters: vec![with(a.named("a"), "same")],
        connectors: vec![Named { id: "between".to_owned(), prepared: between.clone() }],
        pipelines: vec![
            pipeline("traces", Signal::Traces, &["source"], &[], &["between"]),
            pipeline(behind, Signal::Traces, &["between"], &["x"], &["a"]),
        ],
        ..Plan::default()
    };
    let mut running = build(&plan("traces/1", "1"), &surroundings()).await.expect("a good plan");
    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));

    let changes = running.reload(&plan("traces/2", "1"), PATIENCE).await.expect("a good plan");
    assert_eq!((changes.kept, changes.replaced), (4, vec![]));
    assert_eq!(source.send(b"2").await.delivered().await, Ok(()));

    assert_eq!([at_a.recv().await, at_a.recv().await].map(Option::unwrap), ["1-x", "2-x"]);
    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_goes_on_is_led_into_the_new_entrances_of_its_pipelines() {
    let (source, receiver) = source();
    let (a, mut at_a) = destination();
    let receiver = with(receiver, "same").prepared;
    let plan = |mark: &'static str, pipelines: &[&str]| {
        let router = Prepared::from_fn(|_| Ok(Connector::Router(Box::new(First))));
        let behind = pipelines.iter().map(|id| pipeline(id, Signal::Traces, &["first"], &["x"], &["a"]));
        let before = pipeline("traces", Signal::Traces, &["source"], &[], &["first"]);
        Plan {
            receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
            processors: vec![with(named("x", || Box::new(Mark(b'x'))), mark)],
            exporters: vec![with(a.named("a"), "same")],
            connectors: vec![with(Named { id: "first".to_owned(), prepared: router }, "same")],
            pipelines: std::iter::once(before).chain(behind).collect(),
            ..Plan::default()
        }
    };
    let mut running = build(&plan("1", &["traces/1"]), &surroundings()).await.expect("a good plan");
    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));

    let changes = running.reload(&plan("2", &["traces/1"]), PATIENCE).await.expect("a good plan");
    assert_eq!(changes.replaced, ["pipeline traces/1"]);
    assert_eq!(source.send(b"2").await.delivered().await, Ok(()));

    let changes = running.reload(&plan("2", &["traces/0", "traces/1"]), PATIENCE).await.expect("a good plan");
    assert_eq!(changes.replaced, ["connector first"], "it knows its pipelines by name");
    assert_eq!(source.send(b"3").await.delivered().await, Ok(()));

    assert_eq!([at_a.recv().await, at_a.recv().await].map(Option::unwrap), ["1x", "2x"]);
    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_cannot_be_run_changes_nothing() {
    let (source, receiver) = source();
    let (a, mut at_a) = destination();
    let receiver = with(receiver, "1").prepared;
    let plan = |more: Vec<Named<Box<dyn Receiver>>>, exporter| Plan {
        receivers: std::iter::once(Named { id: "source".to_owned(), prepared: receiver.clone() })
            .chain(more)
            .collect(),
        exporters: vec![exporter],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source", "more"], &[], &["a"])],
        ..Plan::default()
    };
    let mut running =
        build(&plan(vec![], with(a.named("a"), "1")), &surroundings()).await.expect("a good plan");

    let bad = Prepared::from_fn(|_| Err(ConfigError::new("path", "there is no such directory")));
    let refused = running.reload(&plan(vec![], Named { id: "a".to_owned(), prepared: bad }), PATIENCE).await;
    assert_eq!(refused.expect_err("bad").to_string(), r#"exporter "a": path: there is no such directory"#);
    let closed = Prepared::from_fn(|_| Ok(Box::new(Closed) as Box<dyn Receiver>));
    let closed = Named { id: "more".to_owned(), prepared: closed };
    let refused = running.reload(&plan(vec![closed], with(a.named("a"), "2")), PATIENCE).await;
    assert_eq!(refused.expect_err("bad").to_string(), r#"receiver "more": closed for today"#);

    assert_eq!(source.send(b"1").await.delivered().await, Ok(()));
    assert_eq!(at_a.recv().await.as_deref(), Some("1"));
    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_is_replaced_delivers_what_it_has_without_holding_up_its_successor() {
    let (mut running, surroundings, source, gate, next, mut arrived) = slow_and_its_successor().await;
    let mut slow = source.send(b"1").await;
    assert_eq!(slow.accepted().await, Ok(()));

    running.reload(&next, PATIENCE).await.expect("a good plan");
    assert_eq!(source.send(b"2").await.delivered().await, Ok(()));
    assert_eq!(arrived.recv().await.as_deref(), Some("2"));

    gate.add_permits(1);
    let watching = tokio::spawn(async move {
        running.watch().await;
    });
    assert_eq!(slow.delivered().await, Ok(()));
    let sent = reading(&surroundings.registry, "otelcol_exporter_sent_spans", &[("exporter", "a")]);
    assert_eq!(sent, 2.0, "the successor counts on");
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_writes_where_its_predecessor_does_waits_for_its_end() {
    let (mut running, surroundings, source, gate, next, _arrived) = slow_and_its_successor().await;
    let mut slow = source.send(b"1").await;
    assert_eq!(slow.accepted().await, Ok(()));
    let prepared = Prepared::from_fn(|_| {
        let exporter = Box::new(Alone(Arc::new(Semaphore::new(1))));
        Ok(BuiltExporter { exporter, delivery: Delivery::local() }.into())
    });
    let next = Plan { exporters: vec![Named { id: "a".to_owned(), prepared }], ..next };

    running.reload(&next, PATIENCE).await.expect("a good plan");
    let mut second = source.send(b"2").await;
    assert_eq!(second.accepted().await, Ok(()), "its queue is there");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = || reading(&surroundings.registry, "otelcol_exporter_sent_spans", &[("exporter", "a")]);
    assert_eq!(sent(), 0.0);

    gate.add_permits(1);
    assert_eq!((slow.delivered().await, second.delivered().await), (Ok(()), Ok(())));
    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn what_an_exporter_has_left_after_the_patience_is_refused() {
    let (mut running, surroundings, source, _gate, next, mut arrived) = slow_and_its_successor().await;
    let mut slow = source.send(b"1").await;
    assert_eq!(slow.accepted().await, Ok(()));

    running.reload(&next, PATIENCE).await.expect("a good plan");
    let watching = tokio::spawn(async move {
        running.watch().await;
    });
    assert!(slow.delivered().await.is_err());
    let failed = reading(&surroundings.registry, "otelcol_exporter_send_failed_spans", &[("exporter", "a")]);
    assert_eq!(failed, 1.0);
    assert_eq!(source.send(b"2").await.delivered().await, Ok(()), "the successor is not cut short");
    assert_eq!(arrived.recv().await.as_deref(), Some("2"));
    watching.abort();
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_that_is_replaced_while_it_waits_for_an_exporter_that_goes_on_loses_nothing_and_costs_nothing()
 {
    let (source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let gate = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&gate);
    let exporter = Prepared::from_fn(move |_| Ok(slow(&waits))).configured("same", vec![]);
    let plan = |mark: &str| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        processors: vec![with(named("x", || Box::new(Mark(b'x'))), mark)],
        exporters: vec![Named { id: "a".to_owned(), prepared: exporter.clone() }],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["x"], &["a"])],
        ..Plan::default()
    };
    let mut running = build(&plan("1"), &surroundings()).await.expect("a good plan");
    let mut receipts = Vec::new();
    // More than the queue takes.
    for _ in 0..30 {
        receipts.push(source.send(b"1").await);
    }
    receipts.first_mut().expect("some").accepted().await.expect("in the queue");
    let changes = running.reload(&plan("2"), Duration::from_secs(1)).await.expect("a good plan");
    assert_eq!(changes.replaced, ["pipeline traces"]);

    {
        let mut looks = 0;
        let mut watching = std::pin::pin!(running.watch());
        let watched = std::future::poll_fn(|context| {
            looks += 1;
            assert!(looks < 100, "it turns in circles");
            watching.as_mut().poll(context)
        });
        let watched = tokio::time::timeout(Duration::from_secs(3600), watched).await;
        assert!(watched.is_err(), "nothing has failed");
    }

    gate.add_permits(receipts.len());
    for receipt in &mut receipts {
        assert_eq!(receipt.delivered().await, Ok(()));
    }
    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn the_end_drains_what_reloads_have_left_behind() {
    let (mut running, _surroundings, source, gate, next, mut arrived) = slow_and_its_successor().await;
    let mut slow = source.send(b"1").await;
    assert_eq!(slow.accepted().await, Ok(()));
    running.reload(&next, PATIENCE).await.expect("a good plan");
    let mut quick = source.send(b"2").await;
    assert_eq!(quick.accepted().await, Ok(()));

    drop(source);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        gate.add_permits(1);
    });
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!((slow.delivered().await, quick.delivered().await), (Ok(()), Ok(())));
    assert_eq!(arrived.recv().await.as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn the_gauges_of_a_component_leave_with_it() {
    let (_source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let (a, _arrived) = destination();
    let surroundings = surroundings();
    let plan = |exporter: &str| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        exporters: vec![with(a.named(exporter), "same")],
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &[exporter])],
        ..Plan::default()
    };
    let mut running = build(&plan("a"), &surroundings).await.expect("a good plan");

    running.reload(&plan("b"), PATIENCE).await.expect("a good plan");
    let drained = tokio::time::timeout(Duration::from_secs(1), running.watch()).await;
    assert!(drained.is_err(), "it goes on");

    let readings = surroundings.registry.read();
    let capacity = readings.iter().filter(|r| r.description.name == "otelcol_exporter_queue_capacity");
    let labels: Vec<_> = capacity.flat_map(|reading| reading.labels.clone()).collect();
    assert_eq!(labels, [("exporter", "b".to_owned()), ("data_type", "traces".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_with_state_on_disk_opens_when_its_predecessor_has_ended() {
    let (diary, mut read) = mpsc::unbounded_channel();
    let (a, _arrived) = destination();
    let plan = |name: &'static str, works: bool| {
        let diary = diary.clone();
        let prepared =
            Prepared::from_fn(move |_| Ok(Box::new(Exclusive { name, works, diary: diary.clone() }) as _));
        Plan {
            receivers: vec![Named { id: "files".to_owned(), prepared: prepared.configured(name, vec![]) }],
            exporters: vec![with(a.named("a"), "same")],
            pipelines: vec![pipeline("logs", Signal::Logs, &["files"], &[], &["a"])],
            ..Plan::default()
        }
    };
    let mut entries = || std::iter::from_fn(|| read.try_recv().ok()).collect::<Vec<_>>();
    let mut running = build(&plan("first", true), &surroundings()).await.expect("a good plan");
    tokio::task::yield_now().await;
    assert_eq!(entries(), ["first opens", "first runs"]);

    running.reload(&plan("second", true), PATIENCE).await.expect("a good plan");
    tokio::task::yield_now().await;
    assert_eq!(entries(), ["first ends", "second opens", "second runs"]);

    running.reload(&plan("third", false), PATIENCE).await.expect_err("it cannot be opened");
    tokio::task::yield_now().await;
    assert_eq!(entries(), ["second ends", "third opens", "second opens", "second runs"]);

    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!(entries(), ["second ends"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_removed_and_comes_back_before_it_has_ended_waits_for_its_end() {
    let (diary, mut read) = mpsc::unbounded_channel();
    let (hand, other) = source();
    let (a, mut arrived) = destination();
    let gates = [0, 1].map(|open| Arc::new(Semaphore::new(open)));
    let files = Prepared::from_fn(move |_| {
        Ok(Box::new(Exclusive { name: "it", works: true, diary: diary.clone() }) as _)
    })
    .configured("same", vec![]);
    let writer = |gate: &Arc<Semaphore>| {
        let gate = Arc::clone(gate);
        let alone = move |_: &_| {
            let exporter = Box::new(Alone(Arc::clone(&gate)));
            Ok(BuiltExporter { exporter, delivery: Delivery::local() }.into())
        };
        Named { id: "file".to_owned(), prepared: Prepared::from_fn(alone).configured("same", vec![]) }
    };
    let other = with(other, "same").prepared;
    let plan = |wanted: Option<&Arc<Semaphore>>| {
        let from =
            [("source", &other), ("files", &files)].into_iter().take(if wanted.is_some() { 2 } else { 1 });
        let (ids, receivers): (Vec<&str>, Vec<_>) =
            from.map(|(id, prepared)| (id, Named { id: id.to_owned(), prepared: prepared.clone() })).unzip();
        let exporter = wanted.map_or_else(|| with(a.named("a"), "same"), writer);
        let pipelines = vec![pipeline("traces", Signal::Traces, &ids, &[], &[&exporter.id])];
        Plan { receivers, exporters: vec![exporter], pipelines, ..Plan::default() }
    };
    let mut entries = || std::iter::from_fn(|| read.try_recv().ok()).collect::<Vec<_>>();
    let mut running = build(&plan(Some(&gates[0])), &surroundings()).await.expect("a good plan");
    let mut first = hand.send(b"1").await;
    assert_eq!(first.accepted().await, Ok(()));

    running.reload(&plan(None), PATIENCE).await.expect("a good plan");
    assert_eq!(hand.send(b"2").await.delivered().await, Ok(()));
    assert_eq!(arrived.recv().await.as_deref(), Some("2"));
    running.reload(&plan(Some(&gates[1])), PATIENCE).await.expect("a good plan");
    tokio::task::yield_now().await;
    assert_eq!(entries(), ["it opens", "it runs", "it ends", "it opens", "it runs"]);

    let mut second = hand.send(b"3").await;
    assert_eq!(second.accepted().await, Ok(()), "its queue is there");
    assert!(tokio::time::timeout(Duration::from_secs(1), second.delivered()).await.is_err());
    gates[0].add_permits(1);
    assert_eq!((first.delivered().await, second.delivered().await), (Ok(()), Ok(())));
    drop(hand);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_nobody_uses_ends_at_once_when_it_is_removed() {
    let (diary, mut read) = mpsc::unbounded_channel();
    let (_source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let (a, _arrived) = destination();
    let keeper = Prepared::from_fn(move |_| Ok(Box::new(Keeper("it", diary.clone())) as _));
    let plan = |extensions| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        exporters: vec![with(a.named("a"), "same")],
        extensions,
        pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["a"])],
        ..Plan::default()
    };
    let keeper = Named { id: "keeper".to_owned(), prepared: keeper };
    let mut running = build(&plan(vec![keeper]), &surroundings()).await.expect("a good plan");

    running.reload(&plan(Vec::new()), PATIENCE).await.expect("a good plan");
    tokio::select! {
        ended = read.recv() => assert_eq!(ended, Some("it")),
        _ = running.watch() => unreachable!("nothing fails"),
        () = tokio::time::sleep(Duration::from_secs(1)) => panic!("it goes on"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_uses_an_extension_that_is_replaced_is_replaced_and_served_to_its_end() {
    let (source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let (diary, mut read) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let plan = |settings: &'static str| {
        let (diary, gate) = (diary.clone(), Arc::clone(&gate));
        let extension = Prepared::from_fn(move |_| Ok(Box::new(Keeper(settings, diary.clone())) as _));
        let uses = vec![Use::new("storage", "keeper", Service::Storage)];
        let prepared = Prepared::from_fn(move |_| Ok(slow(&gate)));
        Plan {
            receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
            exporters: vec![Named { id: "a".to_owned(), prepared: prepared.configured("same", uses) }],
            extensions: vec![Named {
                id: "keeper".to_owned(),
                prepared: extension.configured(settings, vec![]),
            }],
            pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &[], &["a"])],
            ..Plan::default()
        }
    };
    let mut running = build(&plan("first"), &surroundings()).await.expect("a good plan");
    let mut receipt = source.send(b"1").await;
    assert_eq!(receipt.accepted().await, Ok(()));

    let changes = running.reload(&plan("second"), PATIENCE).await.expect("a good plan");
    assert_eq!(changes.replaced, ["extension keeper", "exporter a"]);
    let watching = tokio::spawn(async move {
        let _broken = tokio::time::timeout(Duration::from_secs(1), running.watch()).await;
        running
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(read.try_recv().is_err(), "the former exporter may need it");
    gate.add_permits(1);
    assert_eq!(receipt.delivered().await, Ok(()));
    assert_eq!(read.recv().await, Some("first"));

    let running = watching.await.expect("no panic");
    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!(read.recv().await, Some("second"));
}
#[tokio::test(start_paused = true)]
async fn a_router_that_goes_on_is_led_into_the_pipelines_of_the_new_plan() {
    let (source, receiver) = source();
    let receiver = with(receiver, "same").prepared;
    let (a, mut at_a) = destination();
    let (b, mut at_b) = destination();
    let router = failover("{priority_levels: [[traces/a], [traces/b]]}");
    let plan = |mark: u8, settings: &str| Plan {
        receivers: vec![Named { id: "source".to_owned(), prepared: receiver.clone() }],
        processors: vec![with(
            Named {
                id: "mark".to_owned(),
                prepared: Prepared::from_fn(move |_| Ok(Box::new(Mark(mark)) as _)),
            },
            settings,
        )],
        exporters: vec![with(a.named("a"), "same"), with(b.named("b"), "same")],
        connectors: vec![Named { id: "failover".to_owned(), prepared: router.clone() }],
        pipelines: vec![
            pipeline("traces", Signal::Traces, &["source"], &[], &["failover"]),
            pipeline("traces/a", Signal::Traces, &["failover"], &["mark"], &["a"]),
            pipeline("traces/b", Signal::Traces, &["failover"], &[], &["b"]),
        ],
        ..Plan::default()
    };
    let mut running = build(&plan(b'x', "1"), &surroundings()).await.expect("a good plan");
    let mut first = source.send(b"1").await;
    assert_eq!(first.delivered().await, Ok(()));

    let changes = running.reload(&plan(b'y', "2"), PATIENCE).await.expect("a good plan");
    assert_eq!(changes.replaced, ["pipeline traces/a"]);
    let mut second = source.send(b"2").await;
    assert_eq!(second.delivered().await, Ok(()));

    drop(source);
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
    assert_eq!([at_a.recv().await, at_a.recv().await].map(Option::unwrap), ["1x", "2y"]);
    assert!(at_b.try_recv().is_err());
}
