//! The `service` section: pipelines, the extensions that run, the agent's own telemetry.

use edgewatch_core::config::{Node, Problem, Problems, from_node, suggest};
use edgewatch_core::factory::ComponentKind;

use super::pipelines::{self, dangling, references};
use super::routers;
use super::sections::Sections;
use super::telemetry::Telemetry;
use crate::pipeline::PipelinePlan;

pub(super) const KEYS: [&str; 3] = ["extensions", "pipelines", "telemetry"];

/// What the section says. Parts with errors are empty.
#[derive(Default)]
pub(super) struct Service {
    pub(super) pipelines: Vec<PipelinePlan>,
    /// Ids of the extensions that run, in order.
    pub(super) extensions: Vec<String>,
    pub(super) telemetry: Telemetry,
}

/// Reads the section, and notes in `sections` what it uses.
pub(super) fn read(root: &Node, sections: &mut Sections, problems: &mut Problems) -> Service {
    let empty = Node::default();
    let Some(node) = root.get("service").filter(|node| !node.is_null()) else {
        let problem = Problem::error("service", None, "there is no `service` section: nothing would run");
        problems.push(problem.with_help("name the components under `service.pipelines`"));
        return Service::default();
    };
    let Some(map) = node.as_map() else {
        let message = format!("expected `pipelines`, `extensions` and `telemetry`, found {}", node.kind());
        problems.push(Problem::error("service", Some(node.span), message));
        return Service::default();
    };
    for (key, _) in map.iter().filter(|(key, _)| !KEYS.contains(&key.name.as_str())) {
        let path = format!("service.{}", key.name);
        let mut problem = Problem::error(path, Some(key.span), format!("unknown key `{}`", key.name));
        problem.help = if pipelines::is_pipeline_id(&key.name) {
            Some("a pipeline stands below `pipelines`: indent it".to_owned())
        } else {
            suggest::help(&key.name, "known keys", &KEYS)
        };
        problems.push(problem);
    }
    let nothing = Node { span: map.entry("pipelines").map_or(node.span, |(key, _)| key.span), ..empty };
    let pipelines = node.get("pipelines").filter(|node| !node.is_null()).unwrap_or(&nothing);
    let pipelines = pipelines::read(pipelines, sections, problems);
    routers::check(root, sections, &pipelines, problems);
    Service {
        pipelines,
        extensions: extensions(node, sections, problems),
        telemetry: telemetry(node, problems),
    }
}

fn extensions(service: &Node, sections: &mut Sections, problems: &mut Problems) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for reference in references(service.get("extensions"), "service.extensions", problems) {
        match sections.extensions.take(&reference.id) {
            Some((id, _)) if ids.contains(&id) => {
                let message = format!("`{id}` stands in this list twice");
                problems.push(Problem::error(&reference.path, Some(reference.span), message));
            }
            Some((id, _)) => ids.push(id),
            None => dangling(sections, problems, ComponentKind::Extension, &reference),
        }
    }
    ids
}

fn telemetry(service: &Node, problems: &mut Problems) -> Telemetry {
    let path = "service.telemetry";
    let Some(node) = service.get("telemetry").filter(|node| !node.is_null()) else {
        return Telemetry::default();
    };
    let Some(telemetry) = from_node::<Telemetry>(node, path, problems) else { return Telemetry::default() };
    if let Err(error) = telemetry.validate() {
        problems.push_invalid(node, path, error);
    }
    for key in telemetry.without_effect() {
        let mut below = node;
        let mut span = node.span;
        for part in key.split('.') {
            let Some((key, value)) = below.as_map().and_then(|map| map.entry(part)) else { break };
            (below, span) = (value, key.span);
        }
        let message = "accepted from a Collector configuration, but without effect in this build";
        problems.push(Problem::warning(format!("{path}.{key}"), Some(span), message));
    }
    telemetry
}
