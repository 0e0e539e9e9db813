//! The journal beside the disk that it lies on, and what a large backlog costs at the start.
//!
//! Set `JOURNAL_BENCH_DIRECTORY` to measure another disk than that of the temporary files, and `JOURNAL_BENCH_BACKLOG_MIB` for
//! another backlog than 512 MiB.

#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has no result")]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;
use edgewatch_core::storage::{Storage, StoredQueue};
use edgewatch_core::telemetry::Telemetry;
use edgewatch_exporters::journal::{Journals, Options, SYNC_INTERVAL, Sync};

/// What is written in one go.
const BATCH: usize = 1 << 20;
const BATCHES: usize = 64;

fn directory() -> tempfile::TempDir {
    let parent = std::env::var_os("JOURNAL_BENCH_DIRECTORY").map_or_else(std::env::temp_dir, PathBuf::from);
    tempfile::tempdir_in(parent).expect("a directory")
}

/// Bytes that LZ4 cannot make smaller.
fn noise(bytes: usize) -> Bytes {
    let mut noise = vec![0; bytes];
    fastrand::Rng::with_seed(1).fill(&mut noise);
    noise.into()
}

/// Spans as SDKs send them: names and keys repeat, ids and times do not.
fn spans(bytes: usize) -> Bytes {
    let mut random = fastrand::Rng::with_seed(1);
    let mut spans = Vec::with_capacity(bytes + 300);
    while spans.len() < bytes {
        spans.extend((0..32).map(|_| random.u8(..)));
        spans.extend_from_slice(b"GET /api/v1/orders/{id} http.request.method GET url.path /api/v1/orders/");
        spans.extend_from_slice(random.u32(..).to_string().as_bytes());
        spans.extend_from_slice(
            b" http.response.status_code 200 server.address shop.example.com server.port 443",
        );
        spans.extend_from_slice(
            b" network.protocol.version 1.1 user_agent.original Mozilla/5.0 (X11; Linux x86_64)",
        );
    }
    spans.into()
}

fn queue(storage: &Journals) -> Arc<dyn StoredQueue> {
    storage.queue("bench", Signal::Traces, &Telemetry::default()).expect("a queue")
}

async fn append(queue: &dyn StoredQueue, batches: usize, payload: &Bytes) {
    let mut receipts = Vec::with_capacity(batches);
    for _ in 0..batches {
        let (ack, receipt) = Ack::pair(None);
        queue.append(Batch::new(Signal::Traces, payload.clone(), 1000, ack));
        receipts.push(receipt);
    }
    for mut receipt in receipts {
        receipt.delivered().await.expect("the disk has room");
    }
}

fn writing(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mut group = criterion.benchmark_group("write 64 MiB");
    group.sample_size(10).throughput(Throughput::Bytes((BATCH * BATCHES) as u64));
    group.bench_function("raw, one sync", |bencher| {
        let payload = noise(BATCH);
        bencher.iter(|| {
            let directory = directory();
            let mut file = File::create(directory.path().join("raw")).expect("a file");
            (0..BATCHES).for_each(|_| file.write_all(&payload).expect("room"));
            file.sync_data().expect("a sync");
        });
    });
    for (name, sync) in [("always", Sync::Always), ("interval", Sync::Interval(SYNC_INTERVAL))] {
        for (kind, payload) in [("noise", noise(BATCH)), ("spans", spans(BATCH))] {
            group.bench_function(format!("journal, {name}, {kind}"), |bencher| {
                bencher.iter(|| {
                    let directory = directory();
                    let options = Options { sync, ..Options::default() };
                    let storage = Journals::open(directory.path(), options).expect("opens");
                    runtime.block_on(append(&*queue(&storage), BATCHES, &payload));
                });
            });
        }
    }
    group.finish();
}

fn opening(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let mib =
        std::env::var("JOURNAL_BENCH_BACKLOG_MIB").ok().and_then(|text| text.parse().ok()).unwrap_or(512);
    let directory = directory();
    let options = Options { sync: Sync::Interval(SYNC_INTERVAL), ..Options::default() };
    {
        let storage = Journals::open(directory.path(), options).expect("opens");
        let queue = queue(&storage);
        let payload = noise(BATCH);
        for _ in 0..mib / 32_usize {
            runtime.block_on(append(&*queue, 32, &payload));
        }
    }
    let mut group = criterion.benchmark_group(format!("backlog of {mib} MiB"));
    group.sample_size(10);
    group.bench_function("until the first record", |bencher| {
        bencher.iter_custom(|times| {
            let mut total = Duration::ZERO;
            for _ in 0..times {
                let start = Instant::now();
                let storage = Journals::open(directory.path(), options).expect("opens");
                let queue = queue(&storage);
                assert_eq!(queue.usage().records, mib / 32 * 32);
                runtime.block_on(async { Arc::clone(&queue).consumer().await.next().await });
                total += start.elapsed();
            }
            total
        });
    });
    group.finish();
}

criterion_group!(benches, writing, opening);
criterion_main!(benches);
