//! The table of mounts, and file systems that do not answer.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use edgewatch_core::telemetry::Registry;
use edgewatch_core::telemetry::Telemetry;
use edgewatch_core::testing::reading;
use proptest::prelude::*;

use super::config::Config;
use super::mounts::{Mount, Mounts, parse_file_systems, parse_mountinfo_line, parse_mounts_line};
use super::probe::{Prober, Usage};
use super::scraper::FileSystem;
use crate::receivers::host_metrics::scraping::Scraping;
use crate::receivers::host_metrics::tests::decoded::{Point, paths, recorded, render, round, value};
use edgewatch_core::kernel::Paths;

const NOW: u64 = 1_795_165_400_000_000_000;

/// A file system of 1000 blocks, a tenth of it kept for root.
fn full_by_half(_path: &Path) -> io::Result<Usage> {
    Ok(Usage {
        block: 4096,
        blocks: 1000,
        free_blocks: 500,
        available_blocks: 400,
        inodes: 100,
        free_inodes: 75,
    })
}

fn config(json: &str) -> Config {
    serde_json::from_str(json).expect("a valid configuration")
}

fn scraping(config: Config, paths: &Paths, prober: Prober, registry: &Registry) -> Scraping {
    let scraper = FileSystem::new(config, paths).expect("a scraper").asking(prober);
    let telemetry = Telemetry::new(registry.clone());
    Scraping::of(vec![Box::new(scraper)], false, Duration::ZERO, paths, "host_metrics", &telemetry)
}

/// The points about the recorded host, whose file systems are all half full.
fn scrape(json: &str) -> Vec<Point> {
    let prober = Prober::with(full_by_half, Duration::from_secs(10));
    round(&mut scraping(config(json), &recorded(), prober, &Registry::default()), NOW)
}

fn mount_points(points: &[Point]) -> Vec<&str> {
    let mut seen = HashSet::new();
    points
        .iter()
        .filter_map(|point| point.attributes.split(',').find_map(|pair| pair.strip_prefix("mountpoint=")))
        .filter(|place| seen.insert(*place))
        .collect()
}

#[test]
fn every_file_system_on_a_device_is_told_as_reviewed() {
    let points = scrape(r#"{"metrics": {"system.filesystem.utilization": {"enabled": true}}}"#);

    insta::assert_snapshot!("file_systems", render(&points));
}

#[test]
fn virtual_file_systems_are_told_when_asked_for() {
    let points = scrape(r#"{"include_virtual_filesystems": true}"#);

    let places = mount_points(&points);
    for place in ["/proc", "/run", "/mnt/nas", "/var/lib/docker/overlay2/4f2a/merged", "/"] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
}

#[test]
fn filters_look_at_device_type_and_mount_point() {
    let places = |json| mount_points(&scrape(json)).into_iter().map(str::to_owned).collect::<Vec<_>>();

    let by_type = r#"{"exclude_fs_types": {"fs_types": ["ext4", "squashfs"], "match_type": "strict"}}"#;
    assert_eq!(places(by_type), ["/boot/efi", "/srv/data", "/over"]);
    let by_place = r#"{"include_mount_points": {"mount_points": ["^/mnt/", "^/$"], "match_type": "regexp"}}"#;
    assert_eq!(places(by_place), ["/", "/mnt/my usb\\disk"]);
    let by_device = r#"{"include_devices": {"devices": ["/dev/sd"], "match_type": "regexp"},
                        "exclude_devices": {"devices": ["/dev/sdc1"], "match_type": "strict"}}"#;
    assert_eq!(places(by_device), ["/srv/data", "/over"]);
}

#[test]
fn mount_points_are_looked_up_below_the_root_path_and_told_as_the_host_sees_them() {
    let root = tempfile::tempdir().expect("a directory");
    for directory in ["proc/1", "srv/data"] {
        fs::create_dir_all(root.path().join(directory)).expect("create");
    }
    fs::write(root.path().join("proc/1/mountinfo"), "1 1 8:1 / /srv/data rw - ext4 /dev/sda1 rw\n")
        .expect("write");
    fs::write(root.path().join("proc/filesystems"), "\text4\n").expect("write");
    let registry = Registry::default();
    let mut scraping = scraping(Config::default(), &paths(root.path()), Prober::new(), &registry);

    let points = round(&mut scraping, NOW);

    assert_eq!(mount_points(&points), ["/srv/data"]);
    assert_eq!(reading(&registry, "otelcol_scraper_errored_metric_points", &[]), 0.0);
    let attributes = "device=/dev/sda1,mode=rw,mountpoint=/srv/data,type=ext4,state=used";
    assert!(value(&points, "system.filesystem.usage", attributes) > 0.0);
}

#[test]
fn the_table_is_read_again_when_it_changes() {
    let root = tempfile::tempdir().expect("a directory");
    let proc = root.path().join("proc");
    fs::create_dir_all(proc.join("1")).expect("create");
    fs::write(proc.join("filesystems"), "nodev\ttmpfs\n\text4\n").expect("write");
    let line = |place: &str| format!("1 1 8:1 / {place} rw - ext4 /dev/sda1 rw\n");
    let mut mounts = Mounts::new(&paths(root.path()), false);
    let mut places = || -> Vec<String> {
        mounts.read().expect("a table").iter().map(|mount| mount.mount_point.clone()).collect()
    };

    fs::write(proc.join("1/mountinfo"), line("/a")).expect("write");
    assert_eq!(places(), ["/a"]);
    assert_eq!(places(), ["/a"]);
    fs::write(proc.join("1/mountinfo"), line("/a") + &line("/b")).expect("write");
    assert_eq!(places(), ["/a", "/b"]);
    // Old kernels, and what may not read the mounts of the first process.
    fs::remove_file(proc.join("1/mountinfo")).expect("remove");
    fs::write(proc.join("1/mounts"), "/dev/sda1 /old ext4 ro,noatime 0 0\nnone /x ext4 rw 0 0\n")
        .expect("write");
    assert_eq!(places(), ["/old"]);
    fs::remove_dir_all(proc.join("1")).expect("remove");
    fs::create_dir_all(proc.join("self")).expect("create");
    fs::write(proc.join("self/mountinfo"), line("/mine")).expect("write");
    assert_eq!(places(), ["/mine"]);
}

#[test]
fn mapped_and_root_devices_have_the_kernels_names() {
    let root = tempfile::tempdir().expect("a directory");
    for directory in ["proc/1", "dev/mapper", "sys/dev/block"] {
        fs::create_dir_all(root.path().join(directory)).expect("create");
    }
    let table = "1 1 253:0 / /lvm rw - ext4 /dev/mapper/vg-root rw\n2 1 179:2 / / rw - ext4 /dev/root rw\n";
    fs::write(root.path().join("proc/1/mountinfo"), table).expect("write");
    fs::write(root.path().join("proc/filesystems"), "\text4\n").expect("write");
    fs::write(root.path().join("dev/dm-0"), "").expect("write");
    std::os::unix::fs::symlink("../dm-0", root.path().join("dev/mapper/vg-root")).expect("link");
    let block = root.path().join("sys/dev/block/179:2");
    std::os::unix::fs::symlink("../../devices/mmc/block/mmcblk0/mmcblk0p2", block).expect("link");

    let mut mounts = Mounts::new(&paths(root.path()), false);
    let devices: Vec<String> =
        mounts.read().expect("a table").iter().map(|mount| mount.device.clone()).collect();

    assert!(devices[0].ends_with("dev/dm-0"), "{devices:?}");
    assert_eq!(devices[1], "/dev/mmcblk0p2");
}

#[test]
fn escapes_optional_columns_and_options_are_understood() {
    let mount = |line: &str| parse_mountinfo_line(line.as_bytes()).expect("a mount");

    let plain = mount("36 35 98:0 /r /mnt rw,noatime - ext3 /dev/sda1 rw");
    let optional = mount("36 35 98:0 /r /mnt rw,noatime shared:1 master:2 - ext3 /dev/sda1 rw");
    assert_eq!(plain, optional);
    let escaped = mount("36 35 98:0 / /a\\040b\\011c\\134d\\012e ro - ext3 /dev/x\\043y rw");
    assert_eq!(escaped.mount_point, "/a b\tc\\d\ne");
    assert_eq!(escaped.device, "/dev/x#y");
    assert_eq!(escaped.mode, "ro");
    assert_eq!(parse_mountinfo_line(b"36 35 98:0 / /mnt rw,noatime ext3 /dev/sda1 rw"), None);
    let old = parse_mounts_line(b"/dev/sda1 /mnt ext3 noatime 0 0").expect("a mount");
    assert_eq!((old.mode, old.number), ("unknown", None));
    let types: Vec<&[u8]> = parse_file_systems(b"nodev\tproc\n\text4\nnodev\tzfs\n\n").collect();
    assert_eq!(types, [b"ext4".as_slice(), b"zfs"]);
}

/// Whether `/dead` answers, and who waits for that.
static DEAD: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());

/// Hangs for `/dead` until that is over.
fn dead_or_alive(path: &Path) -> io::Result<Usage> {
    if path.ends_with("dead") {
        let guard = DEAD.0.lock().expect("a lock");
        drop(DEAD.1.wait_while(guard, |dead| *dead).expect("a lock"));
    }
    full_by_half(path)
}

#[test]
fn a_file_system_that_does_not_answer_is_skipped_until_it_does() {
    let root = tempfile::tempdir().expect("a directory");
    let proc = root.path().join("proc");
    fs::create_dir_all(proc.join("1")).expect("create");
    fs::write(proc.join("filesystems"), "\text4\n").expect("write");
    let line = |place: &str| format!("1 1 8:1 / {place} rw - ext4 /dev/sda1 rw\n");
    fs::write(proc.join("1/mountinfo"), line("/a") + &line("/dead") + &line("/z")).expect("write");
    let registry = Registry::default();
    let prober = Prober::with(dead_or_alive, Duration::from_millis(200));
    let mut scraping = scraping(Config::default(), &paths(root.path()), prober, &registry);
    let errored = || reading(&registry, "otelcol_scraper_errored_metric_points", &[]);

    assert_eq!(mount_points(&round(&mut scraping, NOW)), ["/a", "/z"]);
    assert_eq!(mount_points(&round(&mut scraping, NOW + 1)), ["/a", "/z"]);
    assert_eq!(errored(), 4.0, "two metrics in each of two rounds");
    assert_eq!(scraping.report().told().len(), 1);

    *DEAD.0.lock().expect("a lock") = false;
    DEAD.1.notify_all();
    let back = (0..10_000).find(|step| {
        std::thread::yield_now();
        mount_points(&round(&mut scraping, NOW + 2 + step)).len() == 3
    });
    assert!(back.is_some(), "the answer that came late counts");
}

/// Never answers for places below `/dead`.
fn mostly_dead(path: &Path) -> io::Result<Usage> {
    while path.starts_with("/dead") {
        std::thread::park();
    }
    full_by_half(path)
}

#[test]
fn many_dead_file_systems_do_not_add_up_their_delays() {
    let mut prober = Prober::with(mostly_dead, Duration::from_millis(300));
    prober.begin(|_| true);
    let begin = Instant::now();

    let answers: Vec<bool> =
        (0..20).map(|index| prober.ask(Path::new(&format!("/dead/{index}"))).is_ok()).collect();

    assert_eq!(answers, [false; 20]);
    // 300 ms for the first, 20 ms for each of the next fifteen; the last four are not asked.
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(prober.ask(Path::new("/alive")).is_err(), "no more threads are started");
    prober.begin(|path| path.ends_with("0"));
    assert_eq!(prober.ask(Path::new("/alive")).ok(), full_by_half(Path::new("/")).ok());
}

proptest! {
    #[test]
    fn no_line_is_too_strange(line in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..80) {
        parse_mountinfo_line(&line);
        parse_mounts_line(&line);
        parse_file_systems(&line).count();
        let good = b"36 35 98:0 /r /mnt\\040x rw,noatime shared:1 - ext3 /dev/sda1 rw";
        let parsed: Option<Mount> = parse_mountinfo_line(&good[..cut.min(good.len())]);
        prop_assert!(parsed.is_none_or(|mount| mount.mount_point == "/mnt x"));
    }
}
