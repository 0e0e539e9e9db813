//! From texts to a plan.

use edgewatch_core::config::{self, Environment, Loaded, Node, Problem, Problems, Sources, suggest};
use edgewatch_core::factory::ComponentKind;

use super::components::Components;
use super::derived;
use super::order::in_order;
use super::sections::Sections;
use super::service;
use super::telemetry::Telemetry;
use super::uses;
use crate::pipeline::Plan;

/// A configuration that can be run.
pub struct Config {
    /// Components with valid settings, and how pipelines connect them.
    pub plan: Plan,
    /// How the agent tells of itself.
    pub telemetry: Telemetry,
}

/// What came of reading a configuration.
pub struct Outcome {
    /// The configuration; `None` if there are errors among the problems.
    pub config: Option<Config>,
    /// Everything that is wrong with it.
    pub problems: Problems,
    /// The texts, for [`Problems::render`].
    pub sources: Sources,
    /// The tree that the configuration was read from, for the places of its keys.
    pub root: Node,
}

/// Reads `texts` (name and content; later ones win) and the `--set` arguments, and resolves every component.
#[must_use]
pub fn load(
    texts: &[(String, String)],
    sets: &[String],
    environment: &dyn Environment,
    components: &Components,
) -> Outcome {
    let Loaded { root, sources, mut problems } = config::load(texts, sets, environment);
    // What could not be parsed at all would only be reported as missing.
    let nothing = root.as_map().is_none_or(|map| map.is_empty());
    if nothing {
        if !problems.has_errors() {
            let help =
                "start with `receivers:`, `exporters:` and `service:`; `edgewatch example` prints every key";
            let names: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("the configuration is empty: {}", names.join(", "));
            problems.push(Problem::error("", None, message).with_help(help));
        }
        return Outcome { config: None, problems, sources, root };
    }
    let config = resolve(&root, components, &mut problems);
    Outcome { config: (!problems.has_errors()).then_some(config), problems, sources, root }
}

fn resolve(root: &Node, components: &Components, problems: &mut Problems) -> Config {
    report_unknown_sections(root, problems);
    let mut sections = Sections::read(root, components, problems);
    let before = problems.errors();
    let service = service::read(root, &mut sections, problems);
    let extension_names = uses::check(&sections, &service.extensions, problems);
    // A name that leads nowhere leaves something unnamed; the cause is enough.
    if problems.errors() == before {
        sections.report_unused(problems);
    }
    let mut extensions = sections.extensions.into_named();
    extensions.sort_by_key(|named| service.extensions.iter().position(|id| *id == named.id));
    let extensions = in_order(extensions, &extension_names, problems);
    let plan = Plan {
        receivers: sections.receivers.into_named(),
        processors: sections.processors.into_named(),
        exporters: sections.exporters.into_named(),
        connectors: sections.connectors.into_named(),
        extensions,
        extension_names,
        pipelines: service.pipelines,
    };
    // Where something is missing, nothing can be said about what leads where.
    if !problems.has_errors() {
        derived::check_ring(&plan, root, problems);
    }
    Config { plan, telemetry: service.telemetry }
}

fn report_unknown_sections(root: &Node, problems: &mut Problems) {
    let sections = ComponentKind::ALL.map(ComponentKind::section);
    let known: Vec<&str> = sections.into_iter().chain(["service"]).collect();
    for (key, _) in root.as_map().into_iter().flat_map(|map| map.iter()) {
        if !known.contains(&key.name.as_str()) {
            let message = format!("unknown section `{}`", key.name);
            let mut problem = Problem::error(&key.name, Some(key.span), message);
            problem.help = suggest::help(&key.name, "the sections are", &known);
            problems.push(problem);
        }
    }
}
