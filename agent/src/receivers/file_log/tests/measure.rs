//! How fast, and how cheap when nothing happens. Not part of the tests: run it with
//! `cargo test --release -p edgewatch --lib file_log::tests::measure -- --ignored --nocapture --test-threads 1`.

use std::time::{Duration, Instant};

use serde_json::json;

use super::bench::Bench;

/// Processor time of this thread.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(text.split(' ').next().expect("a number").parse().expect("a number"))
}

#[test]
#[ignore = "measures"]
fn lines_per_second_on_one_core() {
    for length in [60, 120, 300] {
        let mut bench = Bench::new(json!({}));
        let text = format!("2026-01-02T03:04:05.678Z INFO {}", "abcdefgh,".repeat(40));
        let line = format!("{}\n", &text[..length - 1]);
        let lines = 200 * 1024 * 1024 / length;
        bench.append("app.log", line.repeat(lines));
        let (begun, before) = (Instant::now(), processor_time());
        let (mut records, mut bytes) = (0, 0);
        bench.now += Duration::from_secs(2);
        loop {
            let (chunks, more) = bench.step(8 << 20);
            records += chunks.iter().map(|chunk| chunk.items).sum::<usize>();
            bytes += chunks.iter().map(|chunk| chunk.request.len()).sum::<usize>();
            bench.deliver(chunks);
            if !more {
                break;
            }
        }
        assert_eq!(records, lines);
        let (wall, cpu) = (begun.elapsed(), processor_time().saturating_sub(before));
        println!(
            "{length} bytes a line: {:.2} million lines/s, {:.0} MB/s read, {:.0} MB OTLP, wall {wall:?}, cpu {cpu:?}",
            records as f64 / cpu.as_secs_f64() / 1e6,
            200.0 * 1.048_576 / cpu.as_secs_f64(),
            bytes as f64 / 1e6,
        );
    }
}

#[test]
#[ignore = "measures"]
fn processor_time_when_nothing_is_written() {
    for files in [1, 100, 1000] {
        let mut bench = Bench::new(json!({}));
        for file in 0..files {
            bench.append(&format!("{file}.log"), "line\n");
        }
        bench.poll();
        let before = processor_time();
        for _ in 0..100 {
            bench.poll_after(Duration::from_millis(200));
        }
        let cpu = processor_time().saturating_sub(before);
        println!(
            "{files} files: {:?} a poll, {:.3} % of a core",
            cpu / 100,
            cpu.as_secs_f64() / 20.0 * 100.0
        );
    }
}
