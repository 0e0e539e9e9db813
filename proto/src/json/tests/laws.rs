//! What holds for any request.

use proptest::prelude::*;
use prost::Message;

use crate::Signal;
use crate::json::{decode, encode, encode_segments};
use crate::scan::scan;
use crate::testing::{self, Decoded};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn traces_survive_the_way_through_json(request in testing::traces()) {
        survives(Signal::Traces, &request)?;
    }

    #[test]
    fn metrics_survive_the_way_through_json(request in testing::metrics()) {
        survives(Signal::Metrics, &request)?;
    }

    #[test]
    fn logs_survive_the_way_through_json(request in testing::logs()) {
        survives(Signal::Logs, &request)?;
    }

    #[test]
    fn segments_are_written_as_one_request(first in testing::logs(), second in testing::logs()) {
        let segments = [first.encode_to_vec(), second.encode_to_vec()];
        let mut apart = Vec::new();
        encode_segments(Signal::Logs, segments.iter().map(Vec::as_slice), &mut apart).expect("well formed");

        let mut joined = Vec::new();
        encode(Signal::Logs, &segments.concat(), &mut joined).expect("well formed");

        prop_assert_eq!(apart, joined);
    }

    #[test]
    fn cut_or_altered_json_is_read_or_refused_but_never_makes_bad_protobuf(
        request in testing::metrics(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut json = Vec::new();
        encode(Signal::Metrics, &request.encode_to_vec(), &mut json).expect("well formed");
        prop_assert!(decode(Signal::Metrics, &json[..at.index(json.len())]).is_err());

        *at.get_mut(&mut json) = byte;
        if let Ok(bytes) = decode(Signal::Metrics, &json) {
            opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest::decode(bytes.as_slice())
                .expect("what we wrote is well formed");
        }
    }

    #[test]
    fn unknown_fields_and_unpacked_lists_change_nothing((signal, bytes) in testing::any_encoded()) {
        reads_the_same(signal, &bytes)?;
    }

    #[test]
    fn whatever_passes_the_scan_is_written_as_json_that_means_the_same(
        (signal, bytes) in testing::any_encoded(),
        damages in testing::damage(),
    ) {
        let mut bytes = bytes.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        if scan(signal, &bytes).is_ok() {
            reads_the_same(signal, &bytes)?;
        } else {
            // Written or refused, but without harm.
            let _ = encode(signal, &bytes, &mut Vec::new());
        }
    }
}

/// Written as JSON and read again, `bytes` mean to prost what they meant before.
fn reads_the_same(signal: Signal, bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut json = Vec::new();
    encode(signal, bytes, &mut json).expect("the scan took it");
    let back = decode(signal, &json).expect("what we wrote is valid");
    let back = Decoded::decode(signal, &back).expect("well formed").encode();
    prop_assert_eq!(back, Decoded::decode(signal, bytes).expect("the scan took it").encode());
    Ok(())
}

fn survives<M: Message + Default + PartialEq>(signal: Signal, request: &M) -> Result<(), TestCaseError> {
    let bytes = request.encode_to_vec();
    let mut json = Vec::new();
    encode(signal, &bytes, &mut json).expect("well formed");
    let back = decode(signal, &json).expect("what we wrote is valid");
    // As bytes: NaN differs from itself. Prost writes both in the order of the schema.
    let back = M::decode(back.as_slice()).expect("well formed").encode_to_vec();
    prop_assert_eq!(back, bytes);
    Ok(())
}
