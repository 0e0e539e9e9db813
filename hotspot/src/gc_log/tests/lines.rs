//! Single lines.

use proptest::prelude::*;

use crate::collector::Collector;
use crate::gc_log::{Event, Heap, Kind, Line, Moment, Safepoint, parse};

const M: u64 = 1 << 20;
const K: u64 = 1 << 10;

fn event(line: &str) -> Event<'_> {
    match parse(line) {
        Some(Line::Event(event)) => event,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_pause_tells_all_about_itself() {
    let line = "[110748158175ns][info][gc] GC(97) Pause Young (Normal) (G1 Evacuation Pause) 134M->61M(161M) 2.141ms";
    let expected = Event {
        id: Some(97),
        kind: Kind::Young,
        cause: Some("G1 Evacuation Pause"),
        nanoseconds: Some(2_141_000),
        heap: Some(Heap { before: 134 * M, after: 61 * M, total: Some(161 * M) }),
        moment: Moment { wall: None, uptime: Some(110_748_158_175) },
    };
    assert_eq!(event(line), expected);
    assert_eq!(expected.middle(), Some(110_748_158_175 - 1_070_500));
    assert_eq!(expected.names(Collector::G1), Some(("G1 Young Generation", "end of minor GC")));
    assert_eq!(expected.names(Collector::Epsilon), None);
}

#[test]
fn decorators_may_stand_in_any_order_or_not_at_all() {
    let wall = Some(1_795_188_482_919_000_000);
    for (decorators, moment) in [
        ("", Moment::default()),
        ("[0.024s][info][gc] ", Moment { wall: None, uptime: Some(24_000_000) }),
        ("[gc          ][info ][2026-11-20T15:28:02.919+0000] ", Moment { wall, uptime: None }),
        ("[2026-11-20T16:58:02.919+0130][123][45] ", Moment { wall, uptime: None }),
        ("[host-1][2026-11-20T10:28:02.919-0500][77ms] ", Moment { wall, uptime: Some(77_000_000) }),
        ("[1795188482919ms][5ns] ", Moment { wall, uptime: Some(5) }),
        ("[1795188482919000000ns] ", Moment { wall, uptime: None }),
        ("[yesterday][12x][ms][s] ", Moment::default()),
    ] {
        let line = format!("{decorators}GC(3) Pause Remark 12M->12M(64M) 0.512ms");
        let event = event(&line);
        assert_eq!(
            (event.moment, event.kind, event.nanoseconds),
            (moment, Kind::Remark, Some(512_000)),
            "{line}"
        );
    }
}

#[test]
fn the_pauses_of_concurrent_collectors_have_generations() {
    let kinds = [
        ("GC(407) Pause Mark Start 0.012ms", Kind::Short),
        ("GC(332) y: Pause Relocate Start 0.007ms", Kind::ShortMinor),
        ("GC(1) Y: Pause Mark Start (Major) 0.012ms", Kind::ShortMajor),
        ("GC(1) O: Pause Mark End 0.012ms", Kind::ShortMajor),
        ("GC(39) Pause Final Update Refs 0.023ms", Kind::Short),
        ("GC(2) Pause Degenerated GC (Outside of Cycle) 60M->1M(64M) 4.1ms", Kind::Short),
    ];
    for (text, kind) in kinds {
        assert_eq!((event(text).kind, event(text).cause), (kind, None), "{text}");
    }
    let names = |text| event(text).names(Collector::GenerationalZ).unwrap();
    assert_eq!(names(kinds[1].0), ("ZGC Minor Pauses", "end of GC pause"));
    assert_eq!(names(kinds[2].0), ("ZGC Major Pauses", "end of GC pause"));
    assert_eq!(
        event(kinds[4].0).names(Collector::Shenandoah),
        Some(("Shenandoah Pauses", "end of GC pause"))
    );
}

#[test]
fn cycles_have_a_duration_where_the_line_says() {
    let cycle = event("[1s][info][gc] GC(63) Minor Collection (Allocation Rate) 72M(28%)->74M(29%) 0.018s");
    assert_eq!((cycle.kind, cycle.nanoseconds), (Kind::MinorCycle, Some(18_000_000)));
    assert_eq!(cycle.cause, Some("Allocation Rate"));
    assert_eq!(cycle.heap, Some(Heap { before: 72 * M, after: 74 * M, total: None }));
    assert_eq!(cycle.names(Collector::GenerationalZ), Some(("ZGC Minor Cycles", "end of GC cycle")));

    let cycle = event("[1s][info][gc] GC(53) Garbage Collection (System.gc()) 132M(52%)->48M(19%)");
    assert_eq!((cycle.kind, cycle.nanoseconds, cycle.cause), (Kind::Cycle, None, Some("System.gc()")));
    assert_eq!(cycle.names(Collector::Z), Some(("ZGC Cycles", "end of GC cycle")));
}

#[test]
fn what_only_begins_or_runs_beside_the_program_is_passed_over() {
    for line in [
        "",
        "[",
        "[1s][info][gc",
        "[0.024s][info][gc,start    ] GC(0) Pause Young (Normal) (G1 Evacuation Pause)",
        "[0.024s][info][gc] GC(63) Minor Collection (Allocation Rate)",
        "[0.024s][info][gc] GC(63) Major Collection (Allocation Rate) Aborted",
        "[0.024s][info][gc] GC(5) Concurrent Mark Cycle 5.123ms",
        "[0.024s][info][gc,phases] GC(5)   Pre Evacuate Collection Set: 0.1ms",
        "[0.024s][info][gc,stats] Pause Init Mark (N)                  12 us",
        "[0.024s][info][gc,heap] GC(5) Eden regions: 24->0(25)",
        "[0.024s][info][gc] GC(1) y: Relocation Stall (ZWorkerYoung#0) 1.2ms",
        "[0.024s][info][gc] Using G1",
        "[0.024s][info][gc] GC(99999999999999999999999) Pause Full 1M->1M(2M) 1.0ms",
        "1.5: [GC concurrent-mark-end, 0.0123 secs]",
        "1.5: [CMS-concurrent-mark: 0.1/0.2 secs]",
        "1.5: [GC pause (G1 Evacuation Pause) (young)",
        "   [Parallel Time: 1.2 ms, GC Workers: 2]",
        "Heap",
        " garbage-first heap   total 65536K, used 5K",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
}

#[test]
fn jdk_8_tells_the_same_in_other_words() {
    let line = "2026-11-20T08:00:00.123+0000: 1.234: [GC (Allocation Failure) [PSYoungGen: 65536K->10720K(76288K)] \
        65536K->20000K(251392K), 0.0123456 secs] [Times: user=0.02 sys=0.01, real=0.01 secs]";
    let expected = Event {
        id: None,
        kind: Kind::Young,
        cause: Some("Allocation Failure"),
        nanoseconds: Some(12_345_600),
        heap: Some(Heap { before: 65536 * K, after: 20000 * K, total: Some(251_392 * K) }),
        // It begins with when the pause began.
        moment: Moment { wall: Some(1_795_161_600_135_345_600), uptime: Some(1_246_345_600) },
    };
    assert_eq!(event(line), expected);
    assert_eq!(expected.middle(), Some(1_240_172_800));
    for (line, kind, cause, nanoseconds, after) in [
        (
            "1.234: [Full GC (System.gc()) [PSYoungGen: 10720K->0K(76288K)] [ParOldGen: 9280K->3000K(175104K)] \
            20000K->3000K(251392K), [Metaspace: 2700K->2700K(1056768K)], 0.0456 secs] [Times: user=0.1 sys=0.0, real=0.05 secs]",
            Kind::Full,
            Some("System.gc()"),
            45_600_000,
            Some(3000 * K),
        ),
        (
            "1,234: [GC (Allocation Failure) 1,234: [ParNew: 1000K->200K(3000K), 0,0100 secs] 4000K->500K(6000K), 0,0101 secs]",
            Kind::Young,
            Some("Allocation Failure"),
            10_100_000,
            Some(500 * K),
        ),
        (
            "1.2: [GC (CMS Initial Mark) [1 CMS-initial-mark: 100K(200K)] 150K(300K), 0.0012 secs]",
            Kind::InitialMark,
            None,
            1_200_000,
            None,
        ),
        (
            "1.2: [GC (CMS Final Remark) [YG occupancy: 1 K (2 K)]1.3: [Rescan (parallel) , 0.001 secs]\
            [1 CMS-remark: 10K(20K)] 15K(30K), 0.0123 secs] [Times: user=0.02 sys=0.01, real=0.01 secs]",
            Kind::Remark,
            None,
            12_300_000,
            None,
        ),
        (
            "0.5: [GC pause (G1 Evacuation Pause) (young) 24M->5M(64M), 0.0023 secs]",
            Kind::Young,
            Some("G1 Evacuation Pause"),
            2_300_000,
            Some(5 * M),
        ),
        ("0.5: [GC remark, 0.0012 secs]", Kind::Remark, None, 1_200_000, None),
        ("0.5: [GC cleanup 24M->20M(64M), 0.0005 secs]", Kind::Cleanup, None, 500_000, Some(20 * M)),
        ("[Full GC 24M->20M(64M), 0.5 secs]", Kind::Full, None, 500_000_000, Some(20 * M)),
    ] {
        let event = event(line);
        let heap = event.heap.map(|heap| heap.after);
        let found = (event.kind, event.cause, event.nanoseconds, heap);
        assert_eq!(found, (kind, cause, Some(nanoseconds), after), "{line}");
    }
}

#[test]
fn safepoints_are_recognised() {
    let line = "[1s][info][safepoint   ] Safepoint \"G1CollectForAllocation\", Time since last: 69483573 ns, Reaching safepoint: \
        9284 ns, Cleanup: 18096 ns, At safepoint: 2882573 ns, Total: 2909953 ns";
    let moment = Moment { wall: None, uptime: Some(1_000_000_000) };
    let operation = Some("G1CollectForAllocation");
    let expected = Safepoint { operation, reaching: Some(9284), total: 2_909_953, moment };
    assert_eq!(parse(line), Some(Line::Safepoint(expected)));

    let text = "Total time for which application threads were stopped: 0.0001000 seconds, Stopping threads took: 0.0000200 seconds";
    for line in [format!("[1s][info][safepoint] {text}"), format!("1.000: {text}")] {
        let expected = Safepoint { operation: None, reaching: Some(20_000), total: 100_000, moment };
        assert_eq!(parse(&line), Some(Line::Safepoint(expected)));
    }
}

#[test]
fn impossible_dates_are_no_dates() {
    for date in [
        "2026-13-01T00:00:00.000+0000",
        "2026-00-01T00:00:00.000+0000",
        "2026-01-01T00:00:00.000",
        "é026-01-01",
    ] {
        let line = format!("[{date}] GC(3) Pause Remark 12M->12M(64M) 0.512ms");
        assert_eq!(event(&line).moment, Moment::default(), "{date}");
    }
    let line = "[1970-01-01T00:00:00.000+0000] GC(3) Pause Remark 12M->12M(64M) 0.512ms";
    assert_eq!(event(line).moment.wall, Some(0));
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn almost_lines_are_read(pieces in proptest::collection::vec(prop_oneof![
        Just("["), Just("]"), Just("GC("), Just("1"), Just(") "), Just("Pause "), Just("Young "), Just("(Normal) "),
        Just("12M->3M(4M) "), Just("1.5ms"), Just("[GC "), Just("[Full GC"), Just(", 0.1 secs]"), Just("Minor Collection "),
        Just("2026-11-20T08:00:00.123+0000"), Just(": "), Just("99999999999999999999"), Just("(("), Just("é"), Just("y: "),
        Just("Safepoint \""), Just("Total: "), Just(" [Times:"), Just("18446744073709551615T->1B"),
    ], 0..14)) {
        let _ = parse(&pieces.concat());
    }

    #[test]
    fn what_was_written_is_read(
        id: u32, uptime in 0_u64..1 << 50, before in 0_u64..1 << 20, after in 0_u64..1 << 20, micros in 0_u64..1 << 40,
        full: bool, cause in "[A-Za-z][A-Za-z0-9 .]{0,20}",
    ) {
        let (kind, words) = if full { (Kind::Full, "Full") } else { (Kind::Young, "Young (Mixed)") };
        let line = format!(
            "[{uptime}ns][info][gc   ] GC({id}) Pause {words} ({cause}) {before}M->{after}M({before}M) {}.{:03}ms",
            micros / 1000, micros % 1000
        );
        let expected = Event {
            id: Some(u64::from(id)),
            kind,
            cause: Some(&cause),
            nanoseconds: Some(micros * 1000),
            heap: Some(Heap { before: before * M, after: after * M, total: Some(before * M) }),
            moment: Moment { wall: None, uptime: Some(uptime) },
        };
        prop_assert_eq!(parse(&line), Some(Line::Event(expected)));
    }
}
