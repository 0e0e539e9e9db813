use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn all_spans_of_a_trace_are_kept_or_none_and_none_comes_twice_however_they_are_batched(
        batches in prop::collection::vec((prop::collection::vec(1_u8..20, 0..12), 0_u64..4000), 1..20),
        num_traces in 1_usize..30,
        root_wait in prop::bool::ANY,
    ) {
        let half = r#"{"name": "half", "type": "probabilistic", "probabilistic": {"sampling_percentage": 50}}"#;
        let rate = r#"{"name": "rate", "type": "rate_limiting", "rate_limiting": {"spans_per_second": 1}}"#;
        let root = if root_wait { r#", "decision_wait_after_root_received": "2s""# } else { "" };
        let keys = format!(
            r#""decision_wait": "5s", "num_traces": {num_traces}{root}, "decision_cache": {{"sampled_cache_size": 100, "non_sampled_cache_size": 100}}"#
        );
        let (mut sampler, registry) = sampler(&keys, &[half, rate]);
        let (mut now, mut sent, mut out) = (Instant::now(), 0_u64, Vec::new());
        let mut of_trace: BTreeMap<u8, BTreeSet<u64>> = BTreeMap::new();
        for (traces, pause) in &batches {
            let spans = traces.iter().map(|trace| {
                sent += 1;
                of_trace.entry(*trace).or_default().insert(sent);
                Span { start_time_unix_nano: sent, ..span(*trace, "x") }
            });
            let spans = spans.collect();
            out.extend(feed(&mut sampler, spans, now));
            now += Duration::from_millis(*pause);
            while let Some(due) = sampler.deadline().filter(|due| *due <= now) {
                out.extend(tick(&mut sampler, due));
            }
        }
        out.extend(drain(&mut sampler));

        let mut kept: BTreeMap<u8, BTreeSet<u64>> = BTreeMap::new();
        for span in &out {
            prop_assert!(kept.entry(span.trace_id[0]).or_default().insert(span.start_time_unix_nano), "twice");
        }
        for (trace, spans) in &kept {
            prop_assert_eq!(spans, &of_trace[trace]);
        }
        let held = edgewatch_core::testing::reading(&registry, "edgewatch_processor_tail_sampling_held_bytes", &[]);
        prop_assert_eq!(held as u64, 0);
    }
}
