//! The loop that reads until nothing is left to report.

use serde::de::DeserializeOwned;

use super::access::{Context, NodeId, Omission};
use super::deserializer::Deserializer;
use super::failure::{Failure, Kind};
use crate::config::node::{Map, Node, Value};
use crate::config::problem::{Problem, Problems};

/// Most runs over one tree; each leaves one more value out. Nobody reads more reports than this.
const MAX_RUNS: usize = 1_000;

/// Reads a `T` from `node`, which stands at `path`. Everything that is wrong with it is added to `problems`;
/// the result is `None` if a value had to be left out. A node in which nothing is written is read as an
/// empty map.
///
/// Unknown keys are errors in `problems` too, but `T` is still returned, so that the rules between its keys
/// can be checked in the same run.
pub fn from_node<T: DeserializeOwned>(node: &Node, path: &str, problems: &mut Problems) -> Option<T> {
    let empty = Node { value: Value::Map(Map::default()), ..node.clone_place() };
    let root = if node.is_null() { &empty } else { node };
    let mut context = Context::default();
    let mut complete = true;
    let mut runs = 0_usize;
    let outcome = loop {
        runs += 1;
        if runs > MAX_RUNS {
            break None;
        }
        match T::deserialize(Deserializer::root(root, path, &context)) {
            Ok(value) => break complete.then_some(value),
            Err(failure) => {
                let failure = failure.passing(root, root.span, path);
                let Some(omitted) = first_left(&failure, &context) else {
                    break None;
                };
                let silent = match failure.kind {
                    Kind::Null => true,
                    Kind::Reported => {
                        complete = false;
                        true
                    }
                    Kind::Missing(_) | Kind::Unfit { .. } | Kind::Choice { .. } | Kind::Other { .. } => {
                        complete = false;
                        // A value that is already left out was reported when that happened.
                        failure.trail.first() != Some(&omitted)
                    }
                };
                if !silent && let Some(problem) = problem(&failure) {
                    problems.push(problem);
                }
                let omission =
                    if matches!(failure.kind, Kind::Null) { Omission::Null } else { Omission::Reported };
                context.omit(omitted, omission);
                if omitted == NodeId::of(root) {
                    break None;
                }
            }
        }
    };
    problems.append(context.into_problems());
    outcome
}

/// The innermost value on the way of the failure that has not been left out yet.
fn first_left(failure: &Failure, context: &Context) -> Option<NodeId> {
    failure.trail.iter().copied().find(|id| context.omission(*id).is_none())
}

fn problem(failure: &Failure) -> Option<Problem> {
    let place = failure.place.as_ref()?;
    let (message, help) = failure.describe(place.hidden);
    let mut problem = Problem::error(&place.path, Some(place.span), message);
    problem.help = help;
    Some(problem)
}
