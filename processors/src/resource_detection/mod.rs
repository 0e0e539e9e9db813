//! Finds out where the agent runs and says so in every resource that passes.
//!
//! Detection happens once, when the processor is built, and through [`edgewatch_core::host::Host`] only:
//! environment variables and small files. The attributes are encoded then; processing splices them into
//! resources.

mod config;
mod detectors;
mod processor;

#[cfg(test)]
mod tests;

pub(crate) use processor::ResourceDetector;
