//! Asking for memory before it is needed.

/// Brings `item` into the caches, so that who reads it a little later need not wait for it.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn fetch<T>(item: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    /// Bytes of a cache line.
    const LINE: usize = 64;
    let start = std::ptr::from_ref(item).cast::<i8>();
    for offset in (0..size_of::<T>()).step_by(LINE) {
        #[expect(unsafe_code, reason = "a prefetch is sound at any address, but takes a pointer")]
        // SAFETY: nothing is read or written as far as the program can tell.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(offset));
        }
    }
}

/// Elsewhere the hardware must guess for itself.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) const fn fetch<T>(_item: &T) {}
