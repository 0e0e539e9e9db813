//! How much CPU time the control groups of a process leave it.

use std::path::{Path, PathBuf};

use edgewatch_core::kernel::{number, read_file, words};

use crate::procfs::groups;

/// Deepest nesting of control groups that is followed.
const DEEPEST: usize = 64;

/// The CPUs that control groups grant, from the text of `cgroup`: `Ok(None)` without a quota, `Err` when it cannot be known.
pub(super) fn cpus(cgroups: &[u8], sys: &Path, buffer: &mut Vec<u8>) -> Result<Option<u32>, ()> {
    let root = sys.join("fs/cgroup");
    let mut unified = None;
    for (controllers, path) in groups(cgroups) {
        if controllers.split(|byte| *byte == b',').any(|name| name == b"cpu") {
            let names = [controllers, b"cpu".as_slice(), b"cpu,cpuacct"];
            let places = names.iter().filter_map(|name| Some(root.join(str::from_utf8(name).ok()?)));
            let Some(mount) = places.into_iter().find(|place| place.is_dir()) else { return Err(()) };
            return least(&mount, path, buffer, version_1);
        }
        if controllers.is_empty() {
            unified = Some(path);
        }
    }
    let Some(path) = unified else { return Ok(None) };
    // Beside version 1, version 2 has no controllers here.
    if !root.join("cgroup.controllers").exists() {
        return if root.join("unified").is_dir() { Ok(None) } else { Err(()) };
    }
    least(&root, path, buffer, version_2)
}

/// Reads the quota of one control group: CPU time per time, if there is one.
type Read = fn(&Path, &mut Vec<u8>) -> Option<(u64, u64)>;

/// The smallest quota on the way from `path` up to `mount`.
fn least(mount: &Path, path: &[u8], buffer: &mut Vec<u8>, read: Read) -> Result<Option<u32>, ()> {
    let path = Path::new(str::from_utf8(path).map_err(|_| ())?);
    let relative = path.strip_prefix("/").map_err(|_| ())?;
    // A group outside of what the agent sees.
    if relative.components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
        return Err(());
    }
    let mut group = mount.join(relative);
    if !group.is_dir() {
        return Err(());
    }
    let mut least: Option<u32> = None;
    for _ in 0..DEEPEST {
        if let Some((quota, period)) = read(&group, buffer)
            && period > 0
        {
            let cpus = u32::try_from(quota.div_ceil(period)).unwrap_or(u32::MAX).max(1);
            least = Some(least.map_or(cpus, |least| least.min(cpus)));
        }
        if group == mount || !group.pop() {
            break;
        }
    }
    Ok(least)
}

fn version_2(group: &Path, buffer: &mut Vec<u8>) -> Option<(u64, u64)> {
    let mut words = words(read_file(&group.join("cpu.max"), buffer).ok()?.trim_ascii_end());
    // `max` is no number.
    Some((number(words.next()?)?, number(words.next()?)?))
}

fn version_1(group: &Path, buffer: &mut Vec<u8>) -> Option<(u64, u64)> {
    let mut value = |file: PathBuf| number(read_file(&file, buffer).ok()?.trim_ascii());
    // -1 is no number.
    Some((value(group.join("cpu.cfs_quota_us"))?, value(group.join("cpu.cfs_period_us"))?))
}
