//! What was written is what prost reads, and byte for byte what prost would have written.

mod laws;
mod single;
