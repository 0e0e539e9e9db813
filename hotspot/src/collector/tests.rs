//! Plans over recorded blocks, against what the JMX beans of the same JVM said at the same moment.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::flags::{flag, option};
use super::{Collector, General, OldAfter, Plan, version};
use crate::counters::Layout;

/// What a JVM's beans said.
#[derive(Debug, Default)]
struct Beans {
    pools: HashMap<String, HashMap<String, i64>>,
    collections: HashMap<String, u64>,
    general: General,
}

fn recorded(name: &str) -> (Vec<u8>, Beans) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let file = |kind: &str| directory.join(format!("{name}.{kind}"));
    let block = std::fs::read(file("block")).expect("a block");
    (block, beans(&std::fs::read_to_string(file("txt")).expect("beans")))
}

fn beans(text: &str) -> Beans {
    let mut beans = Beans::default();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    for line in text.lines() {
        match *line.split('|').collect::<Vec<_>>() {
            ["pool", name, _, ref values @ ..] => {
                let value = |value: &&str| {
                    let (key, value) = value.split_once('=')?;
                    Some((key.to_owned(), value.parse().ok()?))
                };
                beans.pools.insert(name.to_owned(), values.iter().filter_map(value).collect());
            }
            ["gc", name, count, _] => {
                beans.collections.insert(name.to_owned(), number(count));
            }
            ["threads", threads, daemons] => {
                beans.general.threads = Some(number(threads));
                beans.general.daemons = Some(number(daemons));
            }
            ["classes", _, loaded, unloaded] => {
                beans.general.loaded = Some(number(loaded));
                beans.general.unloaded = Some(number(unloaded));
            }
            ["runtime", started, ..] => beans.general.started = Some(number(started)),
            _ => panic!("unexpected {line}"),
        }
    }
    beans
}

/// Every recording: its collector, and which values of which pools the counters do not tell although JMX does.
const RECORDINGS: &[(&str, Collector, u32, &[&str])] = &[
    ("11-cms", Collector::Cms, 11, COPYING),
    ("11-g1", Collector::G1, 11, &[]),
    ("11-parallel", Collector::Parallel, 11, PARALLEL),
    ("11-pold-full", Collector::Parallel, 11, PARALLEL),
    ("11-serial", Collector::Serial, 11, COPYING),
    ("11-shenandoah", Collector::Shenandoah, 11, &[]),
    ("11-z", Collector::Z, 11, Z),
    ("17-epsilon", Collector::Epsilon, 17, &["Epsilon Heap init"]),
    ("17-g1", Collector::G1, 17, &[]),
    (
        "17-g1-early",
        Collector::G1,
        17,
        &[
            "G1 Old Gen used",
            "G1 Old Gen committed",
            "Metaspace used",
            "Metaspace committed",
            "Compressed Class Space used",
            "Compressed Class Space committed",
        ],
    ),
    ("17-g1-full", Collector::G1, 17, &[]),
    ("17-g1meta", Collector::G1, 17, &[]),
    ("17-parallel", Collector::Parallel, 17, PARALLEL),
    ("17-serial", Collector::Serial, 17, COPYING),
    ("17-shenandoah", Collector::Shenandoah, 17, &[]),
    ("17-z", Collector::Z, 17, Z),
    ("21-g1", Collector::G1, 21, &[]),
    ("21-parallel", Collector::Parallel, 21, PARALLEL),
    (
        "21-parallel-full",
        Collector::Parallel,
        21,
        &[
            "PS Eden Space init",
            "PS Survivor Space init",
            "PS Survivor Space committed",
            "PS Survivor Space max",
        ],
    ),
    ("21-serial", Collector::Serial, 21, COPYING),
    ("21-shenandoah", Collector::Shenandoah, 21, &[]),
    ("21-z", Collector::Z, 21, Z),
    ("21-zgen", Collector::GenerationalZ, 21, GENERATIONAL_Z),
    ("21-zgen-full", Collector::GenerationalZ, 21, GENERATIONAL_Z),
    ("25-g1", Collector::G1, 25, &[]),
    (
        "25-parallel",
        Collector::Parallel,
        25,
        &["PS Eden Space init", "PS Survivor Space init", "PS Eden Space used"],
    ),
    ("25-serial", Collector::Serial, 25, &["Eden Space init", "Survivor Space init", "Eden Space used"]),
    ("25-serial-full", Collector::Serial, 25, &["Eden Space init", "Survivor Space init", "Eden Space used"]),
    ("25-shenandoah", Collector::Shenandoah, 25, &[]),
    (
        "25-shengen",
        Collector::GenerationalShenandoah,
        25,
        &[
            "Shenandoah Old Gen used",
            "Shenandoah Old Gen committed",
            "Shenandoah Young Gen used",
            "Shenandoah Young Gen committed",
        ],
    ),
    ("25-z", Collector::GenerationalZ, 25, GENERATIONAL_Z),
];
const COPYING: &[&str] =
    &["Eden Space init", "Par Eden Space init", "Par Survivor Space init", "Survivor Space init"];
const PARALLEL: &[&str] = &["PS Eden Space init", "PS Survivor Space init"];
const Z: &[&str] = &["ZHeap used", "ZHeap committed"];
const GENERATIONAL_Z: &[&str] = &[
    "ZGC Old Generation used",
    "ZGC Old Generation committed",
    "ZGC Young Generation used",
    "ZGC Young Generation committed",
];

#[test]
fn every_recording_is_tested() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let blocks = std::fs::read_dir(directory).expect("testdata").filter_map(|entry| {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        name.strip_suffix(".block").map(str::to_owned)
    });
    let mut blocks: Vec<String> = blocks.collect();
    blocks.sort_unstable();
    assert_eq!(blocks, RECORDINGS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
}

#[test]
fn collectors_and_versions_are_told_apart() {
    for (name, collector, feature, _) in RECORDINGS {
        let plan = Plan::new(&recorded(name).0).expect(name);
        assert_eq!((plan.collector(), plan.feature()), (Some(*collector), Some(*feature)), "{name}");
    }
}

#[test]
fn pools_are_those_of_jmx_or_absent() {
    for (name, _, _, absent) in RECORDINGS {
        let (block, beans) = recorded(name);
        let plan = Plan::new(&block).expect(name);
        let mut missing = Vec::new();
        let named = plan.pools().iter().filter_map(|pool| Some((pool.name?, pool)));
        let pools: HashMap<_, _> = named.collect();
        for (pool, values) in beans.pools.iter().filter(|(pool, _)| !pool.starts_with("Code")) {
            let ours = pools.get(pool.as_str()).unwrap_or_else(|| panic!("{name} has no {pool}"));
            let values_of_ours = [
                ("used", plan.used(&block, ours)),
                ("committed", plan.committed(&block, ours)),
                ("max", plan.value(&block, ours.limit)),
                ("init", plan.value(&block, ours.init)),
            ];
            for (what, ours) in values_of_ours {
                let theirs = u64::try_from(values[what]).ok();
                match (ours, theirs) {
                    (None, None) => {}
                    (None, Some(0)) if what == "init" && !ours_is_heap(pool) => {}
                    (None, Some(_)) => missing.push(format!("{pool} {what}")),
                    (Some(ours), theirs) => {
                        let theirs =
                            theirs.unwrap_or_else(|| panic!("{name}: {pool} has no {what}, not {ours}"));
                        let off = ours.abs_diff(theirs);
                        assert!(
                            off <= tolerance(pool, what),
                            "{name}: {pool} {what} is {theirs}, not {ours}"
                        );
                    }
                }
            }
        }
        missing.sort_unstable();
        let mut absent: Vec<&str> = absent
            .iter()
            .copied()
            .filter(|absent| beans.pools.keys().any(|pool| absent.starts_with(pool)))
            .collect();
        absent.sort_unstable();
        assert_eq!(missing, absent, "{name}");
        for pool in
            plan.pools().iter().filter(|pool| pool.name.is_some_and(|name| !beans.pools.contains_key(name)))
        {
            let values = [pool.used, pool.committed, pool.limit, pool.init];
            assert_eq!(values.map(|value| plan.value(&block, value)), [None; 4], "{name} {:?}", pool.name);
        }
    }
}

fn ours_is_heap(pool: &str) -> bool {
    pool != "Compressed Class Space"
}

/// How far a counter may be off: the beans are read after the counters, by a program that allocates meanwhile; the metaspace is that of the
/// end of the last collection.
fn tolerance(pool: &str, what: &str) -> u64 {
    match (pool, what) {
        // Threads take memory in pieces of up to a fiftieth of the space.
        ("PS Eden Space", "used") => 2 << 20,
        ("Eden Space" | "Par Eden Space" | "Shenandoah", "used") => 512 << 10,
        ("Epsilon Heap", "used") => 2 << 20,
        ("Metaspace" | "Compressed Class Space", "used") => 512 << 10,
        ("Metaspace" | "Compressed Class Space", "committed") => 512 << 10,
        _ => 0,
    }
}

#[test]
fn the_whole_heap_of_generational_shenandoah_is_the_sum_of_its_pools() {
    let (block, beans) = recorded("25-shengen");
    let plan = Plan::new(&block).expect("a plan");
    let whole = plan.pools().iter().find(|pool| pool.name.is_none()).expect("the whole heap");

    let heap = beans.pools.iter().filter(|(name, _)| name.starts_with("Shenandoah"));
    let used: i64 = heap.map(|(_, values)| values["used"]).sum();
    let ours = plan.used(&block, whole).expect("what is used");
    assert!(ours.abs_diff(used.cast_unsigned()) < 512 << 10, "{used}, not {ours}");
    assert_eq!(plan.value(&block, whole.limit), None);
}

#[test]
fn collections_are_counted_as_jmx_counts_them() {
    for (name, ..) in RECORDINGS {
        let (block, beans) = recorded(name);
        let plan = Plan::new(&block).expect(name);
        for of in
            plan.collections().iter().filter(|of| of.action != "end of GC pause" || !name.starts_with("11"))
        {
            let Some(expected) = beans.collections.get(of.name) else {
                assert_eq!(of.name, "G1 Concurrent GC", "{name}: the bean came with JDK 20");
                continue;
            };
            assert_eq!(plan.tally(&block, of).expect(name).count, *expected, "{name} {}", of.name);
        }
        // Cycles are concurrent; those of Shenandoah and of the Z of JDK 11 have no counters of use.
        let untold =
            beans.collections.keys().filter(|bean| !plan.collections().iter().any(|of| of.name == **bean));
        for bean in untold {
            let known = bean.ends_with("Cycles")
                || bean.starts_with("Shenandoah")
                || bean.starts_with("Epsilon")
                || (*name == "11-z" && bean == "ZGC");
            assert!(known, "{name} {bean}");
        }
    }
}

#[test]
fn threads_classes_and_the_start_are_those_of_jmx() {
    for (name, ..) in RECORDINGS {
        let (block, beans) = recorded(name);
        let general = Plan::new(&block).expect(name).general(&block);
        assert!(general.safepoints.is_some() && general.safepoint_time.is_some(), "{name}");
        assert!(general.safepoint_sync_time.is_some(), "{name}");
        let General { threads, daemons, loaded, unloaded, started, .. } = general;
        let ours = General { threads, daemons, loaded, unloaded, started, ..General::default() };
        assert_eq!(ours, beans.general, "{name}");
    }
}

#[test]
fn what_is_left_of_pools_that_only_collections_change_is_that_of_jmx() {
    for (name, ..) in RECORDINGS {
        let (block, beans) = recorded(name);
        let plan = Plan::new(&block).expect(name);
        for pool in plan.pools() {
            if let (Some(pool_name), Some(after)) = (pool.name, plan.after(&block, pool)) {
                assert_eq!(beans.pools[pool_name]["after"], after.cast_signed(), "{name} {pool_name}");
            }
        }
    }
}

#[test]
fn what_is_left_of_the_old_generation_is_seen_after_a_major_collection() {
    for (before, full, expected) in [("17-g1", "17-g1-full", true), ("25-serial", "25-serial-full", true)] {
        let ((before, _), (block, beans)) = (recorded(before), recorded(full));
        let plan = Plan::new(&block).expect(full);
        let old = plan.pools().iter().find(|pool| matches!(pool.name, Some("G1 Old Gen" | "Tenured Gen")));
        let old = old.expect("an old generation");
        let mut after = OldAfter::default();

        after.look(&Plan::new(&before).expect(full), &before);
        assert_eq!(after.of(old), None);
        after.look(&plan, &block);
        let theirs = beans.pools[old.name.expect("a name")]["after"];
        assert_eq!(after.of(old), expected.then_some(theirs.cast_unsigned()), "{full}");
    }
}

#[test]
fn the_cause_of_the_last_collection_is_told() {
    let (block, _) = recorded("17-g1-full");
    assert_eq!(Plan::new(&block).expect("a plan").last_cause(&block).as_deref(), Some("System.gc()"));
}

#[test]
fn versions_are_read_in_the_old_and_the_new_way() {
    let texts = ["1.8", "1.8.0_402", "9", "11.0.13", "25-ea", "25", "x", ""];
    let expected = [Some(8), Some(8), Some(9), Some(11), Some(25), Some(25), None, None];
    assert_eq!(texts.map(version), expected);
}

#[test]
fn flags_and_options_are_found_and_the_last_one_counts() {
    let args = "-XX:+UseG1GC -Dx=-XX:+No -XX:MaxMetaspaceSize=64m -XX:-UseG1GC -XX:MaxMetaspaceSize=1G";
    assert_eq!(flag(args, "UseG1GC"), Some(false));
    assert_eq!(flag(args, "UseZGC"), None);
    assert_eq!(option(args, "MaxMetaspaceSize"), Some("1G"));
    assert_eq!(option(args, "MaxMetaspace"), None);
    let sizes = ["64m", "1G", "65536", "8k", "0x10", "m", "", "99999999999t", "ä"].map(super::flags::size);
    assert_eq!(
        sizes,
        [Some(64 << 20), Some(1 << 30), Some(65536), Some(8192), Some(16), None, None, None, None]
    );
}

#[test]
fn blocks_that_were_cut_or_damaged_are_read_without_panic() {
    let (block, _) = recorded("17-g1");
    for end in (0..block.len()).step_by(7) {
        read_all(&block[..end], &block[..end]);
    }
    for at in (0..block.len()).step_by(3) {
        let mut damaged = block.clone();
        damaged[at] ^= 0xFF;
        read_all(&damaged, &block[..at]);
    }
}

/// Reads everything of `block` by the plan of `planned`.
fn read_all(planned: &[u8], block: &[u8]) {
    let _ = Layout::parse(planned);
    let Ok(plan) = Plan::new(planned) else { return };
    for pool in plan.pools() {
        let _ = (plan.used(block, pool), plan.committed(block, pool), plan.after(block, pool));
        let _ = (plan.value(block, pool.limit), plan.value(block, pool.init));
    }
    for of in plan.collections() {
        let _ = plan.tally(block, of);
    }
    OldAfter::default().look(&plan, block);
    let _ = (plan.general(block), plan.last_cause(block), plan.is_current(block));
}

#[test]
fn what_fuzzing_begins_with_is_understood() {
    for (seed, kinds) in [("counters-0", 3), ("counters-1", 2), ("counters-2", 2)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds").join(seed);
        let block = std::fs::read(path).expect("a seed");
        // Fuzzing cuts what is longer.
        assert!(block.len() <= 4096, "{seed}");
        let plan = Plan::new(&block).expect("a plan");
        assert_eq!(plan.collections().len(), kinds, "{seed}");
    }
}

#[test]
fn what_is_watched_holds_the_counters_of_all_collections_and_little_else() {
    for name in ["11-cms", "17-g1", "21-parallel", "25-serial", "25-z"] {
        let (block, _) = recorded(name);
        let plan = Plan::new(&block).expect("a plan");
        let watched = plan.watched();
        assert!((64..4096).contains(&watched.len()), "{name}: {watched:?}");
        // Nothing else is needed to tell what collections have done.
        let mut other = vec![0xff; block.len()];
        other[watched.clone()].copy_from_slice(&block[watched]);
        for of in plan.collections() {
            assert!(plan.tally(&block, of).is_some(), "{name}");
            assert_eq!(plan.tally(&other, of), plan.tally(&block, of), "{name}");
        }
    }
    assert!(Plan::new(&recorded("25-shenandoah").0).expect("a plan").watched().is_empty());
}
