//! Asks a JVM for its heap and how long it has run: `ask PID`. Says `answered`, or why not.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use edgewatch_hotspot::attach::{Attach, AttachError, Command, Known, identify};

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    let Some(pid) = std::env::args().nth(1).and_then(|pid| pid.parse().ok()) else {
        return writeln!(out, "name the number of a process");
    };
    match ask(pid) {
        Ok(()) => writeln!(out, "answered"),
        Err(error) => writeln!(out, "{error}"),
    }
}

fn ask(pid: u32) -> Result<(), AttachError> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let process = identify(Path::new("/proc"), pid)?;
    let mut attach = Attach::new(&process, Known::default())?;
    attach.ask(&Command::HeapInfo, PATIENCE)?;
    attach.ask(&Command::Uptime, PATIENCE).map(drop)
}
