//! The order in which pipelines are built.

use std::fmt;

use super::error::BuildError;
use super::plan::{PipelinePlan, Plan, find};

/// Pipelines that feed each other: each by what it is named with, the last one the first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ring(Vec<Link>);

/// From one pipeline into another.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Link {
    from: String,
    /// The connector or processor.
    through: String,
    to: String,
}

/// The pipelines in an order in which each comes after those that it feeds.
pub(super) fn backwards(plan: &Plan) -> Result<Vec<&PipelinePlan>, BuildError> {
    let mut waiting: Vec<&PipelinePlan> = plan.pipelines.iter().collect();
    let mut order: Vec<&PipelinePlan> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let (held, ready): (Vec<&PipelinePlan>, Vec<&PipelinePlan>) =
            waiting.iter().partition(|pipeline| next(plan, pipeline, &waiting).is_some());
        if ready.is_empty() {
            return Err(BuildError::Ring(Ring::among(plan, &held)));
        }
        order.extend(ready);
        waiting = held;
    }
    Ok(order)
}

impl Plan {
    /// Pipelines that feed each other, if there are any: such a plan cannot run.
    #[must_use]
    pub fn ring(&self) -> Option<Ring> {
        match backwards(self) {
            Err(BuildError::Ring(ring)) => Some(ring),
            Err(BuildError::Component { .. } | BuildError::Open { .. }) | Ok(_) => None,
        }
    }
}

/// One of `others` that `pipeline` feeds, and through what.
fn next<'a>(
    plan: &Plan,
    pipeline: &'a PipelinePlan,
    others: &[&'a PipelinePlan],
) -> Option<(&'a str, &'a PipelinePlan)> {
    others.iter().find_map(|other| Some((way(plan, pipeline, other)?, *other)))
}

/// What leads from `pipeline` into `other`: a connector, or a processor that derives.
fn way<'a>(plan: &Plan, pipeline: &'a PipelinePlan, other: &PipelinePlan) -> Option<&'a str> {
    let mut connectors = pipeline.exporters.iter().filter(|id| find(&plan.connectors, id).is_some());
    let deriving = pipeline.signal != other.signal;
    let mut processors = pipeline.processors.iter().filter(|id| deriving && plan.is_derived(id));
    let named = |id: &&String| other.receivers.contains(id);
    connectors.find(named).or_else(|| processors.find(named)).map(String::as_str)
}

impl Ring {
    /// A ring among `held`, each of which feeds another one of them.
    fn among(plan: &Plan, held: &[&PipelinePlan]) -> Self {
        let mut links: Vec<Link> = Vec::new();
        let mut at = held.first().copied();
        while let Some(pipeline) = at {
            if let Some(begin) = links.iter().position(|link| link.from == pipeline.id) {
                return Self(links.split_off(begin));
            }
            let found = next(plan, pipeline, held);
            if let Some((through, other)) = found {
                let (from, through, to) = (pipeline.id.clone(), through.to_owned(), other.id.clone());
                links.push(Link { from, through, to });
            }
            at = found.map(|(_, other)| other);
        }
        Self(links)
    }

    /// The first of its pipelines.
    #[must_use]
    pub fn pipeline(&self) -> Option<&str> {
        self.0.first().map(|link| link.from.as_str())
    }

    /// One way out of it.
    #[must_use]
    pub fn help(&self) -> String {
        self.0.last().zip(self.0.first()).map_or_else(String::new, |(last, first)| {
            format!(
                "take `{}` out of the receivers of `{}`, or lead it into a pipeline of its own, without `{}`",
                last.through, last.to, first.through
            )
        })
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pipelines feed each other in a ring: ")?;
        for link in &self.0 {
            write!(f, "{} -> {} -> ", link.from, link.through)?;
        }
        f.write_str(self.pipeline().unwrap_or_default())
    }
}
