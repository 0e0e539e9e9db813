//! What a processor has learned and keeps through restarts.
//!
//! Processors do no input and output. The pipeline asks a processor for what it has learned, part by part, writes that to a file
//! in the state directory, and hands it back to the processor's successor. Framing, checksums, files and moments are the
//! pipeline's; what a part means is the processor's.

use crate::probe::{Probe, ProbeContext, writable_directory};

/// Something that was learned and is worth keeping.
pub trait Learned {
    /// Appends the part of the state that begins at `position` to `out`, of about [`PART`] bytes at most, and says where the next
    /// part begins; `None` after the last. The first part is at position 0. Telemetry may be processed between two parts, so each
    /// part must mean something without the others.
    fn save(&self, position: usize, out: &mut Vec<u8>) -> Option<usize>;

    /// Takes in one part as it was saved, by this build or another. Called before the first batch.
    ///
    /// # Errors
    ///
    /// [`Unusable`]: what is in it starts anew; the processor is as if it had not been handed in.
    fn restore(&mut self, part: &[u8]) -> Result<(), Unusable>;
}

/// About how large a part may be, in bytes: small enough that saving one does not keep telemetry waiting.
pub const PART: usize = 256 * 1024;

/// Where files with learned state are, below the state directory.
pub const DIRECTORY: &str = "learned";

/// Whether what a processor learns can be kept, for its [`probes`](crate::factory::ComponentConfig::probes). Without that it works, but
/// learns anew with each start.
#[must_use]
pub fn probe(context: &ProbeContext) -> Probe {
    let directory = context.state_directory.join(DIRECTORY);
    Probe::blocking("", format!("the state directory {}", directory.display()), move || {
        writable_directory(&directory, true).map_err(|fault| {
            let fault = fault.and("; what is learned is forgotten with every restart");
            fault.warning_at("")
        })
    })
}

/// Why a part of saved state is not used: another version has written it, or it is damaged. For the agent's log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub String);
