//! Processors that pipelines name as their receivers: each must derive the pipeline's signal, and stand in a pipeline of another one.

use edgewatch_core::Signal;
use edgewatch_core::config::{Node, Problem, Problems, join};
use edgewatch_core::factory::Description;

use super::pipelines::Reference;
use super::sections::{Entry, Sections};
use crate::pipeline::{PipelinePlan, Plan};

/// Where a pipeline names a processor as its receiver.
pub(super) struct Derived {
    /// The processor, as it is configured.
    processor: String,
    /// What it derives from.
    carries: &'static [Signal],
    signal: Signal,
    reference: Reference,
}

/// What a processor is called, and what can be told about it; nothing when this build does not have its type.
type Found = (String, Option<&'static Description>);

/// The processor that `reference` means as a receiver, if it derives anything.
pub(super) fn find(sections: &Sections, reference: &Reference) -> Option<Found> {
    let entry = entry(sections, &reference.id)?;
    // Under this id, pipelines mean the other one.
    let taken = sections.receivers.lookup(&entry.id).or_else(|| sections.connectors.lookup(&entry.id));
    let derives = entry.description.is_none_or(|description| !description.emits.is_empty());
    (derives && taken.is_none()).then(|| (entry.id.clone(), entry.description))
}

/// Why a processor is no receiver, when `id` is one.
pub(super) fn help(sections: &Sections, id: &str) -> Option<String> {
    entry(sections, id)?;
    Some(format!("`{id}` is a processor, and derives nothing that other pipelines could receive"))
}

fn entry<'a>(
    sections: &'a Sections,
    id: &str,
) -> Option<&'a Entry<Box<dyn edgewatch_core::processor::Processor>>> {
    sections.processors.lookup(id).and_then(|index| sections.processors.entries.get(index))
}

/// The ids of processors that pipelines may name as receivers.
pub(super) fn ids(sections: &Sections) -> impl Iterator<Item = &str> {
    let derives = |description: &Description| !description.emits.is_empty();
    let entries = sections.processors.entries.iter();
    entries.filter(move |entry| entry.description.is_some_and(derives)).map(|entry| entry.id.as_str())
}

impl Derived {
    /// Notes that a pipeline of `signal` means the processor `found` by `reference`, if that derives the signal.
    pub(super) fn new(
        found: &Found,
        reference: &Reference,
        signal: Signal,
        problems: &mut Problems,
    ) -> Option<Self> {
        let (processor, description) = found;
        let Description { signals: carries, emits: derived, .. } = (*description)?;
        if derived.contains(&signal) {
            return Some(Self {
                processor: processor.clone(),
                carries,
                signal,
                reference: reference.clone(),
            });
        }
        let names: Vec<&str> = derived.iter().map(|signal| signal.name()).collect();
        let message = format!("processor `{}` does not derive {}", reference.id, signal.name());
        let problem = Problem::error(&reference.path, Some(reference.span), message);
        problems.push(problem.with_help(format!("it derives {}", names.join(", "))));
        None
    }

    /// A processor derives from what flows through it.
    pub(super) fn check(&self, pipelines: &[PipelinePlan], problems: &mut Problems) {
        let feeds =
            |plan: &PipelinePlan| plan.signal != self.signal && plan.processors.contains(&self.processor);
        if pipelines.iter().any(feeds) {
            return;
        }
        let Self { reference, signal, carries, .. } = self;
        let names: Vec<&str> =
            carries.iter().filter(|carried| *carried != signal).map(|carried| carried.name()).collect();
        let message = format!(
            "processor `{}` is used as a receiver here, but no pipeline of {} has it among its processors: no data would come",
            reference.id,
            names.join(" or ")
        );
        let help = format!(
            "add `{}` to the processors of the pipeline that it shall derive {} from",
            reference.id,
            signal.name()
        );
        problems.push(Problem::error(&reference.path, Some(reference.span), message).with_help(help));
    }
}

/// Reports pipelines that feed each other. `plan` has no other errors.
pub(super) fn check_ring(plan: &Plan, root: &Node, problems: &mut Problems) {
    let Some(ring) = plan.ring() else { return };
    let pipelines = root.get("service").and_then(|service| service.get("pipelines"));
    let mut written = pipelines.and_then(Node::as_map).into_iter().flat_map(|map| map.iter());
    let key = written.find(|(key, _)| ring.pipeline() == Some(key.name.trim())).map(|(key, _)| key);
    let path = "service.pipelines";
    let path = key.map_or_else(|| path.to_owned(), |key| join(path, &key.name));
    let problem = Problem::error(path, key.map(|key| key.span), ring.to_string());
    problems.push(problem.with_help(ring.help()));
}
