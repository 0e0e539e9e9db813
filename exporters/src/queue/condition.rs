//! Whether a destination works, as far as the attempts of one signal have shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the last attempt has shown. Shared by the deliverer, which knows, and the sink, which is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    failing: Arc<AtomicBool>,
}

impl Condition {
    /// The destination answered, whatever it said of the data.
    pub(super) fn answered(&self) {
        self.failing.store(false, Ordering::Relaxed);
    }

    /// The attempt failed for a reason that may pass.
    pub(super) fn failed(&self) {
        self.failing.store(true, Ordering::Relaxed);
    }

    /// Whether the last attempt failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }
}
