//! From a plan to running pipelines, and back to rest.
//!
//! [`plan`] says what stands in the configuration. [`mod@build`] makes components and connects them ([`chains`] makes pipelines), in the [`order`] of the data's way
//! back: what comes of it is a [`next`] graph, which holds what [`stays`] of the present one and is complete before it takes its place.
//! [`stage`] is the task that runs a chain of processors, [`connector`] the way from one pipeline into others. [`running`] owns all tasks
//! and ends them in the order in which data flows: receivers stop, the entrances of the pipelines close behind them, processors drain,
//! exporters finish. [`reload`] changes over from one plan to another; the [`remainder`] of the former ends in the same order, and
//! [`changes`] tells people what became of what. What processors have [`learned`] goes through files from one to the next.
//!
//! Nothing here knows a concrete component.

mod build;
mod chains;
mod changes;
mod connector;
mod error;
mod graph;
mod learned;
mod next;
mod order;
mod plan;
mod reload;
mod remainder;
mod running;
mod stage;
mod stays;
mod surroundings;
#[cfg(test)]
mod tests;

pub use changes::Changes;
pub use error::BuildError;
pub use learned::Home;
pub use order::Ring;
pub use plan::{Named, PipelinePlan, Plan};
pub use running::{Broken, Ended, Running};
pub use surroundings::Surroundings;

/// Builds everything in `plan`, opens it and starts it: [`Running::start`].
#[cfg(test)]
async fn build(plan: &Plan, surroundings: &Surroundings) -> Result<Running, BuildError> {
    Running::start(plan, surroundings).await
}
