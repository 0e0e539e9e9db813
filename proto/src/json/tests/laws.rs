//! What holds for any request.

use proptest::prelude::*;
use prost::Message;

use crate::Signal;
use crate::encode::tests::arbitrary;
use crate::json::{decode, encode, encode_segments};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn traces_survive_the_way_through_json(request in arbitrary::traces()) {
        survives(Signal::Traces, &request)?;
    }

    #[test]
    fn metrics_survive_the_way_through_json(request in arbitrary::metrics()) {
        survives(Signal::Metrics, &request)?;
    }

    #[test]
    fn logs_survive_the_way_through_json(request in arbitrary::logs()) {
        survives(Signal::Logs, &request)?;
    }

    #[test]
    fn segments_are_written_as_one_request(first in arbitrary::logs(), second in arbitrary::logs()) {
        let segments = [first.encode_to_vec(), second.encode_to_vec()];
        let mut apart = Vec::new();
        encode_segments(Signal::Logs, segments.iter().map(Vec::as_slice), &mut apart).expect("well formed");

        let mut joined = Vec::new();
        encode(Signal::Logs, &segments.concat(), &mut joined).expect("well formed");

        prop_assert_eq!(apart, joined);
    }

    #[test]
    fn cut_or_altered_json_is_read_or_refused_but_never_makes_bad_protobuf(
        request in arbitrary::metrics(),
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
    fn cut_or_altered_protobuf_is_written_as_json_or_refused(
        request in arbitrary::traces(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = request.encode_to_vec();
        prop_assume!(!bytes.is_empty());
        *at.get_mut(&mut bytes) = byte;
        let mut json = Vec::new();
        if encode(Signal::Traces, &bytes, &mut json).is_ok() {
            serde_json::from_slice::<serde_json::Value>(&json).expect("JSON");
        }
    }
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
