//! The directory of all files: one process has it at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::place::FILE_MODE;

/// The file that stands for the directory.
const LOCK: &str = "lock";

/// The right to the directory, shared by all chains of a process that keep something.
#[derive(Clone, Debug, Default)]
pub struct Home(Arc<Mutex<Weak<File>>>);

/// The right to the directory, as long as it is held.
pub(super) type Claim = Arc<File>;

impl Home {
    /// Claims `directory` for this process; nothing where there is no directory yet, or none whose files can be locked.
    ///
    /// # Errors
    ///
    /// Another process has it.
    pub(super) fn claim(&self, directory: &Path) -> io::Result<Option<Claim>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = held.upgrade() {
            return Ok(Some(lock));
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(FILE_MODE);
        // Where this fails, what is to be read and saved tells why.
        let Ok(file) = options.open(directory.join(LOCK)) else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => {
                let lock = Arc::new(file);
                *held = Arc::downgrade(&lock);
                Ok(Some(lock))
            }
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::ResourceBusy, "another agent uses the directory"))
            }
            Err(TryLockError::Error(_unsupported)) => Ok(None),
        }
    }
}
