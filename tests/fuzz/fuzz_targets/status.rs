//! Answers of destinations are read without a panic, whatever they are.

#![no_main]

use edgewatch_proto::Signal;
use edgewatch_proto::status::{PartialSuccess, Status};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = Status::from_protobuf(data);
    let _ = Status::from_json(data);
    let _ = PartialSuccess::from_protobuf(data);
    for signal in Signal::ALL {
        let _ = PartialSuccess::from_json(signal, data);
    }
});
