//! What is read as OTLP/JSON is a well-formed request, and writing it and reading it again changes nothing.

#![no_main]

use edgewatch_fuzz::signal;
use edgewatch_proto::{json, scan::scan};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((signal, _, text)) = signal(data) else { return };
    let Ok(request) = json::decode(signal, text) else { return };
    scan(signal, &request).expect("what was read is well-formed");

    let mut written = Vec::new();
    json::encode(signal, &request, &mut written).expect("what is well-formed can be written");
    let again = json::decode(signal, &written).expect("what was written can be read");
    let mut twice = Vec::new();
    json::encode(signal, &again, &mut twice).expect("what is well-formed can be written");
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&twice));
});
