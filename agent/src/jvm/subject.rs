//! The JVM that an operator means.

use std::path::Path;

use anyhow::bail;
use edgewatch_hotspot::attach::{Attach, Known};
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::{Finder, Obstacle, Process};
use edgewatch_hotspot::source::Source;

/// Where the processes of this host are.
const PROC: &str = "/proc";

/// The JVM with this number, ready to be asked.
pub(super) fn subject(pid: u32) -> anyhow::Result<(Process, Attach)> {
    let mut finder = Finder::new(Path::new(PROC));
    let changes = finder.look();
    let Some(process) = finder.jvms().find(|process| process.id.pid == pid) else {
        let hidden = |obstacle: &Obstacle| matches!(obstacle, Obstacle::Hidden(id) if id.pid == pid);
        if changes.obstacles.iter().any(hidden) {
            bail!(
                "process {pid} looks like a JVM, but may not be read; run as its user, as root, or with CAP_SYS_PTRACE, \
                 CAP_SETUID and CAP_SETGID"
            );
        }
        if Path::new(PROC).join(pid.to_string()).exists() {
            bail!("process {pid} is not a HotSpot JVM; `edgewatch jvm list` shows those that are");
        }
        bail!("there is no process {pid}; `edgewatch jvm list` shows the JVMs of this host");
    };
    // What counters cannot tell is looked for elsewhere, so nothing is lost when there are none.
    let mut source = Source::open(process, false).ok();
    let block = source.as_mut().and_then(|source| source.read().ok());
    let layout = block.and_then(|block| Some((Layout::parse(block).ok()?, block)));
    let capabilities =
        layout.as_ref().and_then(|(layout, block)| layout.text(block, "sun.rt.jvmCapabilities"));
    let version = layout.as_ref().and_then(|(layout, block)| layout.number(block, "sun.rt.jvmVersion"));
    let attach = Attach::new(process, Known { capabilities: capabilities.as_deref(), version })?;
    Ok((process.clone(), attach))
}
