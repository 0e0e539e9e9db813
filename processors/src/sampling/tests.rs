use std::time::{Duration, Instant};

use bytes::Bytes;
use edgewatch_core::Signal;
use edgewatch_proto::splice::{Item, retain};
use proptest::prelude::*;

use super::*;
use crate::testing::traces;

#[test]
fn hashes_are_those_of_fowler_noll_and_vo() {
    // From the test vectors of the authors' page: "", "a", "foobar".
    assert_eq!(fnv1a_32([b"", b""]), 0x811c_9dc5);
    assert_eq!(fnv1a_32([b"a", b""]), 0xe40c_292c);
    assert_eq!(fnv1a_32([b"foo", b"bar"]), 0xbf9c_f968);
    assert_eq!(fnv1a_64(FNV_START, b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv1a_64(FNV_START, b"foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn thresholds_are_written_as_opentelemetry_specifies() {
    let written = |probability, precision| {
        Threshold::of_probability(probability, precision).expect("in range").to_string()
    };
    assert_eq!(written(1.0, 4), "0");
    assert_eq!(written(0.5, 4), "8");
    assert_eq!(written(0.25, 4), "c");
    assert_eq!(written(1.0 / 3.0, 4), "aaab");
    assert_eq!(written(2.0 / 3.0, 4), "5555");
    // Where the threshold begins with f or 0, digits are added.
    assert_eq!(written(0.01, 4), "fd70a");
    assert_eq!(written(0.001, 4), "ffbe77");
    assert_eq!(written(0.999, 4), "004189");
    assert_eq!(written(1.0 / 2_f64.powi(56), 4), "ffffffffffffff");
    assert_eq!(Threshold::of_probability(1.1, 4), None);
    assert_eq!(Threshold::of_probability(0.0, 4), None);
    assert_eq!(Threshold::of_probability(f64::NAN, 4), None);
    assert_eq!(Threshold::NEVER.to_string(), "");
}

#[test]
fn randomness_is_the_last_seven_bytes_of_a_trace_id() {
    let mut id = [0xfe; 16];
    id[9..].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0]);
    let randomness = Randomness::of_trace_id(&id);
    assert_eq!(randomness.to_string(), "80000000000000");
    assert!(Threshold::of_probability(0.5, 4).expect("in range").keeps(randomness));
    assert!(!Threshold::of_probability(0.49, 4).expect("in range").keeps(randomness));
    assert!(!Threshold::NEVER.keeps(Randomness::MOST));
}

#[test]
fn trace_states_are_read_and_written_as_in_the_collector() {
    let rewritten = |text: &str| TraceState::parse(text).map(|state| state.to_string());
    let same = |text: &str| rewritten(text) == Some(text.to_owned());
    assert!(same(""));
    assert!(same("ot=rv:9b8233f7e3a151;th:8;xx:1,vendor=a b"));
    assert!(same("ot=rv:FD70A3D70A3D71"));
    assert!(same("ot=th:c00"));
    assert_eq!(
        rewritten("a=1, ot=th:8;rv:9b8233f7e3a151 ,,b@c=2").as_deref(),
        Some("ot=rv:9b8233f7e3a151;th:8,a=1,b@c=2")
    );
    for wrong in [
        "ot=th:",
        "ot=th:123456789012345",
        "ot=th:g",
        "ot=rv:12",
        "ot=",
        "ot=th:8;",
        "ot=TH:8",
        "a",
        "A=1",
        "=1",
        "a=",
        "a=1=2",
        "ot=th:+8",
        "a@=1",
        "@a=1",
    ] {
        assert_eq!(rewritten(wrong), None, "{wrong}");
    }
    assert_eq!(rewritten(&format!("a={}", "x".repeat(256))).map(|text| text.len()), Some(258));
    assert_eq!(rewritten(&format!("a={}", "x".repeat(257))), None);
    assert_eq!(rewritten(&["a=1"; 32].join(",")), None);
    assert!(rewritten(&["a=1"; 31].join(",")).is_some());
}

#[test]
fn a_threshold_only_ever_rises() {
    let mut state = TraceState::parse("ot=th:c").expect("well-formed");
    state.apply(Threshold::parse("8").expect("valid"));
    assert_eq!(state.to_string(), "ot=th:c");
    state.apply(Threshold::parse("e").expect("valid"));
    assert_eq!(state.to_string(), "ot=th:e");
    state.clear_threshold();
    assert_eq!(state.to_string(), "");
}

#[test]
fn a_bucket_gives_what_came_in_since_and_what_was_saved_up() {
    let (mut bucket, start) = (TokenBucket::new(10, 20), Instant::now());
    assert!(!bucket.take(21, start));
    assert!(bucket.take(20, start));
    assert!(!bucket.take(1, start));
    assert!(bucket.take(10, start + Duration::from_secs(1)));
    assert!(!bucket.take(1, start), "time does not go back");
    assert!(!bucket.take(21, start + Duration::from_secs(100)));
    assert!(bucket.take(20, start + Duration::from_secs(100)));
}

#[test]
fn a_full_bucket_gives_more_than_it_holds_on_credit_and_nothing_until_that_has_come_in() {
    let (mut bucket, start) = (TokenBucket::new(10, 20), Instant::now());
    let after = |seconds| start + Duration::from_secs(seconds);
    assert!(bucket.take_on_credit(1, start));
    assert!(!bucket.take_on_credit(50, start), "it is not full");
    assert!(bucket.take_on_credit(50, after(1)));
    assert!(!bucket.take_on_credit(1, after(4)));
    assert!(bucket.take_on_credit(10, after(5)));
    assert!(bucket.take_on_credit(usize::MAX, after(100)));
    assert!(!bucket.take_on_credit(1, after(160)), "a minute at most");
    assert!(bucket.take_on_credit(1, after(161)));
}

#[test]
fn a_request_is_rebuilt_with_what_is_written_instead() {
    use opentelemetry_proto::tonic::trace::v1::Span;
    let named = |name: &str| Span { name: name.to_owned(), ..Span::default() };
    let batch = traces(None, vec![named("a"), named("b"), named("c")]);
    let request = batch.segments()[0].clone();

    let rebuilt = rebuild(Signal::Traces, &request, &mut |_, item, out| match item {
        Item::Span(span) if span.name() == "a" => Fate::Dropped,
        Item::Span(span) if span.name() == "b" => {
            edgewatch_proto::wire::put_bytes(out, 5, b"longer than before");
            Fate::Written
        }
        Item::Span(_) | Item::LogRecord(_) | Item::Point(..) => Fate::Kept,
    });

    let rebuilt = rebuilt.expect("small");
    assert_eq!((rebuilt.kept, rebuilt.dropped), (2, 1));
    let expected = traces(None, vec![named("longer than before"), named("c")]);
    assert_eq!(rebuilt.request.as_ref(), expected.segments().first());
}

proptest! {
    #[test]
    fn leaving_items_out_is_the_same_as_retaining_the_others(names in prop::collection::vec("[ab]", 0..10), keep in "[abc]") {
        use opentelemetry_proto::tonic::trace::v1::Span;
        let spans = names.iter().map(|name| Span { name: name.clone(), ..Span::default() }).collect();
        let request: Bytes = traces(None, spans).segments()[0].clone();
        let stays = |item: &Item<'_>| matches!(item, Item::Span(span) if span.name() == keep);

        let retained = retain(Signal::Traces, &request, &mut |located: &edgewatch_proto::splice::Located<'_>| stays(&located.item));
        let rebuilt = rebuild(Signal::Traces, &request, &mut |_, item, _| if stays(&item) { Fate::Kept } else { Fate::Dropped });

        let rebuilt = rebuilt.expect("not larger");
        prop_assert_eq!((rebuilt.kept, rebuilt.dropped), (retained.kept, retained.removed));
        prop_assert_eq!(rebuilt.request, retained.request);
    }

    #[test]
    fn any_text_is_a_trace_state_or_not(text in "(ot=)?[a-z0-9:;=,@ ]{0,40}") {
        if let Some(state) = TraceState::parse(&text) {
            let written = state.to_string();
            prop_assert_eq!(TraceState::parse(&written).map(|state| state.to_string()), Some(written));
        }
    }

    #[test]
    fn what_keeps_at_one_probability_keeps_at_every_larger_one(
        bits in any::<u64>(), one in 1e-9..1.0_f64, two in 1e-9..1.0_f64, precision in 1_u32..=14,
    ) {
        let threshold = |probability| Threshold::of_probability(probability, precision).expect("in range");
        let (less, more) = (threshold(one.min(two)), threshold(one.max(two)));
        prop_assert!(more <= less);
        let randomness = Randomness::of_bits(bits);
        prop_assert!(!less.keeps(randomness) || more.keeps(randomness));
        prop_assert_eq!(Threshold::parse(&more.to_string()), Some(more));
    }
}
