//! What components may learn about the machine they run on while they are built.
//!
//! Components take it through this trait, so that a test can be any host.

use std::io;
use std::path::Path;

/// Facts about the host and the process.
pub trait Host: Send + Sync {
    /// The value of an environment variable.
    fn env(&self, name: &str) -> Option<String>;

    /// The text of a small file.
    ///
    /// # Errors
    ///
    /// What the system said.
    fn read(&self, path: &Path) -> io::Result<String>;

    /// The host's name as the kernel knows it.
    fn hostname(&self) -> Option<String>;
}

/// The machine itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealHost;

impl Host for RealHost {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn hostname(&self) -> Option<String> {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned()).filter(|name| !name.is_empty())
    }
}
