use std::ffi::c_void;
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::ptr;

use rustix::mm::{MapFlags, ProtFlags};

use super::*;
use crate::find::{Finder, Process, Shared};

/// A block of counters with no counters in it.
fn block() -> Vec<u8> {
    let mut block = vec![0_u8; 32 << 10];
    block[..8].copy_from_slice(&[0xCA, 0xFE, 0xC0, 0xC0, 1, 2, 0, 1]);
    block[8..12].copy_from_slice(&9000_i32.to_le_bytes());
    block[24..28].copy_from_slice(&32_i32.to_le_bytes());
    block
}

/// Maps a file as a JVM maps its counters, until the end of the process.
fn map(file: &File) -> *mut c_void {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    #[expect(unsafe_code, reason = "the test process imitates a JVM")]
    // SAFETY: a new mapping at an address of the kernel's choice, which is never read or written.
    let address =
        unsafe { rustix::mm::mmap(ptr::null_mut(), 4096, access, MapFlags::SHARED, file.as_fd(), 0) };
    address.expect("mappable")
}

fn create(path: &Path, bytes: &[u8]) -> File {
    fs::write(path, bytes).expect("writable");
    File::options().read(true).write(true).open(path).expect("there")
}

/// This process, as a JVM.
fn this() -> Process {
    let changes = Finder::new(Path::new("/proc")).look();
    let own = std::process::id();
    changes.came.into_iter().find(|process| process.id.pid == own).expect("this process looks like a JVM")
}

/// One test, because it is about the whole process.
#[test]
fn only_the_very_file_that_a_process_has_mapped_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().canonicalize().expect("there").join("hsperfdata_test");
    fs::create_dir(&place).expect("writable");
    let path = place.join(std::process::id().to_string());
    map(&create(&directory.path().join("libjvm.so"), &[0; 4096]));
    let file = create(&path, &block());
    map(&file);
    let process = this();
    let shared = process.shared.clone().expect("counters are mapped");
    assert_eq!((&shared.path, shared.deleted), (&path, false));

    let mut source = Source::open(&process, false).expect("the file is there");
    assert_eq!(source.way(), Way::File);
    assert!(source.read().expect("readable").len() >= 9000);

    // Through a device number that `stat` would not tell, as with some file systems, it is the same file all the same only if the
    // kernel says so.
    let other = Shared { device: (0, 0xfffe), ..shared.clone() };
    let stat = rustix::fs::fstat(&file).expect("there");
    assert!(same::is_same(file.as_fd(), &stat, &shared).expect("comparable"));
    assert!(!same::is_same(file.as_fd(), &stat, &other).expect("comparable"));
    let stat = rustix::fs::fstat(File::open("/proc/self/exe").expect("there")).expect("there");
    assert!(
        same::is_same(file.as_fd(), &stat, &shared).expect("comparable"),
        "maps decide when stat differs"
    );

    // A file that is cut off gives less or nothing, and no crash.
    file.set_len(5000).expect("writable");
    assert_eq!(source.read().expect("readable").len(), 5000);
    file.set_len(0).expect("writable");
    assert_eq!(source.read().expect_err("nothing").kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(matches!(Source::open(&process, false), Err(Missing::Io { .. })));
    fs::write(&path, block()).expect("writable");

    // Another file under the same name; a link; a pipe: none of them is read. Its own is, through the mapping, where that is allowed.
    let moved = place.join("moved");
    fs::hard_link(&path, &moved).expect("linked");
    fs::remove_file(&path).expect("there");
    let stale = process.clone();
    let refused = |what: &str| match Source::open(&stale, false) {
        Ok(source) => assert_eq!(source.way(), Way::Mapping, "{what}"),
        Err(missing) => assert!(matches!(missing, Missing::Foreign(_)), "{what}: {missing}"),
    };
    fs::write(&path, block()).expect("writable");
    refused("another file");
    fs::remove_file(&path).expect("there");
    symlink(&moved, &path).expect("writable");
    refused("a link, even to the same file");
    fs::remove_file(&path).expect("there");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR).expect("writable");
    refused("a pipe");
    fs::remove_file(&path).expect("there");

    // Deleted.
    fs::remove_file(&moved).expect("there");
    let process = this();
    assert!(process.shared.as_ref().is_some_and(|shared| shared.deleted), "{process:?}");
    match Source::open(&process, false) {
        Ok(source) => assert_eq!(source.way(), Way::Mapping),
        Err(missing) => assert!(matches!(missing, Missing::Denied { .. }), "{missing}"),
    }

    // A process that has the number and is another one.
    let mut later = process.clone();
    later.id.start += 1;
    assert!(matches!(Source::open(&later, true), Err(Missing::Io { .. })));
    let unshared = Process { shared: None, ..process };
    assert!(matches!(Source::open(&unshared, false), Err(Missing::NotShared)));
}
