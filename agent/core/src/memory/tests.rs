//! Hosts and containers as they describe themselves, recorded or reduced from recordings.

use super::total;
use crate::testing::FakeHost;

const GIB: usize = 1 << 30;
const MIB: usize = 1 << 20;

/// 8 GiB.
const MEMINFO: (&str, &str) = ("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree:  1 kB\n");

/// A systemd host of today.
const UNIFIED: (&str, &str) = (
    "/proc/self/mountinfo",
    "24 30 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n\
     35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
);

/// A host on which the controllers are of version 1 and systemd keeps its own tree in version 2.
const HYBRID: (&str, &str) = (
    "/proc/self/mountinfo",
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
     32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
     35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:18 - cgroup cgroup rw,memory\n\
     41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
);

const NO_LIMIT: &str = "9223372036854771712\n";

fn of(files: &[(&str, &str)]) -> Option<usize> {
    let files = files.iter().map(|(path, text)| (path.into(), (*text).to_owned())).collect();
    total(&FakeHost { files, ..FakeHost::default() })
}

#[test]
fn without_control_groups_it_is_what_the_host_has() {
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[MEMINFO]), Some(8 * GIB));
    assert_eq!(of(&[MEMINFO, UNIFIED, ("/proc/self/cgroup", "0::/\n")]), Some(8 * GIB));
}

#[test]
fn version_2_counts_the_own_group_and_all_above_it() {
    let service = ("/proc/self/cgroup", "0::/system.slice/edgewatch.service\n");
    let own = "/sys/fs/cgroup/system.slice/edgewatch.service/memory.max";
    let slice = "/sys/fs/cgroup/system.slice/memory.max";

    assert_eq!(of(&[MEMINFO, UNIFIED, service, (own, "max\n"), (slice, "max\n")]), Some(8 * GIB));
    assert_eq!(of(&[MEMINFO, UNIFIED, service, (own, "536870912\n"), (slice, "max\n")]), Some(512 * MIB));
    assert_eq!(of(&[MEMINFO, UNIFIED, service, (own, "max\n"), (slice, "1073741824\n")]), Some(GIB));
    assert_eq!(
        of(&[MEMINFO, UNIFIED, service, (own, "2147483648\n"), (slice, "1073741824\n")]),
        Some(GIB),
        "the smallest counts"
    );
    assert_eq!(
        of(&[MEMINFO, UNIFIED, service, ("/sys/fs/cgroup/other.slice/memory.max", "1\n")]),
        Some(8 * GIB),
        "a group that is not above it does not"
    );
    assert_eq!(of(&[MEMINFO, service, (own, "536870912\n")]), Some(512 * MIB), "without a table of mounts");
}

#[test]
fn a_container_with_a_namespace_sees_its_own_group_as_the_root() {
    let mounts = (
        "/proc/self/mountinfo",
        "612 611 0:30 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n",
    );
    let group = ("/proc/self/cgroup", "0::/\n");

    assert_eq!(of(&[MEMINFO, mounts, group, ("/sys/fs/cgroup/memory.max", "268435456\n")]), Some(256 * MIB));
}

#[test]
fn a_process_that_was_moved_out_of_its_namespace_counts_what_it_can_see() {
    let group = ("/proc/self/cgroup", "0::/../other.scope\n");

    let files = [MEMINFO, UNIFIED, group, ("/sys/fs/cgroup/memory.max", "268435456\n")];
    assert_eq!(of(&files), Some(256 * MIB));
    assert_eq!(of(&[MEMINFO, UNIFIED, group, ("/sys/fs/other.scope/memory.max", "1\n")]), Some(8 * GIB));
}

#[test]
fn a_mount_that_shows_only_the_own_group_is_matched_with_the_path_as_the_host_tells_it() {
    let docker = |version: &str| {
        format!(
            "700 699 0:32 /docker/4f5e /sys/fs/cgroup/memory ro,nosuid,nodev,noexec,relatime master:18 - {version}\n"
        )
    };
    let mounts = docker("cgroup cgroup rw,memory");
    let mounts = ("/proc/self/mountinfo", mounts.as_str());
    let limit = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");

    assert_eq!(
        of(&[MEMINFO, mounts, ("/proc/self/cgroup", "9:memory:/docker/4f5e\n"), limit]),
        Some(128 * MIB)
    );
    let nested = ("/proc/self/cgroup", "9:memory:/docker/4f5e/worker\n");
    let worker = ("/sys/fs/cgroup/memory/worker/memory.limit_in_bytes", "67108864\n");
    assert_eq!(of(&[MEMINFO, mounts, nested, limit, worker]), Some(64 * MIB));
    let foreign = ("/proc/self/cgroup", "9:memory:/kubepods/burstable/pod1\n");
    assert_eq!(of(&[MEMINFO, mounts, foreign, limit]), Some(128 * MIB), "what can be found there counts");
}

#[test]
fn version_1_counts_the_hierarchy_also_where_it_cannot_be_seen() {
    let group = ("/proc/self/cgroup", "5:cpu,cpuacct:/a/b\n4:memory:/a/b\n0::/a/b\n");
    let own = ("/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", NO_LIMIT);
    let above = ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "268435456\n");
    let alone = ("/sys/fs/cgroup/memory/a/b/memory.use_hierarchy", "0\n");
    let statistics = (
        "/sys/fs/cgroup/memory/a/b/memory.stat",
        "cache 0\nhierarchical_memory_limit 1073741824\nhierarchical_memsw_limit 1\n",
    );

    assert_eq!(of(&[MEMINFO, HYBRID, group, own]), Some(8 * GIB), "its huge number means none");
    assert_eq!(of(&[HYBRID, group, own]), None);
    assert_eq!(of(&[MEMINFO, HYBRID, group, own, above]), Some(256 * MIB));
    assert_eq!(of(&[MEMINFO, HYBRID, group, own, above, alone]), Some(8 * GIB), "groups do not inherit");
    assert_eq!(of(&[MEMINFO, HYBRID, group, own, statistics]), Some(GIB));
}

#[test]
fn a_hybrid_host_is_limited_by_either_version() {
    let group = ("/proc/self/cgroup", "4:memory:/a\n1:name=systemd:/a\n0::/a\n");
    let first = ("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824\n");
    let second = ("/sys/fs/cgroup/unified/a/memory.max", "536870912\n");

    assert_eq!(of(&[MEMINFO, HYBRID, group, first]), Some(GIB));
    assert_eq!(of(&[MEMINFO, HYBRID, group, first, second]), Some(512 * MIB));
}

#[test]
fn odd_paths_are_read_as_they_are_meant() {
    let mounts = (
        "/proc/self/mountinfo",
        "35 24 0:30 / /mnt/control\\040groups rw shared:9 master:1 - cgroup2 cgroup2 rw\n",
    );
    let removed = ("/proc/self/cgroup", "0::/gone.scope (deleted)\n");

    assert_eq!(of(&[MEMINFO, mounts, removed, ("/mnt/control groups/memory.max", "1024\n")]), Some(1024));
}
