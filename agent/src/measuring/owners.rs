//! The names of users.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use edgewatch_core::kernel::Source;
use edgewatch_core::kernel::{lines, number, text};

/// Most users that are remembered.
const MOST_USERS: usize = 16 << 10;

/// The users in `passwd`, read again when it changes. Users that only a directory service knows have no name
/// here, as in the Collector.
#[derive(Debug)]
pub(crate) struct Owners {
    file: Source,
    changed: Option<SystemTime>,
    names: HashMap<u64, Arc<str>>,
}

impl Owners {
    pub(crate) fn new(passwd: PathBuf) -> Self {
        Self { file: Source::new(passwd), changed: None, names: HashMap::new() }
    }

    /// Reads `passwd` if it is not the one that was read before.
    pub(crate) fn refresh(&mut self) {
        let changed = std::fs::metadata(self.file.path()).and_then(|metadata| metadata.modified()).ok();
        if changed == self.changed {
            return;
        }
        self.changed = changed;
        self.names.clear();
        if let Ok(file) = self.file.read() {
            self.names.extend(parse(file).take(MOST_USERS));
        }
    }

    /// The name of the user with this number.
    pub(crate) fn name(&self, user: u64) -> Option<Arc<str>> {
        self.names.get(&user).cloned()
    }
}

/// The users in `passwd`.
pub(crate) fn parse(file: &[u8]) -> impl Iterator<Item = (u64, Arc<str>)> {
    lines(file).filter_map(|line| {
        let mut columns = line.split(|byte| *byte == b':');
        let name = columns.next().filter(|name| !name.is_empty())?;
        Some((number(columns.nth(1)?)?, Arc::from(text(name))))
    })
}
