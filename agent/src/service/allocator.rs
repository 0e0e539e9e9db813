//! How the C library's allocator keeps memory for buffers that come and go.
//!
//! Telemetry flows through buffers of some ten to some hundred kilobytes that live for milliseconds. With its defaults glibc maps
//! those above 128 KiB anew each time and gives the top of the heap back to the system again and again, so that the kernel clears and
//! maps the same pages over and over: a tenth of the CPU at full speed.

/// Blocks from this size on are mapped one by one.
const MAP_FROM: i32 = 1024 * 1024;
/// So much may stay unused at the top of the heap. This also bounds what the agent keeps after a burst.
const KEEP: i32 = 4 * 1024 * 1024;
/// Heaps that threads share. The lane uses one; helper threads share the other instead of growing their own.
const HEAPS: i32 = 2;

/// Sets the allocator up; called once, before threads start. Does nothing with another C library.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "mallopt has no safe wrapper")]
pub(super) fn tune() {
    for (parameter, value) in
        [(libc::M_MMAP_THRESHOLD, MAP_FROM), (libc::M_TRIM_THRESHOLD, KEEP), (libc::M_ARENA_MAX, HEAPS)]
    {
        // SAFETY: mallopt(3) only stores a number; it is called before any other thread exists, and an unknown parameter or value
        // is refused without effect.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Sets the allocator up; called once, before threads start. Does nothing with another C library.
#[cfg(not(target_env = "gnu"))]
pub(super) fn tune() {}
