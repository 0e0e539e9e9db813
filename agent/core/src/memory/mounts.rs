//! Where control groups are mounted, as `/proc/self/mountinfo` tells it (proc(5)).

use std::path::{Path, PathBuf};

use crate::host::Host;

/// Where every init system mounts control groups, for hosts that do not say.
const USUAL: &str = "/sys/fs/cgroup";

/// A mounted hierarchy of control groups.
#[derive(Debug)]
pub(super) struct Mount {
    pub(super) version: Version,
    /// The group that is seen at `point`. Not `/` when only a part of the hierarchy is mounted, as in containers.
    pub(super) root: PathBuf,
    pub(super) point: PathBuf,
}

/// The interface of a hierarchy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    /// One hierarchy for each controller; here that of memory.
    One,
    /// One hierarchy for all.
    Two,
}

/// The hierarchies that may limit memory.
pub(super) fn mounts(host: &dyn Host) -> Vec<Mount> {
    let table = host.read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
    let found: Vec<Mount> = table.lines().filter_map(mount).collect();
    if found.is_empty() { usual() } else { found }
}

fn usual() -> Vec<Mount> {
    let at = |version, point: PathBuf| Mount { version, root: "/".into(), point };
    vec![at(Version::Two, USUAL.into()), at(Version::One, Path::new(USUAL).join("memory"))]
}

/// `36 35 98:0 ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER_OPTIONS`.
fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(3);
    let (root, point) = (before.next()?, before.next()?);
    let mut after = after.split(' ');
    let kind = after.next()?;
    let version = match kind {
        "cgroup2" => Version::Two,
        "cgroup" if after.nth(1)?.split(',').any(|option| option == "memory") => Version::One,
        _ => return None,
    };
    Some(Mount { version, root: unescape(root).into(), point: unescape(point).into() })
}

/// Spaces, tabs, line breaks and backslashes stand as `\` and three octal digits.
fn unescape(text: &str) -> String {
    let escapes = [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
