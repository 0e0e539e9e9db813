use std::fs;
use std::path::Path;

use super::*;

/// A directory that looks like `/proc`.
struct Fake(tempfile::TempDir);

const JVM: &str = "7f0000000000-7f0000008000 rw-s 00000000 00:28 12      /tmp/hsperfdata_app/1\n\
    7f1000000000-7f1001000000 r-xp 00000000 fe:00 99     /usr/lib/jvm/lib/server/libjvm.so\n";
const SILENT: &str =
    "7f1000000000-7f1001000000 r-xp 00000000 fe:00 99     /usr/lib/jvm/lib/server/libjvm.so\n";
const OTHER: &str = "55d000000000-55d000001000 r-xp 00000000 fe:00 7      /usr/bin/bash\n";
const STATUS: &str = "Name:\tjava\nUid:\t0\t1001\t0\t0\nGid:\t0\t1002\t0\t0\nNSpid:\t4242\t1\n";
const GROUP: &str = "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-\
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope\n";

impl Fake {
    fn new(uptime: u64) -> Self {
        let fake = Self(tempfile::tempdir().expect("a directory"));
        fake.write("uptime", &format!("{uptime}.25 1.0\n"));
        fake
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("writable");
    }

    /// A process that was started `start` seconds after the boot and runs the program `image`.
    fn process(&self, pid: u32, name: &str, start: u64, image: u64, maps: &str) {
        let directory = self.path().join(pid.to_string());
        fs::create_dir_all(&directory).expect("writable");
        self.stat(pid, name, 'S', start, image);
        self.write(&format!("{pid}/status"), STATUS);
        self.write(&format!("{pid}/cgroup"), GROUP);
        self.write(&format!("{pid}/cmdline"), "java\0-jar\0a.jar\0");
        self.write(&format!("{pid}/maps"), maps);
    }

    fn stat(&self, pid: u32, name: &str, state: char, start: u64, image: u64) {
        let start = start * rustix::param::clock_ticks_per_second();
        let flags = if name == "kworker" { 0x0020_0000 } else { 0 };
        let text = format!(
            "{pid} ({name}) {state} 1 1 1 0 -1 {flags} 0 0 0 0 5 6 0 0 20 0 1 0 {start} 1048576 9 1 {image} 2 3 0 0\n"
        );
        self.write(&format!("{pid}/stat"), &text);
    }

    fn end(&self, pid: u32) {
        fs::remove_dir_all(self.path().join(pid.to_string())).expect("there");
    }
}

fn pids(changes: &Changes) -> (Vec<u32>, Vec<u32>) {
    (
        changes.came.iter().map(|process| process.id.pid).collect(),
        changes.gone.iter().map(|id| id.pid).collect(),
    )
}

#[test]
fn a_jvm_is_described_when_it_comes_and_told_of_when_it_goes() {
    let fake = Fake::new(5000);
    fake.process(4242, "java", 100, 1, JVM);
    fake.process(7, "bash", 100, 1, OTHER);
    fake.process(2, "kworker", 0, 0, "");
    let mut finder = Finder::new(fake.path());

    let changes = finder.look();
    let expected = Process {
        id: ProcessId { pid: 4242, start: 100 * rustix::param::clock_ticks_per_second() },
        ns_pid: 1,
        uid: 1001,
        gid: 1002,
        root: fake.path().join("4242/root"),
        container: Some("0123456789abcdef".repeat(4)),
        shared: Some(Shared {
            path: "/tmp/hsperfdata_app/1".into(),
            device: (0, 0x28),
            inode: 12,
            range: (0x7f00_0000_0000, 0x7f00_0000_8000),
            deleted: false,
        }),
    };
    assert_eq!(changes.came, std::slice::from_ref(&expected));
    assert_eq!((changes.gone, changes.obstacles), (vec![], vec![]));
    assert_eq!(pids(&finder.look()), (vec![], vec![]));
    assert_eq!(finder.jvms().collect::<Vec<_>>(), [&expected]);

    fake.end(4242);
    assert_eq!(pids(&finder.look()), (vec![], vec![4242]));
    assert_eq!(finder.jvms().count(), 0);
}

#[test]
fn a_killed_jvm_that_nobody_has_waited_for_is_gone() {
    let fake = Fake::new(5000);
    fake.process(4242, "java", 100, 1, JVM);
    let mut finder = Finder::new(fake.path());
    finder.look();

    fake.stat(4242, "java", 'Z', 100, 1);
    assert_eq!(pids(&finder.look()), (vec![], vec![4242]));
    assert_eq!(pids(&finder.look()), (vec![], vec![]));
}

#[test]
fn a_number_that_was_given_to_another_process_is_another_jvm() {
    let fake = Fake::new(5000);
    fake.process(4242, "java", 100, 1, JVM);
    let mut finder = Finder::new(fake.path());
    finder.look();

    // Made before the other goes, so that its directory has another inode.
    fake.process(9999, "java", 200, 1, JVM);
    fake.end(4242);
    fs::rename(fake.path().join("9999"), fake.path().join("4242")).expect("renamed");
    assert_eq!(pids(&finder.look()), (vec![4242], vec![4242]));

    // The kernel has forgotten the directory and made it anew: still the same process.
    fs::rename(fake.path().join("4242"), fake.path().join("old")).expect("renamed");
    fake.process(4242, "java", 200, 1, JVM);
    assert_eq!(pids(&finder.look()), (vec![], vec![]));
}

#[test]
fn a_shell_that_becomes_java_is_found_and_so_is_one_that_becomes_something_else() {
    let fake = Fake::new(5000);
    fake.process(4242, "run.sh", 100, 1, OTHER);
    let mut finder = Finder::new(fake.path());
    assert_eq!(pids(&finder.look()), (vec![], vec![]));

    fake.process(4242, "java", 100, 2, JVM);
    assert_eq!(pids(&finder.look()), (vec![4242], vec![]));

    fake.process(4242, "sleep", 100, 3, OTHER);
    assert_eq!(pids(&finder.look()), (vec![], vec![4242]));
}

#[test]
fn a_young_process_is_looked_at_again_although_it_seems_the_same() {
    let fake = Fake::new(5000);
    fake.process(1, "launcher", 4999, 1, OTHER);
    fake.process(2, "launcher", 4000, 1, OTHER);
    let mut finder = Finder::new(fake.path());
    finder.look();

    fake.write("1/maps", JVM);
    fake.write("2/maps", JVM);
    assert_eq!(pids(&finder.look()).0, [1]);
}

#[test]
fn counters_that_appear_later_bring_the_jvm_again() {
    let fake = Fake::new(5000);
    fake.process(4242, "java", 4999, 1, SILENT);
    let mut finder = Finder::new(fake.path());
    let came = finder.look().came;
    assert_eq!(came.iter().map(|process| process.shared.is_some()).collect::<Vec<_>>(), [false]);

    fake.write("4242/maps", JVM);
    let changes = finder.look();
    assert_eq!(changes.came.iter().map(|process| process.shared.is_some()).collect::<Vec<_>>(), [true]);
    assert_eq!(changes.gone, []);
}

#[test]
fn files_of_counters_that_are_not_its_own_are_not_taken_for_its_own() {
    let cases = [
        // Another number, mapped for reading only, or not in a directory of counters.
        JVM.replace("hsperfdata_app/1", "hsperfdata_app/2"),
        JVM.replace("rw-s", "r--s"),
        JVM.replace("hsperfdata_app", "data_app"),
        JVM.replace("hsperfdata_app/1", "hsperfdata_app/1x"),
    ];
    for maps in cases {
        let fake = Fake::new(5000);
        fake.process(4242, "java", 100, 1, &maps);
        let came = Finder::new(fake.path()).look().came;
        assert_eq!(came.iter().map(|process| process.shared.clone()).collect::<Vec<_>>(), [None], "{maps}");
    }
    let fake = Fake::new(5000);
    fake.process(
        4242,
        "java",
        100,
        1,
        &JVM.replace("/tmp/hsperfdata_app/1", "/tmp/hsperfdata_app/1 (deleted)"),
    );
    let came = Finder::new(fake.path()).look().came;
    assert!(
        came[0].shared.as_ref().is_some_and(|shared| shared.deleted && shared.path.ends_with("1")),
        "{came:?}"
    );
}

#[test]
fn other_virtual_machines_are_no_hotspot() {
    let fake = Fake::new(5000);
    let j9 = format!("{SILENT}7f2000000000-7f2001000000 r-xp 00000000 fe:00 98 /opt/j9/lib/libj9vm29.so\n");
    fake.process(4242, "java", 100, 1, &j9);
    assert_eq!(pids(&Finder::new(fake.path()).look()), (vec![], vec![]));
}

#[test]
fn broken_processes_and_no_processes_are_survived() {
    let fake = Fake::new(0);
    fs::create_dir(fake.path().join("12")).expect("writable");
    fake.process(13, "java", 1, 1, "nonsense\n\n- - - -\n");
    fake.write("13/status", "Uid:\n");
    fake.process(14, "a) b (c", 1, 1, JVM);
    fake.write("99", "not a directory");
    let mut finder = Finder::new(fake.path());
    assert_eq!(pids(&finder.look()), (vec![14], vec![]));

    let changes = Finder::new(Path::new("/nonexistent")).look();
    assert!(matches!(changes.obstacles[..], [Obstacle::Unlisted(_)]), "{changes:?}");
}

#[test]
fn this_host_is_looked_at_twice_and_nothing_comes_twice() {
    let mut finder = Finder::new(Path::new("/proc"));
    let first = finder.look();
    for came in finder.look().came {
        assert!(!first.came.contains(&came), "{came:?}");
    }
}
