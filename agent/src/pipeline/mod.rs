//! From a plan to running pipelines, and back to rest.
//!
//! [`plan`] says what stands in the configuration, [`build()`] makes components and connects them, [`stage`] is the task that runs a
//! chain of processors, [`connector`] the way from one pipeline into others, [`running`] owns all tasks and ends them in the order in
//! which data flows: receivers stop, the entrances of the pipelines close behind them, processors drain, exporters finish.
//!
//! Nothing here knows a concrete component.

mod build;
mod connector;
mod plan;
mod running;
mod stage;
#[cfg(test)]
mod tests;

pub use build::{BuildError, Surroundings, build};
pub use plan::{Named, PipelinePlan, Plan};
pub use running::{Ended, Running, Watched};
