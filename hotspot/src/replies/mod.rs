//! Reads the answers of diagnostic commands.
//!
//! [`heap`] reads `GC.heap_info`, [`code`] `Compiler.codecache`, [`metaspace`] `VM.metaspace`, [`flags`] `VM.flags`, [`logs`] `VM.log
//! list`. Pools have the names that the JVM's own memory pool beans have. What an answer does not say is `None`; what is not understood is
//! left out. Answers are text for people, in other words for every version: parsers look for the words that all versions since 8 have.

pub mod code;
pub mod flags;
pub mod heap;
pub mod logs;
pub mod metaspace;
mod words;

#[cfg(test)]
mod tests;

/// How much of something is used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Bytes in use.
    pub used: u64,
    /// Bytes that the JVM has memory for.
    pub committed: Option<u64>,
    /// Most bytes there can ever be.
    pub limit: Option<u64>,
}

/// A memory pool, as the beans of the JVM name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: &'static str,
    /// How much of it is used.
    pub usage: Usage,
}
