//! The order in which pipelines are built.

use super::error::BuildError;
use super::plan::{PipelinePlan, Plan, find};

/// The pipelines in an order in which each comes after those that it feeds.
pub(super) fn backwards(plan: &Plan) -> Result<Vec<&PipelinePlan>, BuildError> {
    let is_connector = |id: &str| find(&plan.connectors, id).is_some();
    let mut waiting: Vec<&PipelinePlan> = plan.pipelines.iter().collect();
    let mut order: Vec<&PipelinePlan> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let feeds_one = |pipeline: &PipelinePlan| {
            waiting.iter().any(|other| {
                pipeline.exporters.iter().any(|id| is_connector(id) && other.receivers.contains(id))
            })
        };
        let (held, ready): (Vec<&PipelinePlan>, Vec<&PipelinePlan>) =
            waiting.iter().partition(|pipeline| feeds_one(pipeline));
        if ready.is_empty() {
            let ids: Vec<_> = held.iter().map(|pipeline| pipeline.id.as_str()).collect();
            return Err(BuildError::Ring(ids.join(", ")));
        }
        order.extend(ready);
        waiting = held;
    }
    Ok(order)
}
