//! Who listens, as the kernel tells it in `/proc`. Processes of other users show their sockets to root only.

use std::fs;
use std::path::Path;

/// The name under which the kernel knows this program.
const OWN_NAME: &str = "edgewatch";

/// A running process.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Process {
    pub(super) number: u32,
    pub(super) name: String,
}

impl Process {
    /// Whether it is an agent like this one.
    pub(super) fn is_agent(&self) -> bool {
        self.name == OWN_NAME
    }
}

/// Who listens on the TCP port `port`, as far as this user may know.
pub(super) fn listening_on(port: u16) -> Option<Process> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| inodes(table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    others().find(|process| holds(process.number, &sockets))
}

/// An agent that runs beside this process.
pub(super) fn other_agent() -> Option<Process> {
    others().find(Process::is_agent)
}

/// Numbers of the sockets that listen on `port` (state 0A), from a table as proc(5) describes it.
pub(super) fn inodes(table: &str, port: u16) -> Vec<&str> {
    let of_line = |line| {
        let mut fields = str::split_ascii_whitespace(line).skip(1);
        let local = fields.next()?.rsplit_once(':')?.1;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        (state == "0A" && u16::from_str_radix(local, 16) == Ok(port)).then_some(inode)
    };
    table.lines().skip(1).filter_map(of_line).collect()
}

fn others() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.filter(|number| *number != std::process::id()).filter_map(|number| {
        let name = fs::read_to_string(format!("/proc/{number}/comm")).ok()?;
        Some(Process { number, name: name.trim_end().to_owned() })
    })
}

fn holds(number: u32, sockets: &[String]) -> bool {
    let descriptors = fs::read_dir(Path::new("/proc").join(number.to_string()).join("fd"));
    descriptors.into_iter().flatten().flatten().any(|descriptor| {
        let target = fs::read_link(descriptor.path());
        target.is_ok_and(|target| target.to_str().is_some_and(|target| sockets.iter().any(|s| s == target)))
    })
}
