//! Pipelines that connectors name: each must exist, carry what the connector passes on, and have it as a receiver.

use edgewatch_core::Signal;
use edgewatch_core::config::{ConfigError, Map, Node, Problem, Problems, join, suggest};
use edgewatch_core::router::PipelineReference;

use super::sections::Sections;
use crate::pipeline::PipelinePlan;

/// Checks what the connectors that are used name in their configurations. `pipelines` are those without errors of their own.
pub(super) fn check(root: &Node, sections: &Sections, pipelines: &[PipelinePlan], problems: &mut Problems) {
    let written = root.get("service").and_then(|service| service.get("pipelines")).and_then(Node::as_map);
    let written: Vec<&str> =
        written.into_iter().flat_map(Map::iter).map(|(key, _)| key.name.trim()).collect();
    let configured = root.get("connectors").and_then(Node::as_map);
    for (key, node) in configured.into_iter().flat_map(Map::iter) {
        let id = key.name.trim();
        let entry = sections.connectors.entries.iter().find(|entry| entry.id == id && entry.used);
        let named = entry.and_then(|entry| entry.prepared.as_ref()).map(|prepared| prepared.pipelines());
        let Some(named) = named.filter(|named| !named.is_empty()) else { continue };
        let path = join("connectors", &key.name);
        let router = Router { id, pipelines, written: &written };
        let signals = router.signals();
        if signals.len() > 1 {
            let names: Vec<_> = signals.iter().map(|signal| signal.name()).collect();
            let message = format!("connector `{id}` is fed {}; it serves one signal", names.join(" and "));
            let help = "configure one for each signal, with a name behind `/`";
            problems.push(Problem::error(&path, Some(key.span), message).with_help(help));
            continue;
        }
        for reference in named {
            if let Err(error) = router.check(reference, &signals) {
                problems.push_invalid(node, &path, error);
            }
        }
        router.warn_of_forgotten(root, named, problems);
    }
}

/// A connector that names pipelines.
struct Router<'a> {
    id: &'a str,
    pipelines: &'a [PipelinePlan],
    /// Ids of all pipelines, those with errors included.
    written: &'a [&'a str],
}

impl Router<'_> {
    /// What the pipelines in front of it carry.
    fn signals(&self) -> Vec<Signal> {
        let feeds = |signal: &Signal| {
            self.pipelines.iter().any(|plan| plan.signal == *signal && has(&plan.exporters, self.id))
        };
        Signal::ALL.into_iter().filter(feeds).collect()
    }

    fn check(&self, reference: &PipelineReference, signals: &[Signal]) -> Result<(), ConfigError> {
        let wanted = reference.id.trim();
        let Some(plan) = self.pipelines.iter().find(|plan| plan.id == wanted) else {
            if self.written.contains(&wanted) {
                return Ok(());
            }
            let error = ConfigError::new(
                &reference.key,
                format!("there is no pipeline `{wanted}` in this configuration"),
            );
            let help = match suggest::suggest(wanted, self.written.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "configure it under `service.pipelines`, or remove it here".to_owned(),
            };
            return Err(error.with_help(help));
        };
        if let [signal] = signals
            && plan.signal != *signal
        {
            let message = format!(
                "pipeline `{wanted}` carries {}, but `{}` is fed {}",
                plan.signal.name(),
                self.id,
                signal.name()
            );
            return Err(ConfigError::new(&reference.key, message));
        }
        if !has(&plan.receivers, self.id) {
            let message = format!("pipeline `{wanted}` does not have `{}` as a receiver", self.id);
            let help = format!("add it to `service.pipelines.{wanted}.receivers`");
            return Err(ConfigError::new(&reference.key, message).with_help(help));
        }
        Ok(())
    }

    /// Pipelines that expect something of the connector, which does not know them.
    fn warn_of_forgotten(&self, root: &Node, named: &[PipelineReference], problems: &mut Problems) {
        for plan in self.pipelines.iter().filter(|plan| has(&plan.receivers, self.id)) {
            if named.iter().any(|reference| reference.id.trim() == plan.id) {
                continue;
            }
            let pipelines = root.get("service").and_then(|service| service.get("pipelines"));
            let receivers =
                pipelines.and_then(|map| map.get(&plan.id)).and_then(|node| node.get("receivers"));
            let message = format!("gets nothing from `{}`, whose configuration does not name it", self.id);
            let path = join("service.pipelines", &plan.id);
            problems.push(Problem::warning(path, receivers.map(|node| node.span), message));
        }
    }
}

fn has(ids: &[String], id: &str) -> bool {
    ids.iter().any(|other| other == id)
}
