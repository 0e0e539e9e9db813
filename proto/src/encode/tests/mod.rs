//! What was written is what prost reads, and byte for byte what prost would have written.

pub(crate) mod arbitrary;
mod laws;
mod single;
