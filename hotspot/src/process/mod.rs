//! What `/proc` tells of the process of a JVM at a moment: CPU time, descriptors, limits, CPUs that it may use.

mod facts;
mod quota;
#[cfg(test)]
mod tests;

pub use facts::{Cpus, Facts, Reader};
