//! What it takes beside requests, by the allocator's count.

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_core::ack::Ack;
use edgewatch_core::batch::Batch;

use super::*;

const NEVER: &str = r#"{"name": "never", "type": "probabilistic", "probabilistic": {}}"#;
const ODD: &str = r#"{"name": "odd", "type": "anomaly"}"#;

/// Requests that have so many traces of one span each.
fn requests(traces_each: &[u64]) -> Vec<Bytes> {
    let mut number = 0_u64;
    let request = |traces_in_it: &u64| {
        let spans = (0..*traces_in_it).map(|_| {
            number += 1;
            let trace_id =
                [number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes(), number.to_be_bytes()].concat();
            let name = format!("operation {number}");
            Span { trace_id, name, start_time_unix_nano: 1, end_time_unix_nano: 2, ..Span::default() }
        });
        traces(None, spans.collect()).segments()[0].clone()
    };
    traces_each.iter().map(request).collect()
}

/// The most that is allocated while these requests come, a second apart.
fn most_allocated(sampler: &mut TailSampling, requests: &[Bytes]) -> usize {
    let start = Instant::now();
    let made = allocation_counter::measure(|| {
        for (request, second) in requests.iter().zip(0..) {
            let (now, mut out) = (start + seconds(second), Emitter::default());
            let batch = Batch::new(Signal::Traces, request.clone(), 1, Ack::none());
            sampler.process(batch, now, &mut out).expect("takes it");
            sampler.tick(now, &mut out);
            assert!(out.is_empty());
        }
    });
    usize::try_from(made.bytes_max).expect("fits")
}

#[test]
fn no_more_memory_is_taken_than_is_told_however_the_traces_come() {
    // Just above what fits into a table before it grows.
    let keys = r#""num_traces": 3600, "decision_wait": "3s", "max_operations": 1000, "decision_cache": {"non_sampled_cache_size": 7200}"#;
    for policy in [NEVER, ODD] {
        for requests in [requests(&[100; 300]), requests(&[1_200; 30]), requests(&[100_000])] {
            let bound = config(&format!(r#"{{{keys}, "policies": [{policy}]}}"#)).memory_bound();
            let (mut sampler, _) = sampler(keys, &[policy]);
            let most = most_allocated(&mut sampler, &requests);
            assert!(most <= bound, "{policy}, {} requests: {most} of {bound}", requests.len());
        }
    }
}
