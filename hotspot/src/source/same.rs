//! Whether an opened file is the one that a process has mapped.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr;

use rustix::fs::Stat;
use rustix::mm::{MapFlags, ProtFlags};

use crate::find::Shared;
use crate::procfs::{Mapping, lines_of};

/// Whether `file`, about which the system says `stat`, is `shared`.
pub(super) fn is_same(file: BorrowedFd<'_>, stat: &Stat, shared: &Shared) -> io::Result<bool> {
    let device = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    if (device, stat.st_ino) == (shared.device, shared.inode) {
        return Ok(true);
    }
    let mapped = Mapped::new(file)?;
    let mut same = false;
    lines_of(File::open("/proc/self/maps")?, |line| {
        let Some(mapping) = Mapping::parse(line) else { return true };
        if mapping.range.0 != mapped.address() {
            return true;
        }
        same = (mapping.device, mapping.inode) == (shared.device, shared.inode);
        false
    })?;
    Ok(same)
}

/// A page of a file in the agent's memory, only there to be seen in its `maps`. Never read: the file may be shortened at any time.
struct Mapped(*mut c_void);

/// Any length gives a mapping of one page.
const LENGTH: usize = 1;

impl Mapped {
    fn new(file: impl AsFd) -> io::Result<Self> {
        #[expect(
            unsafe_code,
            reason = "a new mapping at an address of the kernel's choice touches nobody's memory"
        )]
        // SAFETY: without MAP_FIXED no existing mapping is replaced, and nothing is made of the address but a number.
        let address =
            unsafe { rustix::mm::mmap(ptr::null_mut(), LENGTH, ProtFlags::READ, MapFlags::SHARED, file, 0)? };
        Ok(Self(address))
    }

    fn address(&self) -> u64 {
        self.0.addr() as u64
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "gives back what `new` mapped")]
        // SAFETY: the mapping is that of `new`, and there is no reference into it. A failure leaves a page mapped.
        let _ = unsafe { rustix::mm::munmap(self.0, LENGTH) };
    }
}
