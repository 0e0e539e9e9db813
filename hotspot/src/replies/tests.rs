//! Answers recorded from real JVMs, and answers that no JVM gives.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::code::code_heaps;
use super::flags;
use super::heap::{Heap, heap};
use super::logs::log_files;
use super::metaspace::{Metaspace, metaspace};
use super::{Pool, Usage};
use crate::attach::parse_reply;

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;

#[test]
fn serial_tells_its_spaces_to_the_byte() {
    let tops = [
        ("11", 0x86b_af40 - 0x800_0000),
        ("17", 0x860_c310 - 0x800_0000),
        ("21", 0x881_8798 - 0x800_0000),
        ("25", 0x876_9b00 - 0x800_0000),
    ];
    for (version, eden) in tops {
        let expected = [
            pool("Eden Space", eden, Some(34944 * KB)),
            pool("Survivor Space", 0, Some(4352 * KB)),
            pool("Tenured Gen", 0, Some(87424 * KB)),
        ];
        let heap = heap(&recorded(version, "serial-heap_info"));
        assert_eq!(heap.pools, expected, "{version}");
        assert_eq!(heap.whole, None);
    }
}

#[test]
fn parallel_tells_its_spaces_to_the_byte() {
    let tops = [("11", 0x69_9ac0), ("17", 0x5f_33b0), ("21", 0x7e_68d8), ("25", 0x74_0160)];
    for (version, eden) in tops {
        let expected = [
            pool("PS Eden Space", eden, Some(33280 * KB)),
            pool("PS Survivor Space", 0, Some(5120 * KB)),
            pool("PS Old Gen", 0, Some(87552 * KB)),
        ];
        assert_eq!(heap(&recorded(version, "parallel-heap_info")).pools, expected, "{version}");
    }
}

#[test]
fn g1_tells_the_heap_and_its_young_regions() {
    for (version, used, young, limit) in [
        ("11", 8192, 1, None),
        ("17", 9401, 1, None),
        ("21", 9216, 1, None),
        ("25", 9813, 2, Some(131_072 * KB)),
    ] {
        let heap = heap(&recorded(version, "g1-heap_info"));
        let whole = Usage { used: used * KB, committed: Some(131_072 * KB), limit };
        assert_eq!(heap.whole, Some(whole), "{version}");
        assert_eq!(heap.pools, [pool("G1 Eden Space", young * MB, None), pool("G1 Survivor Space", 0, None)]);
    }
}

#[test]
fn z_and_shenandoah_tell_the_heap_as_a_whole() {
    let recordings = [
        ("11", "z", 36 * MB),
        ("17", "z", 10 * MB),
        ("21", "z", 12 * MB),
        ("21", "zgen", 12 * MB),
        ("25", "z", 12 * MB),
        ("11", "shenandoah", 5376 * KB),
        ("17", "shenandoah", 5632 * KB),
        ("21", "shenandoah", 5888 * KB),
        ("25", "shenandoah", 5632 * KB),
        ("25", "genshen", 5632 * KB),
    ];
    for (version, collector, used) in recordings {
        let heap = heap(&recorded(version, &format!("{collector}-heap_info")));
        let whole = Usage { used, committed: Some(128 * MB), limit: Some(128 * MB) };
        assert_eq!((heap.whole, heap.pools.len()), (Some(whole), 0), "{version} {collector}");
    }
}

#[test]
fn old_versions_tell_metaspace_with_the_heap() {
    let told = |version| {
        let Heap { metaspace, class_space, .. } = heap(&recorded(version, "parallel-heap_info"));
        (metaspace, class_space)
    };
    let usage =
        |used, committed| Some(Usage { used: used * KB, committed: Some(committed * KB), limit: None });
    assert_eq!(told("11"), (usage(3119, 4864), usage(307, 512)));
    assert_eq!(told("17"), (usage(192, 384), usage(8, 128)));
    assert_eq!(told("21"), (usage(3946, 4160), usage(345, 448)));
    assert_eq!(told("25"), (None, None));
    assert_eq!(heap(&recorded("11", "z-heap_info")).class_space, None);
}

#[test]
fn metaspace_is_as_precise_as_the_version_tells_it() {
    let rough = |used: f64, unit, committed: f64, committed_unit| {
        let bytes = |amount: f64, unit: u64| (amount * unit as f64) as u64;
        Some(Usage {
            used: bytes(used, unit),
            committed: Some(bytes(committed, committed_unit)),
            limit: None,
        })
    };
    let told = |version| metaspace(&recorded(version, "g1-metaspace"));
    let eleven =
        Metaspace { metaspace: rough(5.31, MB, 5.62, MB), class_space: rough(551.34, KB, 640.0, KB) };
    let seventeen =
        Metaspace { metaspace: rough(672.59, KB, 832.0, KB), class_space: rough(58.95, KB, 128.0, KB) };
    let twenty_one =
        Metaspace { metaspace: rough(6.02, MB, 6.19, MB), class_space: rough(571.26, KB, 640.0, KB) };
    let twenty_five =
        Metaspace { metaspace: rough(6221.0, KB, 6400.0, KB), class_space: rough(585.0, KB, 704.0, KB) };
    assert_eq!(["11", "17", "21", "25"].map(told), [eleven, seventeen, twenty_one, twenty_five]);
}

#[test]
fn code_heaps_are_told_each_and_their_sum_is_not() {
    let sizes = [
        ("11", [(91, 120_036), (373, 120_032), (1085, 5692)]),
        ("17", [(60, 120_036), (172, 120_032), (1092, 5692)]),
        ("21", [(72, 120_036), (185, 120_032), (1335, 5692)]),
        ("25", [(50, 120_040), (116, 120_032), (1357, 5688)]),
    ];
    let names =
        ["CodeHeap 'non-profiled nmethods'", "CodeHeap 'profiled nmethods'", "CodeHeap 'non-nmethods'"];
    for (version, sizes) in sizes {
        let expected: Vec<Pool> =
            names.into_iter().zip(sizes).map(|(name, (used, size))| code(name, used, size)).collect();
        assert_eq!(code_heaps(&recorded(version, "g1-codecache")), expected, "{version}");
    }
    for (version, used) in [("11", 1091), ("17", 1114), ("21", 1147), ("25", 1173)] {
        let expected = [code("CodeCache", used, 65536)];
        assert_eq!(code_heaps(&recorded(version, "single-codecache")), expected, "{version}");
    }
}

#[test]
fn flags_are_told_as_they_are_written() {
    for version in ["11", "17", "21", "25"] {
        let answer = recorded(version, "g1-flags");
        assert_eq!(flags::is_on(&answer, "UseG1GC"), Some(true), "{version}");
        assert_eq!(flags::is_on(&answer, "NoSuchFlag"), None);
        let size = flags::flags(&answer).find(|(name, _)| name == "MaxHeapSize").map(|(_, value)| value);
        assert_eq!(size.as_deref(), Some("134217728"));
    }
    assert_eq!(flags::is_on(b"-XX:-EnableDynamicAgentLoading \n", "EnableDynamicAgentLoading"), Some(false));
}

#[test]
fn files_of_logs_are_told_and_other_outputs_are_not() {
    let answer = b"Log output configuration:\n #0: stdout all=warning uptime,level,tags\n #1: stderr all=off uptime\n \
        #2: file=/dev/shm/a.log all=off,gc=info uptimenanos filecount=1,filesize=512K,async=false (reconfigured)\n #x: file=/b c\n #3: file=\n";
    assert_eq!(log_files(answer).collect::<Vec<_>>(), [b"/dev/shm/a.log"]);
}

#[test]
fn a_reply_is_a_status_and_a_text() {
    assert_eq!(parse_reply(b"0\nabc\n"), Some((0, b"abc\n".as_slice())));
    assert_eq!(parse_reply(b"-1\n"), Some((-1, b"".as_slice())));
    assert_eq!(parse_reply(b"0"), None);
    assert_eq!(parse_reply(b"zero\n"), None);
    assert_eq!(parse_reply(b"00000000000000000000000000\n"), None);
}

#[test]
fn numbers_that_cannot_be_are_left_out() {
    let spaces = b"DefNew     total 1K, used 1K [0x1, 0x2, 0x3)\n eden space 1K, 1% used [0x5, 0x4, 0x6)\n \
        from space 1K, 1% used [0x5, 0x6)\n the  space 1K, 0% used [0x5,";
    assert_eq!(heap(spaces).pools, [pool("Survivor Space", 1, Some(1))]);
    let huge = b"ZHeap used 18446744073709551615M, capacity 1M, max capacity 1M\n";
    assert_eq!(heap(huge).whole, None);
    assert_eq!(metaspace(b"Both: 1e300 MB used.\nBoth: -1 MB used.\nBoth: NaN MB used").metaspace, None);
}

proptest! {
    #[test]
    fn nothing_makes_a_parser_panic(text in any::<Vec<u8>>()) {
        parse_all(&text);
    }

    #[test]
    fn nothing_that_is_nearly_an_answer_makes_a_parser_panic(which in any::<prop::sample::Index>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8), cut in any::<prop::sample::Index>()) {
        let mut files: Vec<_> = fs::read_dir(testdata()).expect("recordings").map(|file| file.expect("a file").path()).collect();
        files.sort();
        let mut text = fs::read(which.get(&files)).expect("a recording");
        for (at, byte) in edits {
            let at = at.index(text.len());
            text[at] = byte;
        }
        text.truncate(cut.index(text.len()) + 1);
        parse_all(&text);
    }
}

fn parse_all(text: &[u8]) {
    let heap = heap(text);
    for Pool { usage, .. } in heap.pools {
        assert!(usage.committed.is_none_or(|committed| usage.used <= committed));
    }
    let _ = (code_heaps(text), metaspace(text), flags::flags(text).count(), log_files(text).count());
    let _ = parse_reply(text);
}

fn testdata() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/replies/testdata"))
}

/// What a JVM of this version has answered.
fn recorded(version: &str, what: &str) -> Vec<u8> {
    let reply = fs::read(testdata().join(format!("{version}-{what}.txt"))).expect("a recording");
    let (status, text) = parse_reply(&reply).expect("a reply");
    assert_eq!(status, 0);
    text.to_vec()
}

fn pool(name: &'static str, used: u64, committed: Option<u64>) -> Pool {
    Pool { name, usage: Usage { used, committed, limit: None } }
}

fn code(name: &'static str, used: u64, size: u64) -> Pool {
    Pool { name, usage: Usage { used: used * KB, committed: Some(2496 * KB), limit: Some(size * KB) } }
}
