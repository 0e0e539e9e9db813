//! The order in which extensions start: that of `service.extensions`, but each after those that it uses.

use edgewatch_core::config::{Problem, Problems};
use edgewatch_core::extension::Extension;

use crate::pipeline::Named;

type Waiting = Vec<Named<Box<dyn Extension>>>;

/// Brings `extensions` into order. `names` says which id each name leads to that is used for an extension.
pub(super) fn in_order(
    extensions: Waiting,
    names: &[(String, String)],
    problems: &mut Problems,
) -> Vec<Named<Box<dyn Extension>>> {
    let mut waiting = extensions;
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let free =
            waiting.iter().position(|named| !waiting.iter().any(|other| uses(named, &other.id, names)));
        let Some(free) = free else {
            let ids: Vec<_> = waiting.iter().map(|named| named.id.as_str()).collect();
            let message = format!(
                "extensions use each other in a ring, which none of them can begin: {}",
                ids.join(", ")
            );
            problems.push(Problem::error("service.extensions", None, message));
            break;
        };
        ordered.push(waiting.remove(free));
    }
    ordered
}

fn uses(named: &Named<Box<dyn Extension>>, id: &str, names: &[(String, String)]) -> bool {
    let leads_there = |name: &str| names.iter().any(|(known, target)| known == name && target == id);
    named.prepared.uses().iter().any(|used| leads_there(&used.extension))
}
