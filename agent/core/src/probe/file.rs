//! Whether files and directories can be used, without using them.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::check::Fault;

/// Whether the agent may read the file at `path`.
///
/// # Errors
///
/// What is in the way.
pub fn readable(path: &Path) -> Result<(), Fault> {
    let metadata = fs::metadata(path).map_err(|error| unusable(path, "read", &error))?;
    if metadata.is_dir() {
        let fact = format!("{} is a directory", path.display());
        return Err(Fault::new(fact, "name a file in it"));
    }
    // Opening a pipe would wait for somebody at its other end.
    let looked = if metadata.is_file() { File::open(path).map(drop) } else { may(path, Access::READ_OK) };
    looked.map_err(|error| unusable(path, "read", &error))
}

/// Whether the agent may list the directory at `path`.
///
/// # Errors
///
/// What is in the way.
pub fn readable_directory(path: &Path) -> Result<(), Fault> {
    fs::read_dir(path).map(drop).map_err(|error| unusable(path, "read", &error))
}

/// Whether the agent may make files in the directory at `path`; where it is `made` when it is missing, whether it can be.
///
/// # Errors
///
/// What is in the way.
pub fn writable_directory(path: &Path, made: bool) -> Result<(), Fault> {
    let place = if made { nearest(path) } else { path.to_owned() };
    let metadata = fs::metadata(&place).map_err(|error| unusable(&place, "used", &error))?;
    if !metadata.is_dir() {
        let fact = format!("{} is not a directory", place.display());
        return Err(Fault::new(fact, "name a directory, or move the file away"));
    }
    may(&place, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| unusable(&place, "written to", &error))?;
    let full = rustix::fs::statvfs(&place).is_ok_and(|space| space.f_blocks > 0 && space.f_bavail == 0);
    if full {
        let fact = format!("the file system of {} is full", place.display());
        return Err(Fault::new(fact, "make room there, or choose another place"));
    }
    Ok(())
}

/// Whether the agent may write to the file at `path`, or make it.
///
/// # Errors
///
/// What is in the way.
pub fn writable_file(path: &Path, makes_directory: bool) -> Result<(), Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let fact = format!("{} is a directory", path.display());
            Err(Fault::new(fact, "name a file in it"))
        }
        Ok(_) => may(path, Access::WRITE_OK).map_err(|error| unusable(path, "written to", &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            writable_directory(&parent(path), makes_directory)
        }
        Err(error) => Err(unusable(path, "written to", &error)),
    }
}

/// `path` or the first above it that is there.
fn nearest(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    while matches!(fs::symlink_metadata(&place), Err(error) if error.kind() == ErrorKind::NotFound) {
        let above = parent(&place);
        if above == place {
            break;
        }
        place = above;
    }
    place
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => path.to_owned(),
    }
}

/// Asks the kernel for the rights of the user whom the agent runs as.
fn may(path: &Path, access: Access) -> io::Result<()> {
    accessat(CWD, path, access, AtFlags::EACCESS).map_err(io::Error::from)
}

fn unusable(path: &Path, how: &str, error: &io::Error) -> Fault {
    let kind = error.kind();
    let help = if kind == ErrorKind::NotFound {
        "make it, or name one that is there".to_owned()
    } else if kind == ErrorKind::PermissionDenied {
        let user = rustix::process::geteuid();
        format!("give user {user} the right to it, or run the agent as another user")
    } else if kind == ErrorKind::ReadOnlyFilesystem {
        "choose a place on a file system that can be written to".to_owned()
    } else {
        "look at the file system that it is on".to_owned()
    };
    Fault::new(format!("{} cannot be {how}: {error}", path.display()), help)
}
