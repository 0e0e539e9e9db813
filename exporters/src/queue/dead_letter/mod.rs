//! What no destination took, kept for people to look at and to send again.
//!
//! Dead letters lie in boxes: each is a storage of its own below the configured directory, named after the time when it was begun. A box
//! is filled for a few seconds, then let go of; whoever wants to read the letters takes the boxes that nobody holds. So the agent and
//! `edgewatch queue replay` never meet in one, nor do two exporters, nor an agent and its successor after a reload.

mod boxes;
mod keeper;
mod note;

#[cfg(test)]
mod tests;

pub(super) use boxes::boxes;
pub(super) use keeper::DeadLetters;
pub(super) use note::Note;
