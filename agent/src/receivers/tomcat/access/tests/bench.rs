//! How many lines a second are read. Run with
//! `cargo test --release -p edgewatch access_lines_per_second -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::super::redact::redact;
use super::*;

#[test]
#[ignore = "a measurement, of use in release builds only"]
fn access_lines_per_second() {
    let lines: Vec<&str> = include_str!("../../testdata/10.1/combined.txt").lines().collect();
    let mut reader = reader("combined");
    let mut scratch = String::new();
    let (start, mut read, mut bytes) = (Instant::now(), 0_u64, 0);
    while start.elapsed() < Duration::from_secs(1) {
        for line in &lines {
            let line = redact(line, &mut scratch);
            let mut request = Request::default();
            assert_eq!(reader.read(line, &mut request), Outcome::Request);
            bytes += line.len();
            read += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{:.0} lines/s, {:.0} MB/s", read as f64 / seconds, bytes as f64 / seconds / 1e6);
}
