//! Credentials that have been checked.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::hmac;
use ring::rand::SystemRandom;

use super::users::Users;

/// Most credentials that are remembered, of each kind. Enough for every user of an agent; what would be more is checked again.
const MOST: usize = 1024;

/// What is remembered of a header: tells nothing of it to somebody who reads the memory of another process.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Mark([u8; 32]);

/// Remembers which credentials were right and which were wrong, as long as the users stay the same.
pub(super) struct Memory {
    key: hmac::Key,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    users: Arc<Users>,
    right: HashSet<Mark>,
    /// Apart, so that nobody can push out the right ones by guessing.
    wrong: HashSet<Mark>,
}

impl Memory {
    /// Remembers nothing yet. `None` when the system has no random numbers.
    pub(super) fn new() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self { key, state: Mutex::default() })
    }

    /// The mark of a header.
    pub(super) fn mark(&self, header: &[u8]) -> Mark {
        let mut mark = Mark([0; 32]);
        let tag = hmac::sign(&self.key, header);
        mark.0.iter_mut().zip(tag.as_ref()).for_each(|(byte, value)| *byte = *value);
        mark
    }

    /// Whether the credentials were right when they were checked for `users`; `None` when they were not.
    pub(super) fn recall(&self, users: &Arc<Users>, mark: Mark) -> Option<bool> {
        let state = self.of(users);
        match (state.right.contains(&mark), state.wrong.contains(&mark)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    /// Remembers what was found for `users`.
    pub(super) fn keep(&self, users: &Arc<Users>, mark: Mark, right: bool) {
        let mut state = self.of(users);
        let marks = if right { &mut state.right } else { &mut state.wrong };
        if marks.len() >= MOST {
            marks.clear();
        }
        marks.insert(mark);
    }

    fn of(&self, users: &Arc<Users>) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&state.users, users) {
            *state = State { users: Arc::clone(users), ..State::default() };
        }
        state
    }
}
