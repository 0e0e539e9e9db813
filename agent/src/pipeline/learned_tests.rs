//! What processors have learned, through ends, reloads, crashes and damage.

use std::fs;
use std::path::Path;

use edgewatch_core::learned::{Learned, Unusable};

use super::reload::bench::with;
use super::*;

const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than the time between two savings.
const A_WHILE: Duration = Duration::from_secs(301);

/// Remembers every batch, and puts behind each how many it has seen.
#[derive(Default)]
struct Memory {
    seen: Vec<Vec<u8>>,
    asked: Asked,
    /// More parts than anybody has time for.
    endless: bool,
}

impl Processor for Memory {
    fn process(&mut self, mut batch: Batch, _now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        self.asked.lock().expect("no panic").push(0);
        self.seen.push(batch.segments().concat());
        let text = format!("{}:{}", String::from_utf8_lossy(&batch.segments().concat()), self.seen.len());
        batch.replace([Bytes::from(text)].into_iter().collect(), 1);
        out.emit(batch);
        Ok(())
    }

    fn learned(&mut self) -> Option<&mut dyn Learned> {
        Some(self)
    }
}

impl Learned for Memory {
    fn save(&self, position: usize, out: &mut Vec<u8>) -> Option<usize> {
        if let Some(last) = self.asked.lock().expect("no panic").last_mut() {
            *last += 1;
        }
        out.extend(self.seen.get(position)?);
        (self.endless || position + 1 < self.seen.len()).then_some(if self.endless {
            0
        } else {
            position + 1
        })
    }

    fn restore(&mut self, part: &[u8]) -> Result<(), Unusable> {
        if part == b"bad" {
            return Err(Unusable("of another version".to_owned()));
        }
        self.seen.push(part.to_vec());
        Ok(())
    }
}

/// Parts that were asked for after each batch and before the next one.
type Asked = Arc<std::sync::Mutex<Vec<usize>>>;

/// A pipeline with a memory.
struct Scene {
    surroundings: Surroundings,
    receiver: Prepared<Box<dyn Receiver>>,
    source: Source,
    data: Destination,
    arrived: mpsc::Receiver<String>,
}

impl Scene {
    fn new(state: &Path) -> Self {
        let (source, receiver) = source();
        let (data, arrived) = destination();
        let surroundings = Surroundings { state_directory: Some(state.to_owned()), ..surroundings() };
        Self { surroundings, receiver: with(receiver, "same").prepared, source, data, arrived }
    }

    fn plan(&self, settings: &str, make: fn() -> Box<dyn Processor>) -> Plan {
        let memory = with(named("memory", make), settings).prepared.of_type("memory");
        Plan {
            receivers: vec![Named { id: "source".to_owned(), prepared: self.receiver.clone() }],
            processors: vec![Named { id: "memory".to_owned(), prepared: memory }],
            exporters: vec![with(self.data.named("data"), "same")],
            pipelines: vec![pipeline("traces", Signal::Traces, &["source"], &["memory"], &["data"])],
            ..Plan::default()
        }
    }

    async fn start(&self) -> Running {
        build(&self.plan("1", || Box::<Memory>::default()), &self.surroundings).await.expect("a good plan")
    }

    async fn send(&mut self, text: &'static [u8]) -> String {
        assert_eq!(self.source.send(text).await.delivered().await, Ok(()));
        self.arrived.recv().await.expect("a batch")
    }

    async fn end(self, running: Running) -> Surroundings {
        drop(self.source);
        assert_eq!(running.stop(deadline()).await, Ended::Drained);
        self.surroundings
    }
}

fn file(state: &Path) -> std::path::PathBuf {
    state.join("learned/traces@memory.state")
}

fn count(surroundings: &Surroundings, name: &str) -> f64 {
    reading(&surroundings.registry, name, &[("processor", "memory"), ("pipeline", "traces")])
}

/// Lets an agent see `texts` and end.
async fn life(state: &Path, texts: &[&'static [u8]]) -> (Vec<String>, Surroundings) {
    let mut scene = Scene::new(state);
    let running = scene.start().await;
    let mut said = Vec::new();
    for text in texts {
        said.push(scene.send(text).await);
    }
    (said, scene.end(running).await)
}

#[tokio::test(start_paused = true)]
async fn what_was_learned_outlives_the_end() {
    let state = tempfile::tempdir().expect("a directory");
    let (said, surroundings) = life(state.path(), &[b"a", b"b"]).await;
    assert_eq!(said, ["a:1", "b:2"]);
    let bytes = fs::metadata(file(state.path())).expect("a file").len();
    assert_eq!(count(&surroundings, "edgewatch_learned_saved_bytes"), bytes as f64);

    let (said, surroundings) = life(state.path(), &[b"c"]).await;
    assert_eq!(said, ["c:3"]);
    assert_eq!(count(&surroundings, "edgewatch_learned_lost_parts"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_when_nothing_was_learned() {
    let state = tempfile::tempdir().expect("a directory");
    life(state.path(), &[]).await;
    assert!(!state.path().join("learned").exists());
}

#[tokio::test(start_paused = true)]
async fn it_is_saved_every_few_minutes_when_there_was_something_to_learn_from() {
    let state = tempfile::tempdir().expect("a directory");
    let mut scene = Scene::new(state.path());
    let running = scene.start().await;
    scene.send(b"a").await;
    assert!(!file(state.path()).exists());

    tokio::time::sleep(A_WHILE).await;
    let saved = count(&scene.surroundings, "edgewatch_learned_saved_bytes");
    assert_eq!(saved, fs::metadata(file(state.path())).expect("a file").len() as f64);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(count(&scene.surroundings, "edgewatch_learned_saved_bytes"), saved, "nothing is new");

    // It has been due for long, so this is saved at once; what comes soon after that is not.
    scene.send(b"b").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    scene.send(b"c").await;
    // A crash: nobody has time to say anything.
    drop(running);
    assert_eq!(life(state.path(), &[b"d"]).await.0, ["d:3"]);
}

#[tokio::test(start_paused = true)]
async fn between_two_batches_there_is_time_for_one_part() {
    const PARTS: usize = 2000;
    let state = tempfile::tempdir().expect("a directory");
    let (receiver, mut lent) = lender();
    let scene = Scene::new(state.path());
    let asked = Asked::default();
    let shared = Arc::clone(&asked);
    let memory = Prepared::from_fn(move |_| {
        let seen = vec![vec![b'x'; 1000]; PARTS];
        Ok(Box::new(Memory { seen, asked: Arc::clone(&shared), ..Memory::default() }) as _)
    });
    let mut plan = scene.plan("1", || Box::<Memory>::default());
    plan.receivers = vec![receiver];
    plan.processors = vec![Named { id: "memory".to_owned(), prepared: memory.of_type("memory") }];
    let data = scene.data.clone();
    // It never has to be waited for, since then there would be time for more.
    let roomy = Prepared::from_fn(move |_| {
        let mut delivery = Delivery::local();
        delivery.queue.queue_size = 1000.try_into().ok();
        Ok(BuiltExporter { exporter: Box::new(data.clone()), delivery }.into())
    });
    plan.exporters = vec![Named { id: "data".to_owned(), prepared: roomy }];
    let running = build(&plan, &scene.surroundings).await.expect("a good plan");
    let outlets = lent.recv().await.expect("the receiver runs");
    let outlet = outlets.get(Signal::Traces).expect("a pipeline");
    let mut arrived = scene.arrived;
    tokio::spawn(async move { while arrived.recv().await.is_some() {} });
    let one = || Batch::new(Signal::Traces, Bytes::from_static(b"1"), 1, Ack::none());
    outlet.send(one()).await;
    tokio::time::sleep(A_WHILE - Duration::from_secs(2)).await;
    tokio::time::advance(Duration::from_secs(2)).await;

    // As many as the entrance takes at once: the pipeline finds the next one each time it looks.
    for _ in 0..32 {
        outlet.send(one()).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let counts = asked.lock().expect("no panic").clone();
    assert!(counts.iter().sum::<usize>() > PARTS, "all were saved");
    // Behind the first and the last there was a time without batches.
    assert_eq!(counts.len(), 33);
    assert!(counts[1..32].iter().all(|parts| *parts <= 1), "{counts:?}");

    drop((outlets, scene.source));
    assert_eq!(running.stop(deadline()).await, Ended::Drained);
}

#[tokio::test(start_paused = true)]
async fn a_successor_waits_for_the_end_of_its_predecessor_and_goes_on_with_what_it_knew() {
    let state = tempfile::tempdir().expect("a directory");
    let mut scene = Scene::new(state.path());
    let mut running = scene.start().await;
    scene.send(b"a").await;
    scene.send(b"b").await;

    let changed = scene.plan("2", || Box::<Memory>::default());
    let changes = running.reload(&changed, PATIENCE).await.expect("a good plan");
    assert_eq!(changes.replaced, ["pipeline traces"]);
    assert_eq!(scene.send(b"c").await, "c:3");

    // Taken out and put in again, before the former has ended.
    let mut without = scene.plan("2", || Box::<Memory>::default());
    without.processors.clear();
    without.pipelines = vec![pipeline("traces/2", Signal::Traces, &["source"], &[], &["data"])];
    running.reload(&without, PATIENCE).await.expect("a good plan");
    running.reload(&changed, PATIENCE).await.expect("a good plan");
    assert_eq!(scene.send(b"d").await, "d:4");
    scene.end(running).await;
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_damaged_or_not_understood_are_counted_and_the_others_used() {
    let state = tempfile::tempdir().expect("a directory");
    life(state.path(), &[b"one", b"bad", b"two", b"three"]).await;
    let mut bytes = fs::read(file(state.path())).expect("a file");
    let two = bytes.windows(3).position(|part| part == b"two").expect("the part");
    bytes[two] = b'T';
    fs::write(file(state.path()), bytes).expect("room");

    let (said, surroundings) = life(state.path(), &[b"x"]).await;
    assert_eq!(said, ["x:3"], "one and three are left");
    assert_eq!(count(&surroundings, "edgewatch_learned_lost_parts"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn what_another_version_may_understand_is_put_aside_rather_than_replaced() {
    let state = tempfile::tempdir().expect("a directory");
    life(state.path(), &[b"bad"]).await;
    let bytes = fs::read(file(state.path())).expect("a file");

    assert_eq!(life(state.path(), &[b"x"]).await.0, ["x:1"]);
    let aside = state.path().join("learned/traces@memory.state.unusable");
    assert_eq!(fs::read(aside).expect("a file"), bytes);
    assert_eq!(life(state.path(), &[b"y"]).await.0, ["y:2"]);
}

#[tokio::test(start_paused = true)]
async fn with_a_damaged_head_it_starts_anew_and_the_file_is_kept_aside() {
    let state = tempfile::tempdir().expect("a directory");
    life(state.path(), &[b"one"]).await;
    let mut bytes = fs::read(file(state.path())).expect("a file");
    bytes[9] ^= 1;
    fs::write(file(state.path()), &bytes).expect("room");

    let (said, surroundings) = life(state.path(), &[b"x"]).await;
    assert_eq!(said, ["x:1"]);
    assert_eq!(count(&surroundings, "edgewatch_learned_lost_parts"), 1.0);
    let aside = state.path().join("learned/traces@memory.state.unusable");
    assert_eq!(fs::read(aside).expect("a file"), bytes);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_can_be_written_telemetry_goes_on_and_what_was_saved_stays() {
    let folder = tempfile::tempdir().expect("a directory");
    let state = folder.path().join("state");
    life(&state, &[b"a"]).await;
    let before = fs::read(file(&state)).expect("a file");
    let mut scene = Scene::new(&state);
    let running = scene.start().await;
    assert_eq!(scene.send(b"b").await, "b:2");

    // In the place of the directory stands a file, which also root cannot write into.
    let away = folder.path().join("away");
    fs::rename(state.join("learned"), &away).expect("a directory");
    fs::write(state.join("learned"), "").expect("room");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(scene.send(b"c").await, "c:3");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(count(&scene.surroundings, "edgewatch_learned_failed_saves"), 2.0);
    assert_eq!(fs::read(away.join("traces@memory.state")).expect("a file"), before);

    fs::remove_file(state.join("learned")).expect("a file");
    fs::rename(&away, state.join("learned")).expect("a directory");
    // It is tried again, although nothing is new.
    tokio::time::sleep(A_WHILE).await;
    assert_ne!(fs::read(file(&state)).expect("a file"), before);
    let surroundings = scene.end(running).await;
    assert_eq!(count(&surroundings, "edgewatch_learned_failed_saves"), 2.0);
}

#[tokio::test(start_paused = true)]
async fn of_two_agents_in_one_directory_the_second_neither_reads_nor_writes() {
    let state = tempfile::tempdir().expect("a directory");
    life(state.path(), &[b"a"]).await;
    let mut first = Scene::new(state.path());
    let running = first.start().await;
    assert_eq!(first.send(b"b").await, "b:2");

    assert_eq!(life(state.path(), &[b"x", b"y", b"z"]).await.0, ["x:1", "y:2", "z:3"]);
    first.end(running).await;
    assert_eq!(life(state.path(), &[b"c"]).await.0, ["c:3"]);
}

#[tokio::test(start_paused = true)]
async fn what_made_a_pipeline_fail_is_put_aside_and_does_not_make_the_next_agent_fail() {
    for first in [&b"a"[..], b"poison"] {
        let state = tempfile::tempdir().expect("a directory");
        life(state.path(), &[first]).await;
        let scene = Scene::new(state.path());
        let plan = scene.plan("1", || Box::new(Fragile(Memory::default())));
        let mut running = build(&plan, &scene.surroundings).await.expect("a good plan");
        drop(scene.source.send(b"b").await);
        assert_eq!(running.watch().await, Broken);
        assert!(state.path().join("learned/traces@memory.state.unusable").exists());
        drop((running, scene));

        assert_eq!(life(state.path(), &[b"c"]).await.0, ["c:1"]);
    }
}

/// Fails with the first batch when there was anything to go on with, and at once when that was poison.
struct Fragile(Memory);

impl Processor for Fragile {
    fn process(&mut self, batch: Batch, now: Instant, out: &mut Emitter) -> Result<(), ProcessError> {
        assert!(self.0.seen.is_empty(), "a mistake that only some state uncovers");
        self.0.process(batch, now, out)
    }

    fn learned(&mut self) -> Option<&mut dyn Learned> {
        Some(self)
    }
}

impl Learned for Fragile {
    fn save(&self, position: usize, out: &mut Vec<u8>) -> Option<usize> {
        self.0.save(position, out)
    }

    fn restore(&mut self, part: &[u8]) -> Result<(), Unusable> {
        assert_ne!(part, b"poison", "a mistake that only some state uncovers");
        self.0.restore(part)
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_state_directory_nothing_is_kept() {
    let state = tempfile::tempdir().expect("a directory");
    let mut scene = Scene::new(state.path());
    scene.surroundings.state_directory = None;
    let running = scene.start().await;
    assert_eq!(scene.send(b"a").await, "a:1");
    let surroundings = scene.end(running).await;
    assert!(fs::read_dir(state.path()).expect("a directory").next().is_none());
    assert!(surroundings.registry.read().iter().all(|r| !r.description.name.contains("learned")));
}

#[tokio::test(start_paused = true)]
async fn a_connector_keeps_what_it_has_learned_as_well() {
    let state = tempfile::tempdir().expect("a directory");
    for expected in ["x:1", "x:2"] {
        let mut scene = Scene::new(state.path());
        let mut plan = scene.plan("1", || Box::<Memory>::default());
        let memory = Prepared::from_fn(|_| Ok(Connector::Processor(Box::<Memory>::default())));
        plan.processors.clear();
        plan.connectors = vec![Named { id: "memory/2".to_owned(), prepared: memory.of_type("memory") }];
        plan.pipelines = vec![
            pipeline("traces", Signal::Traces, &["source"], &[], &["memory/2"]),
            pipeline("traces/2", Signal::Traces, &["memory/2"], &[], &["data"]),
        ];
        let running = build(&plan, &scene.surroundings).await.expect("a good plan");
        assert_eq!(scene.send(b"x").await, expected);
        scene.end(running).await;
        assert!(state.path().join("learned/connector@memory%2f2.state").exists());
    }
}

#[tokio::test]
async fn saving_does_not_outlast_the_deadline() {
    let state = tempfile::tempdir().expect("a directory");
    life(state.path(), &[b"a"]).await;
    let before = fs::read(file(state.path())).expect("a file");
    let mut scene = Scene::new(state.path());
    let plan = scene.plan("1", || Box::new(Memory { endless: true, ..Memory::default() }));
    let running = build(&plan, &scene.surroundings).await.expect("a good plan");
    assert_eq!(scene.send(b"b").await, "b:2");

    drop(scene.source);
    let deadline = tokio::time::Instant::now() + Duration::from_millis(50);
    let ended = tokio::time::timeout(Duration::from_secs(5), running.stop(deadline)).await;
    assert_eq!(ended, Ok(Ended::CutShort));
    assert_eq!(fs::read(file(state.path())).expect("a file"), before);
}

#[tokio::test(start_paused = true)]
async fn a_dead_destination_does_not_keep_what_was_learned_from_the_disk() {
    let state = tempfile::tempdir().expect("a directory");
    let (receiver, mut lent) = lender();
    let scene = Scene::new(state.path());
    let mut plan = scene.plan("1", || Box::<Memory>::default());
    plan.receivers = vec![receiver];
    let stalls = Prepared::from_fn(|_| {
        let delivery = Delivery::local();
        Ok(BuiltExporter { exporter: Box::new(Dead), delivery }.into())
    });
    plan.exporters = vec![Named { id: "data".to_owned(), prepared: stalls }];
    let running = build(&plan, &scene.surroundings).await.expect("a good plan");
    let outlets = lent.recv().await.expect("the receiver runs");
    let outlet = outlets.get(Signal::Traces).expect("a pipeline");
    while outlet.admit().is_ok() {
        outlet.send(Batch::new(Signal::Traces, Bytes::from_static(b"1"), 1, Ack::none())).await;
        tokio::task::yield_now().await;
    }
    assert!(!file(state.path()).exists());
    tokio::time::sleep(A_WHILE).await;
    assert!(file(state.path()).exists(), "there is time while it waits");
    fs::remove_file(file(state.path())).expect("a file");

    drop((outlets, scene.source));
    assert_eq!(running.stop(deadline()).await, Ended::CutShort);
    assert!(file(state.path()).exists());
}
