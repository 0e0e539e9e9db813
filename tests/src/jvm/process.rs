//! Which process is the JVM, when a shell or `unshare` stands before it.

use std::fs;

/// `pid` itself or the process below it whose name is `java`.
pub(super) fn java_below(pid: u32) -> Option<u32> {
    let mut below = vec![pid];
    while let Some(next) = below.pop() {
        if fs::read_to_string(format!("/proc/{next}/comm")).is_ok_and(|name| name.trim_end() == "java") {
            return Some(next);
        }
        below.extend(children(next));
    }
    None
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let all = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|child| parent(*child) == Some(pid)).collect()
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
