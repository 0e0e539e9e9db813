//! Lines of garbage collection logs are read without a panic, and command lines name few logs, whatever they are.

#![no_main]

use std::path::Path;

use edgewatch_hotspot::collector::Collector;
use edgewatch_hotspot::gc_log::{Line, Outputs, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for line in text.lines() {
        if let Some(Line::Event(event)) = parse(line) {
            let _ = event.names(Collector::G1);
            assert!(event.cause.is_none_or(|cause| line.contains(cause)));
        }
    }
    let outputs = Outputs::of(text.split_whitespace(), Path::new("/app"), 1, Some(17));
    assert!(outputs.0.len() <= 8);
});
