//! Takes the ids of a JVM's user for a moment.
//!
//! A JVM speaks only to its own user, and to root only if that is root in its user namespace. The identity that it sees is that of the
//! thread that connects, at that moment. Linux keeps ids per thread, so a thread of its own takes them and ends with the work: the rest of
//! the agent never has them.
//!
//! Only effective ids change. The real and saved ones stay the agent's: so the JVM's user cannot signal or trace this thread. With the
//! effective id of root gone the thread has no effective capabilities either; what needs them (the way through `/proc/<pid>/root`) is opened
//! before. A thread of an agent that is not root keeps its capabilities.

use std::io;
use std::thread;

use rustix::process::{
    DumpableBehavior, Gid, Uid, dumpable_behavior, getegid, geteuid, set_dumpable_behavior,
};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The work makes a few system calls.
const STACK: usize = 128 << 10;

/// Does `work` with the effective ids `uid` and `gid`.
///
/// # Errors
///
/// When the ids cannot be taken; the work is not done then.
pub(super) fn as_owner<T: Send>(uid: u32, gid: u32, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    if (uid, gid) == (geteuid(), getegid()) {
        return Ok(work());
    }
    // The kernel makes a process whose ids change one that leaves no core files and whose own files in /proc belong to root.
    let before = dumpable_behavior();
    let done = thread::scope(|scope| {
        let helper = || {
            set_thread_groups(&[])?;
            set_thread_res_gid(None, gid, None)?;
            set_thread_res_uid(None, uid, None)?;
            Ok(work())
        };
        let name = "attach".to_owned();
        let helper = thread::Builder::new().name(name).stack_size(STACK).spawn_scoped(scope, helper)?;
        helper.join().unwrap_or_else(|_| Err(io::Error::other("the thread that attaches has panicked")))
    });
    if let Ok(DumpableBehavior::Dumpable) = before {
        // Nothing is lost but core files if this fails.
        let _ = set_dumpable_behavior(DumpableBehavior::Dumpable);
    }
    done
}
