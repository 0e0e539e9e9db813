//! One agent to a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use edgewatch_core::storage::StorageError;

/// The file that stands for the directory.
pub(super) const NAME: &str = "lock";

/// The right to use a directory; ends with the process at the latest.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Takes `directory`, which must be there.
pub(super) fn lock(directory: &Path) -> Result<Lock, StorageError> {
    let path = directory.join(NAME);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(|error| failure(&path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            // For whoever comes second; not knowing it does no harm.
            let _ = note(&mut file);
            Ok(Lock { _file: file })
        }
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            let who = match pid.trim() {
                "" => String::new(),
                pid if pid == std::process::id().to_string() => return Err(perhaps_here(directory)),
                pid => format!(" (process {pid})"),
            };
            Err(StorageError(format!(
                "{} is in use by another agent{who}; stop it, or name another directory",
                directory.display()
            )))
        }
        Err(TryLockError::Error(error)) => Err(failure(&path, &error)),
    }
}

/// A process of the same number has it: this one, or one in another container.
fn perhaps_here(directory: &Path) -> StorageError {
    StorageError(format!(
        "{} is in use (process {}): by another extension of this agent, by what its former configuration has still to deliver, or by \
         another agent; name another directory, or try again later",
        directory.display(),
        std::process::id()
    ))
}

fn note(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn failure(path: &Path, error: &io::Error) -> StorageError {
    StorageError(format!("{} cannot be locked ({error}); see that the agent may write there", path.display()))
}
