use std::fs;
use std::path::Path;

use edgewatch_core::kernel::Paths;

use super::{Cpus, Reader, quota};
use crate::find::{Process, ProcessId};

fn paths(root: &Path) -> Paths {
    let directory = |name| root.join(name);
    Paths {
        root: root.to_owned(),
        proc: directory("proc"),
        sys: directory("sys"),
        etc: directory("etc"),
        dev: directory("dev"),
        mounts: None,
    }
}

fn process(root: &Path, start: u64) -> Process {
    Process {
        id: ProcessId { pid: 7, start },
        ns_pid: 7,
        uid: 0,
        gid: 0,
        root: root.join("proc/7/root"),
        container: None,
        shared: None,
    }
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("below root")).expect("writable");
    fs::write(path, text).expect("writable");
}

fn host() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    write(root, "proc/stat", "cpu 1 2 3\nbtime 1000\n");
    write(root, "proc/7/stat", "7 (java) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 1234 99 3 1 0 2 3 0 0\n");
    write(root, "proc/7/status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nCpus_allowed:\tff\n");
    write(
        root,
        "proc/7/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 4096                 files     \n",
    );
    write(root, "proc/7/cgroup", "0::/a/b\n");
    for name in ["0", "1", "2"] {
        write(root, &format!("proc/7/fd/{name}"), "");
    }
    write(root, "sys/fs/cgroup/cgroup.controllers", "cpu\n");
    write(root, "sys/fs/cgroup/a/cpu.max", "150000 100000\n");
    write(root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    directory
}

#[test]
fn facts_are_those_of_the_process_and_of_its_control_groups() {
    let host = host();
    let mut reader = Reader::new(&paths(host.path()));
    let ticks = rustix::param::clock_ticks_per_second();

    let facts = reader.read(&process(host.path(), 1234), Cpus::default()).expect("there");
    assert_eq!(facts.cpu, Some(std::time::Duration::from_millis(200 * 1000 / ticks)));
    assert_eq!((facts.descriptors, facts.descriptor_limit), (Some(3), Some(1024)));
    assert_eq!(facts.cpus, Some(2));
    assert_eq!(facts.started_unix_ns, Some(1000 * 1_000_000_000 + 1234 * 1_000_000_000 / ticks));
    assert_eq!(facts.resident, Some(3 * rustix::param::page_size() as u64));

    let cpus = |reader: &mut Reader, cpus| {
        reader.read(&process(host.path(), 1234), cpus).and_then(|facts| facts.cpus)
    };
    assert_eq!(cpus(&mut reader, Cpus { fixed: Some(5), obeys_groups: true }), Some(5));
    assert_eq!(cpus(&mut reader, Cpus { fixed: None, obeys_groups: false }), Some(8));
    // Outside of what the agent sees.
    write(host.path(), "proc/7/cgroup", "0::/../x\n");
    assert_eq!(cpus(&mut reader, Cpus::default()), None);
}

#[test]
fn there_are_no_facts_of_another_process_with_the_same_number() {
    let host = host();
    let mut reader = Reader::new(&paths(host.path()));
    assert_eq!(reader.read(&process(host.path(), 1235), Cpus::default()), None);
    assert!(reader.is_alive(&process(host.path(), 1234)) && !reader.is_alive(&process(host.path(), 1235)));
    fs::remove_dir_all(host.path().join("proc/7")).expect("there");
    assert_eq!(reader.read(&process(host.path(), 1234), Cpus::default()), None);
    assert!(!reader.is_alive(&process(host.path(), 1234)));
}

#[test]
fn quotas_of_version_1_are_those_of_the_controller_for_cpus() {
    let host = tempfile::tempdir().expect("a directory");
    let (root, mut buffer) = (host.path(), Vec::new());
    write(root, "fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n");
    write(root, "fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "250000\n");
    write(root, "fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
    let groups = b"3:memory:/\n4:cpu,cpuacct:/docker/x\n0::/system.slice\n";
    assert_eq!(quota::cpus(groups, root, &mut buffer), Ok(Some(3)));
    assert_eq!(quota::cpus(b"4:cpu,cpuacct:/gone\n", root, &mut buffer), Err(()));
    assert_eq!(quota::cpus(b"", root, &mut buffer), Ok(None));
}

#[test]
fn facts_of_this_very_process_are_known() {
    let paths = paths(Path::new("/"));
    let stat = fs::read("/proc/self/stat").expect("readable");
    let start = crate::procfs::Stat::parse(&stat).expect("whole").start;
    let this = Process { id: ProcessId { pid: std::process::id(), start }, ..process(Path::new("/"), start) };

    let facts = Reader::new(&paths).read(&this, Cpus::default()).expect("running");
    let all = [facts.descriptors, facts.resident, facts.started_unix_ns];
    assert!(all.iter().all(Option::is_some) && facts.cpu.is_some(), "{facts:?}");
}
