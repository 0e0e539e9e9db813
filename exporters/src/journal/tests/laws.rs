//! The queue against a model, on a disk that dies, forgets and decays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgewatch_core::Signal;
use edgewatch_core::ack::{Ack, Receipt};
use edgewatch_core::batch::Batch;
use edgewatch_core::storage::{Consumer, RecordId, Storage, Stored, StoredQueue, Usage};
use edgewatch_core::telemetry::Telemetry;
use proptest::prelude::*;

use super::super::disk::simulated::SimulatedVolume;
use super::super::format::{AckEntry, RECORD_HEADER, RecordHeader, SEGMENT_HEADER};
use super::super::{Journals, Options, Sync};

/// Trouble is over soon.
const RETRY: Duration = Duration::from_millis(5);

/// What is done to a queue.
#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Take,
    /// Settles one of those that are taken.
    Settle(usize),
    DropOldest,
    HandBack,
    Restart,
    Kill {
        after: usize,
    },
    PowerCut {
        after: usize,
    },
    FailSync,
    FailAckSync,
    FailDirectorySync,
    FillDisk,
    ClearDisk,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..2000usize).prop_map(Step::Append),
        6 => Just(Step::Take),
        4 => any::<usize>().prop_map(Step::Settle),
        1 => Just(Step::DropOldest),
        1 => Just(Step::HandBack),
        1 => Just(Step::Restart),
        1 => (0..12usize).prop_map(|after| Step::Kill { after }),
        1 => (0..12usize).prop_map(|after| Step::PowerCut { after }),
        1 => Just(Step::FailSync),
        1 => Just(Step::FailAckSync),
        1 => Just(Step::FailDirectorySync),
        1 => Just(Step::FillDisk),
        2 => Just(Step::ClearDisk),
    ];
    proptest::collection::vec(step, 1..60)
}

/// What has become of a record.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    accepted: bool,
    delivered: bool,
    /// Settling it has been begun, or it was refused: it may be there or not.
    unsure: bool,
    /// That has been confirmed.
    settled: bool,
}

struct Run {
    volume: SimulatedVolume,
    options: Options,
    random: fastrand::Rng,
    fates: BTreeMap<usize, Fate>,
    open: Option<Open>,
    /// The disk may have forgotten what was written and not synced: a process that dies before it has written it again loses it.
    forgetful: bool,
    /// The same of acknowledgements: what was settled comes again.
    acks_forgetful: bool,
    /// The disk is full: what has to be written again for it to be safe cannot be.
    full: bool,
    /// The end of a segment may be gone although a later one is there: what was lost there is found out when it is read.
    inexact: bool,
}

struct Open {
    _storage: Journals,
    queue: Arc<dyn StoredQueue>,
    consumer: Option<Box<dyn Consumer>>,
    taken: Vec<(usize, RecordId)>,
    /// The last one that came out for the first time.
    seen: BTreeSet<usize>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_was_accepted_comes_out_until_it_is_settled(
        steps in steps(),
        always in any::<bool>(),
        segment_bytes in 100..5000u64,
        memory_bytes in prop_oneof![Just(0), 0..20_000usize],
        seed in any::<u64>(),
    ) {
        let sync = if always { Sync::Always } else { Sync::Interval(Duration::from_millis(1)) };
        let options = Options { sync, segment_bytes, memory_bytes, retry_every: RETRY, ..Options::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut run = Run::new(options, seed);
            for step in steps {
                run.step(step).await;
            }
            run.restart(false).await;
            run.drain().await;
        });
    }

    #[test]
    fn damage_costs_only_what_is_damaged(
        lengths in proptest::collection::vec(0..3000usize, 1..40),
        settled in proptest::collection::vec(any::<bool>(), 40),
        segment_bytes in 100..8000u64,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..=255u8), 1..8),
        seed in any::<u64>(),
    ) {
        let options = Options { segment_bytes, sync: Sync::Always, retry_every: RETRY, ..Options::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let mut run = Run::new(options, seed);
            for length in lengths {
                run.step(Step::Append(length)).await;
            }
            for settle in settled {
                let open = run.open.as_mut().expect("open");
                if open.queue.usage().records > open.taken.len() {
                    run.step(Step::Take).await;
                    if settle {
                        run.step(Step::Settle(usize::MAX)).await;
                    }
                }
            }
            run.close().await;
            let places = places(&run.volume);
            let files = run.volume.contents();
            let mut hit = BTreeSet::new();
            let mut acks_hit = false;
            for (file, offset, mask) in flips {
                let (path, bytes) = file.get(&files);
                if bytes.is_empty() {
                    continue;
                }
                let at = offset.index(bytes.len());
                run.volume.damage(path, |bytes| bytes[at] ^= mask);
                acks_hit |= path.extension().is_none();
                hit.extend(places.iter().filter(|place| place.path == *path && place.range.contains(&at)).map(|place| place.n));
            }
            for (n, fate) in &mut run.fates {
                // Another flip may have mended it.
                fate.unsure |= hit.contains(n) || (fate.settled && acks_hit);
                fate.settled &= !acks_hit;
            }
            run.reopen();
            run.drain().await;
        });
    }
}

impl Run {
    fn new(options: Options, seed: u64) -> Self {
        let volume = SimulatedVolume::new();
        let random = fastrand::Rng::with_seed(seed);
        let mut run = Self {
            volume,
            options,
            random,
            fates: BTreeMap::new(),
            open: None,
            forgetful: false,
            acks_forgetful: false,
            inexact: false,
            full: false,
        };
        run.reopen();
        run
    }

    fn reopen(&mut self) {
        let volume = Arc::new(self.volume.clone());
        let directory = Path::new("/queues");
        let storage = Journals::start(directory, volume, self.options, ()).expect("starts");
        let queue =
            storage.queue("otlp", Signal::Logs, &Telemetry::default()).expect("opens whatever happened");
        self.open =
            Some(Open { _storage: storage, queue, consumer: None, taken: Vec::new(), seen: BTreeSet::new() });
    }

    async fn close(&mut self) {
        self.open = None;
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Append(length) => self.append(length).await,
            Step::Take => self.take().await,
            Step::Settle(which) => self.settle(which).await,
            Step::DropOldest => self.drop_oldest().await,
            Step::HandBack => {
                let open = self.open.as_mut().expect("open");
                open.consumer = None;
                for (n, _) in open.taken.drain(..) {
                    open.seen.remove(&n);
                }
            }
            Step::Restart => self.restart(false).await,
            Step::Kill { after } => self.die(after, false).await,
            Step::PowerCut { after } => self.die(after, true).await,
            Step::FailSync => {
                self.forgetful = true;
                self.volume.set(|faults| faults.fail_sync = true);
            }
            Step::FailAckSync => {
                self.acks_forgetful = true;
                self.volume.set(|faults| faults.fail_ack_sync = true);
            }
            Step::FailDirectorySync => self.volume.set(|faults| faults.fail_directory_sync = true),
            Step::FillDisk => self.fill(Some(0)),
            Step::ClearDisk => self.fill(None),
        }
    }

    fn fill(&mut self, capacity: Option<usize>) {
        self.full = capacity.is_some();
        self.volume.set(|faults| faults.capacity = capacity);
    }

    async fn append(&mut self, length: usize) {
        let n = self.fates.len();
        let (ack, mut receipt) = Ack::pair(None);
        let open = self.open.as_mut().expect("open");
        open.queue.append(Batch::new(Signal::Logs, text(n, length), items(n), ack));
        let fate = self.fates.entry(n).or_default();
        fate.unsure = true;
        // On a full disk it may have to wait until it is written again.
        let patience = Duration::from_millis(if self.full { 50 } else { 30_000 });
        let accepted = tokio::time::timeout(patience, alive(&self.volume, receipt.accepted())).await;
        assert!(self.full || accepted.is_ok(), "{n} is not answered");
        if let Ok(Some(Ok(()))) = accepted {
            *fate = Fate { accepted: true, ..Fate::default() };
            // Whether it is delivered in time is left to chance: a power cut comes before or after.
            if self.random.bool() && !self.full {
                fate.delivered = alive(&self.volume, receipt.delivered()).await == Some(Ok(()));
            } else {
                fate.delivered = now(&mut receipt).await;
            }
        }
    }

    async fn take(&mut self) {
        let open = self.open.as_mut().expect("open");
        if open.queue.usage().records <= open.taken.len() {
            return;
        }
        if open.consumer.is_none() {
            open.consumer = Some(Arc::clone(&open.queue).consumer().await);
        }
        let consumer = open.consumer.as_ref().expect("just made");
        // What waits may be a record that is being refused.
        let next =
            tokio::time::timeout(Duration::from_millis(50), alive(&self.volume, consumer.next())).await;
        let Ok(Some(stored)) = next else { return };
        let n = number(&stored);
        assert!(open.seen.insert(n), "{n} came twice");
        assert!(!self.fates[&n].settled, "{n} was settled");
        open.taken.push((n, stored.id));
    }

    async fn settle(&mut self, which: usize) {
        let open = self.open.as_mut().expect("open");
        if open.taken.is_empty() {
            return;
        }
        let (n, id) = open.taken.remove(which % open.taken.len());
        let consumer = open.consumer.as_ref().expect("it was taken");
        let fate = self.fates.get_mut(&n).expect("it was appended");
        fate.unsure = true;
        consumer.settle(id).await;
        // A dead disk takes nothing, and says so to the log.
        fate.settled = !self.volume.is_dead();
    }

    async fn drop_oldest(&mut self) {
        let open = self.open.as_mut().expect("open");
        let before = open.queue.usage().records;
        if before <= open.taken.len() {
            return;
        }
        // On a full disk it may have to wait until what is to be read is written again.
        let patience = Duration::from_millis(if self.full { 50 } else { 30_000 });
        let dropping = alive(&self.volume, open.queue.drop_oldest());
        let dropped = tokio::time::timeout(patience, dropping).await;
        assert!(self.full || dropped.is_ok(), "nothing is dropped");
        if let Ok(Some(Some(_))) = dropped {
            // Which one it was shows when the others come out.
            let oldest = self
                .fates
                .iter()
                .find(|(n, fate)| !fate.settled && !fate.unsure && !open.seen.contains(n) && fate.accepted);
            let oldest = oldest.map_or(0, |(n, _)| *n);
            self.fates.range_mut(..=oldest).for_each(|(n, fate)| fate.unsure |= !open.seen.contains(n));
        }
    }

    async fn die(&mut self, after: usize, power: bool) {
        self.volume.die_after(after + 1);
        for _ in 0..after {
            if !self.volume.is_dead() {
                self.append(self.random.clone().usize(0..500)).await;
                self.take().await;
                self.settle(0).await;
            }
        }
        self.volume.kill();
        self.restart(power).await;
    }

    async fn restart(&mut self, power: bool) {
        let dead = self.volume.is_dead();
        self.open = None;
        self.volume =
            if power { self.volume.after_power_cut(&mut self.random) } else { self.volume.after_kill() };
        self.inexact |= power || ((dead || self.full) && self.forgetful);
        for fate in self.fates.values_mut() {
            if power {
                fate.unsure |= !fate.delivered || fate.settled;
                fate.settled = false;
            }
            fate.unsure |= (dead || self.full) && self.forgetful && !fate.delivered;
            if (dead || self.full) && self.acks_forgetful {
                fate.unsure |= fate.settled;
                fate.settled = false;
            }
        }
        (self.forgetful, self.acks_forgetful, self.full) = (false, false, false);
        self.reopen();
        let open = self.open.as_ref().expect("open");
        let most = self.fates.values().filter(|fate| !fate.settled).count();
        assert!(open.queue.usage().records <= most, "{:?} of {most}", open.queue.usage());
    }

    /// Takes everything out, in order, and checks that it is what it should be.
    async fn drain(&mut self) {
        let open = self.open.as_mut().expect("open");
        let promised = open.queue.usage();
        let consumer = Arc::clone(&open.queue).consumer().await;
        let mut got = Vec::new();
        let mut sum = Usage::default();
        let patience = Instant::now() + Duration::from_secs(30);
        while open.queue.usage().records > 0 {
            let next = tokio::time::timeout(Duration::from_millis(20), consumer.next()).await;
            if let Ok(stored) = next {
                let n = number(&stored);
                assert_eq!(stored.items, items(n));
                sum.records += 1;
                sum.items += stored.items;
                sum.bytes += stored.segments.iter().map(bytes::Bytes::len).sum::<usize>();
                got.push(n);
                consumer.settle(stored.id).await;
            }
            assert!(Instant::now() < patience, "{:?} is said to wait, {got:?} came", open.queue.usage());
        }
        assert_eq!(open.queue.usage(), Usage::default());
        let sorted: Vec<usize> = got.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(got, sorted, "in order and once");
        for (n, fate) in &self.fates {
            let came = sorted.binary_search(n).is_ok();
            assert!(!(came && fate.settled), "{n} was settled");
            assert!(came || fate.settled || fate.unsure || !fate.accepted, "{n} is lost of {got:?}");
        }
        // Nothing was damaged, so the figures were right from the beginning.
        if self.volume.contents().iter().all(|(path, _)| !path.starts_with("/queues/otlp.logs/quarantine")) {
            assert!(
                promised.records >= sum.records && promised.bytes >= sum.bytes,
                "{promised:?}, not {sum:?}"
            );
            assert!(promised == sum || self.inexact, "{promised:?}, not {sum:?}");
        }
    }
}

/// Where a record lies.
struct Place {
    path: PathBuf,
    range: std::ops::Range<usize>,
    n: usize,
}

fn places(volume: &SimulatedVolume) -> Vec<Place> {
    let mut places = Vec::new();
    for (path, bytes) in volume.contents() {
        if path.extension().is_none_or(|extension| extension != "seg") {
            continue;
        }
        let mut at = SEGMENT_HEADER;
        while let Some(header) = RecordHeader::decode(&bytes[at.min(bytes.len())..]) {
            let end = at + RECORD_HEADER + header.stored as usize;
            // Records were appended one after the other, and none was refused.
            places.push(Place { path: path.clone(), range: at..end, n: header.sequence as usize });
            at = end;
        }
        assert_eq!(at, bytes.len());
    }
    places
}

/// The outcome, unless the disk dies before.
async fn alive<T>(volume: &SimulatedVolume, future: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(future);
    loop {
        if let Ok(outcome) = tokio::time::timeout(Duration::from_millis(2), &mut future).await {
            return Some(outcome);
        }
        if volume.is_dead() {
            return None;
        }
    }
}

async fn now(receipt: &mut Receipt) -> bool {
    tokio::time::timeout(Duration::ZERO, receipt.delivered()).await == Ok(Ok(()))
}

fn items(n: usize) -> usize {
    n % 5
}

fn text(n: usize, length: usize) -> bytes::Bytes {
    let mut text = format!("{n:08} ").into_bytes();
    let mut random = fastrand::Rng::with_seed(n as u64);
    let letters = if n.is_multiple_of(2) { 2 } else { 200 };
    text.extend((0..length).map(|_| random.u8(..letters)));
    text.into()
}

fn number(stored: &Stored) -> usize {
    let bytes = stored.segments.concat();
    let n = std::str::from_utf8(&bytes[..8]).expect("digits").parse().expect("digits");
    assert_eq!(bytes, text(n, bytes.len() - 9), "{n} is what it was");
    n
}

#[test]
fn entries_are_multiples_of_sectors() {
    assert_eq!(512 % AckEntry { start: 0, end: 1 }.encode(1).len(), 0);
}
