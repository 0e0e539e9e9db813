//! The limits that control groups put on this process's memory.

use std::path::{Component, Path, PathBuf};

use super::mounts::{Mount, Version, mounts};
use crate::host::Host;

/// Version 1 writes "no limit" as the largest multiple of the page size that its counters hold, near 2^63.
const NONE_FROM: usize = 1 << 60;

/// The limits of this process's control group and of all groups above it that can be seen, of either version:
/// a hybrid host has both.
pub(super) fn limits(host: &dyn Host) -> Vec<usize> {
    let groups = host.read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let mut limits = Vec::new();
    for mount in mounts(host) {
        let Some(group) = own(&groups, mount.version) else { continue };
        let below = below(&mount, group);
        let directories = below.ancestors().map(|group| mount.point.join(group));
        match mount.version {
            Version::Two => version_2(host, directories, &mut limits),
            Version::One => version_1(host, directories, &mut limits),
        }
    }
    limits.retain(|limit| *limit < NONE_FROM);
    limits
}

/// The group that `/proc/self/cgroup` names: `hierarchy:controllers:path`; version 2 is hierarchy 0 without controllers.
fn own(groups: &str, version: Version) -> Option<&str> {
    groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (hierarchy, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let matches = match version {
            Version::Two => hierarchy == "0" && controllers.is_empty(),
            Version::One => controllers.split(',').any(|controller| controller == "memory"),
        };
        // The kernel marks a group that was removed while processes were still in it.
        matches.then(|| path.strip_suffix(" (deleted)").unwrap_or(path))
    })
}

/// The path of `group` below the mount point. Both the group and the mount's root are told relative to the
/// root of the process's cgroup namespace.
fn below(mount: &Mount, group: &str) -> PathBuf {
    let group = Path::new(group);
    let relative = match group.strip_prefix(&mount.root) {
        Ok(relative) => relative,
        // The mount shows another part of the tree, such as the container's own group while the path is told
        // as the host sees it: what of the path can be found there counts.
        Err(_) => group.strip_prefix("/").unwrap_or(group),
    };
    // `..` leads out of the namespace, to where nothing can be read.
    if relative.components().any(|part| part == Component::ParentDir) {
        return PathBuf::new();
    }
    relative.to_owned()
}

fn version_2(host: &dyn Host, groups: impl Iterator<Item = PathBuf>, limits: &mut Vec<usize>) {
    // `max` means that there is none, and is no number.
    limits.extend(groups.filter_map(|group| number(host, &group.join("memory.max"))));
}

fn version_1(host: &dyn Host, groups: impl Iterator<Item = PathBuf>, limits: &mut Vec<usize>) {
    let mut groups = groups.skip_while(|group| host.read(&group.join("memory.limit_in_bytes")).is_err());
    let Some(own) = groups.next() else { return };
    limits.extend(number(host, &own.join("memory.limit_in_bytes")));
    // The least of the group and those above it, also of those that a container does not see.
    let statistics = host.read(&own.join("memory.stat")).unwrap_or_default();
    let hierarchical = statistics.lines().find_map(|line| line.strip_prefix("hierarchical_memory_limit "));
    limits.extend(hierarchical.and_then(|limit| limit.trim().parse::<usize>().ok()));
    let counts = |group: &Path| number(host, &group.join("memory.use_hierarchy")) != Some(0);
    let mut child = own;
    for group in groups {
        if !counts(&child) {
            break;
        }
        limits.extend(number(host, &group.join("memory.limit_in_bytes")));
        child = group;
    }
}

fn number(host: &dyn Host, file: &Path) -> Option<usize> {
    host.read(file).ok()?.trim().parse().ok()
}
