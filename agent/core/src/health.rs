//! The state of the agent, as the outside may ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

/// What the agent is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// Components are being opened.
    Starting,
    /// Every component works.
    Ready,
    /// The agent drains and will end.
    Stopping,
}

/// A shared view of the agent's state.
#[derive(Clone, Debug)]
pub struct Health {
    state: Arc<AtomicU8>,
    since: Instant,
}

impl Health {
    /// A starting agent.
    #[must_use]
    pub fn starting(since: Instant) -> Self {
        Self { state: Arc::new(AtomicU8::new(State::Starting as u8)), since }
    }

    /// Changes the state.
    pub fn set(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// The state now.
    #[must_use]
    pub fn get(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Ready,
            _ => State::Stopping,
        }
    }

    /// When the agent started.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }
}
