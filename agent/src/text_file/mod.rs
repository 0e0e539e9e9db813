//! What commands that read a file of text share: where it comes from, its lines, how far they are, and CSV.

pub(crate) mod csv;
pub(crate) mod lines;
mod progress;
mod source;

pub(crate) use progress::Progress;
pub(crate) use source::Source;
