//! A series' state as bytes.

use super::Detector;
use crate::stats::Stored;

/// The first byte of a saved state. A change of what is saved, or of what it means, takes the next number.
const VERSION: u8 = 3;

/// Why a saved state was not restored. The series starts anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StateError {
    /// Saved by a version of the detector that keeps other state.
    #[error("state of version {found}, this build reads version {VERSION}")]
    Version {
        /// The version that was found.
        found: u8,
    },
    /// Cut short, too long, or not a state at all.
    #[error("state is damaged")]
    Damaged,
}

impl Detector {
    /// Appends the state: at most [`Detector::BYTES`] and less for a series that has not seen a full day.
    pub fn save(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        self.store(out);
    }

    /// Reads what [`Detector::save`] has written.
    ///
    /// # Errors
    ///
    /// When another version wrote it, or it is damaged.
    pub fn restore(bytes: &[u8]) -> Result<Self, StateError> {
        let (version, mut rest) = bytes.split_first().ok_or(StateError::Damaged)?;
        if *version != VERSION {
            return Err(StateError::Version { found: *version });
        }
        let detector = Self::load(&mut rest).ok_or(StateError::Damaged)?;
        if rest.is_empty() { Ok(detector) } else { Err(StateError::Damaged) }
    }
}
