//! Answers of JVMs over their attach socket are read without a panic, whatever they are.

#![no_main]

use edgewatch_hotspot::attach::{Facts, parse_reply};
use edgewatch_hotspot::replies::{code, flags, heap, logs, metaspace};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = match parse_reply(data) {
        Some((_, text)) => text,
        None => data,
    };
    let heap = heap::heap(text);
    for pool in heap.pools.iter().chain(&code::code_heaps(text)) {
        let (used, committed) = (pool.usage.used, pool.usage.committed);
        // Spaces are told by address; what is used of a code heap is another number than its bounds.
        assert!(!pool.name.ends_with("Eden Space") || committed.is_none_or(|committed| used <= committed));
    }
    let _ = metaspace::metaspace(text);
    let _ = (flags::flags(text).count(), logs::log_files(text).count());
    let (stat, status) = data.split_at(data.len() / 2);
    let _ = Facts::parse(stat, status);
});
