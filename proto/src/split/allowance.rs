//! How much cutting may make of a request.

/// Bytes that the pieces of a request may have, as a multiple of its own.
const REPETITION: usize = 4;

/// Bytes that they may have in any case: small requests cost little, however often they repeat themselves.
const FREE: usize = 64 * 1024;

/// Bytes that may still be written while requests are cut. Each piece of a resource repeats what describes it; a resource
/// of a megabyte with ten thousand items would become ten gigabytes. When the allowance is spent, what is left of the
/// requests comes in pieces as large as they are.
#[derive(Debug)]
pub struct Allowance {
    left: usize,
}

impl Allowance {
    /// For requests of `bytes` bytes together: four times that, and 64 KiB.
    #[must_use]
    pub const fn of(bytes: usize) -> Self {
        Self { left: bytes.saturating_mul(REPETITION).saturating_add(FREE) }
    }

    /// Whether there is nothing left.
    #[must_use]
    pub const fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Takes `bytes` off.
    pub const fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}
