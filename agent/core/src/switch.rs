//! A value that is exchanged while others use it: how a reload gives a component that goes on its new neighbours.

use std::sync::{Arc, PoisonError, RwLock};

/// Shared by those who use the value and the one who exchanges it. Looking costs an uncontended lock, once per batch.
#[derive(Debug)]
pub struct Switch<T: ?Sized>(Arc<RwLock<Arc<T>>>);

impl<T: ?Sized> Clone for Switch<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Switch<T> {
    /// Begins with `value`.
    pub fn new(value: impl Into<Arc<T>>) -> Self {
        Self(Arc::new(RwLock::new(value.into())))
    }

    /// Lets `look` see the present value, which must not take long.
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The present value, to keep while something is waited for.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `value` in the place of the present one.
    pub fn set(&self, value: impl Into<Arc<T>>) {
        let former =
            std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), value.into());
        // What ends with it may look here.
        drop(former);
    }
}
