//! Finds what a path means inside of a root directory that others write to, without leaving it.
//!
//! The kernel does that from Linux 5.6 on: `openat2` with `RESOLVE_IN_ROOT` and `RESOLVE_NO_MAGICLINKS`. Older kernels do not have that
//! call, and sandboxes may refuse it: then the path is walked here, name by name. Every directory on the way is held by a descriptor, no
//! link is followed by the kernel, and the text of a link is walked as the path is: an absolute one from the root, and `..` never above it.
//! Links of `/proc` that are no text (`/proc/1/root`) are refused by the kernel; the walk takes their text, which stays inside as well.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Links on the way to a file, as in the kernel.
const MOST_LINKS: usize = 40;

/// Names on the way to a file: links may make many of few.
const MOST_NAMES: usize = 4096;

/// How often the kernel is asked again when something was renamed while it looked.
const ATTEMPTS: usize = 16;

const HANDLE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// A descriptor that stands for `path` inside of `root`; it is not opened.
pub(super) fn resolve(root: impl AsFd, path: &Path) -> rustix::io::Result<File> {
    let path = if path.as_os_str().is_empty() { Path::new("/") } else { path };
    if !kernel_can() {
        return walk(root.as_fd(), path);
    }
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..ATTEMPTS {
        match rustix::fs::openat2(&root, path, HANDLE, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            other => return other.map(File::from),
        }
    }
    walk(root.as_fd(), path)
}

/// Opens the file that `found` stands for.
pub(super) fn reopen(found: &File, flags: OFlags) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", found.as_raw_fd());
    Ok(rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty())?.into())
}

/// Whether the kernel has the call and lets us use it.
fn kernel_can() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let here = rustix::fs::open("/", HANDLE | OFlags::DIRECTORY, Mode::empty());
        let asked = here
            .and_then(|here| rustix::fs::openat2(&here, "/", HANDLE, Mode::empty(), ResolveFlags::IN_ROOT));
        asked.is_ok()
    })
}

/// As the kernel does it.
fn walk(root: impl AsFd, path: &Path) -> rustix::io::Result<File> {
    let root = root.as_fd().try_clone_to_owned().map_err(|_| Errno::MFILE)?;
    // The directories from the root to where the walk is, then what was found if that is no directory.
    let mut way: Vec<OwnedFd> = vec![root];
    let mut names: Vec<OsString> = Vec::new();
    let mut links = 0;
    let mut walked = 0;
    push(&mut names, path);
    let mut is_directory = true;
    while let Some(name) = names.pop() {
        walked += 1;
        if walked > MOST_NAMES {
            return Err(Errno::NAMETOOLONG);
        }
        if !is_directory {
            return Err(Errno::NOTDIR);
        }
        if name == "." {
            continue;
        }
        if name == ".." {
            if way.len() > 1 {
                way.pop();
            }
            continue;
        }
        let Some(directory) = way.last() else { return Err(Errno::NOENT) };
        let found = rustix::fs::openat(directory, &name, HANDLE | OFlags::NOFOLLOW, Mode::empty())?;
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&found)?.st_mode);
        if kind != FileType::Symlink {
            is_directory = kind == FileType::Directory;
            way.push(found);
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(Errno::LOOP);
        }
        let text = rustix::fs::readlinkat(&found, "", Vec::new())?;
        let target = PathBuf::from(OsStr::from_bytes(text.as_bytes()));
        if target.is_absolute() {
            way.truncate(1);
        }
        push(&mut names, &target);
    }
    way.pop().map(File::from).ok_or(Errno::NOENT)
}

/// The names of `path` are walked next.
fn push(names: &mut Vec<OsString>, path: &Path) {
    let bytes = path.as_os_str().as_bytes();
    if bytes.ends_with(b"/") {
        // That asks for a directory.
        names.push(".".into());
    }
    let parts = bytes.rsplit(|byte| *byte == b'/').filter(|part| !part.is_empty());
    names.extend(parts.map(|part| OsStr::from_bytes(part).to_owned()));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn root(directory: &Path) -> File {
        rustix::fs::open(directory, HANDLE, Mode::empty()).unwrap().into()
    }

    fn inode(found: rustix::io::Result<File>) -> Result<(u64, u64), Errno> {
        found.map(|file| file.metadata().unwrap()).map(|metadata| (metadata.dev(), metadata.ino()))
    }

    /// The pieces of paths and of links.
    fn path() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            6 => prop::sample::select(vec!["a", "b", "c", "l0", "l1", "l2", "f"]),
            2 => Just(".."),
            1 => Just("."),
        ];
        (any::<bool>(), prop::collection::vec(name, 1..6))
            .prop_map(|(absolute, names)| format!("{}{}", if absolute { "/" } else { "" }, names.join("/")))
    }

    proptest! {
        #[test]
        fn the_walk_finds_what_the_kernel_finds(links in prop::collection::vec((0_usize..4, path()), 0..4), wanted in path()) {
            let outside = TempDir::new().unwrap();
            for name in ["a", "b", "c", "f"] {
                fs::write(outside.path().join(name), "outside").unwrap();
            }
            let inside = outside.path().join("root");
            let directories = ["", "a", "a/b", "c"].map(|name| inside.join(name));
            for directory in &directories {
                fs::create_dir_all(directory).unwrap();
                fs::write(directory.join("f"), "inside").unwrap();
            }
            for (index, (place, text)) in links.iter().enumerate() {
                symlink(text, directories[*place].join(format!("l{index}"))).unwrap();
            }
            let walked = inode(walk(root(&inside), Path::new(&wanted)));
            if kernel_can() {
                prop_assert_eq!(walked, inode(resolve(root(&inside), Path::new(&wanted))));
            }
            if let Ok(found) = walked {
                let own = directories.iter().flat_map(|directory| [directory.clone(), directory.join("f")]);
                let own: Vec<_> = own.map(|path| fs::metadata(path).unwrap()).map(|m| (m.dev(), m.ino())).collect();
                prop_assert!(own.contains(&found));
            }
        }
    }

    #[test]
    fn links_without_end_are_an_error() {
        let directory = TempDir::new().unwrap();
        symlink("loop", directory.path().join("loop")).unwrap();
        symlink("x/x/x/x", directory.path().join("x")).unwrap();
        for name in ["loop", "x"] {
            assert_eq!(inode(walk(root(directory.path()), Path::new(name))), Err(Errno::LOOP));
            assert_eq!(inode(resolve(root(directory.path()), Path::new(name))), Err(Errno::LOOP));
        }
    }
}
