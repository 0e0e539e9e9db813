//! What a reload has done, for people.

use edgewatch_core::factory::ComponentKind;

use super::graph::{Graph, Nodes};

/// What became of the components, each as its kind and id: `exporter otlp_grpc/backup`, `pipeline traces`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// How many go on as they were.
    pub kept: usize,
    /// Those with a new configuration, or that use something new.
    pub replaced: Vec<String>,
    /// Those that were not there before.
    pub added: Vec<String>,
    /// Those that are not there any more.
    pub removed: Vec<String>,
}

impl Changes {
    /// What leads from `former` to `next`.
    pub(super) fn between(former: &Graph, next: &Graph) -> Self {
        let mut changes = Self::default();
        changes.add(ComponentKind::Extension.name(), &former.extensions, &next.extensions);
        changes.add(ComponentKind::Receiver.name(), &former.receivers, &next.receivers);
        changes.add("pipeline", &former.pipelines, &next.pipelines);
        changes.add(ComponentKind::Connector.name(), &former.connectors, &next.connectors);
        changes.add(ComponentKind::Exporter.name(), &former.exporters, &next.exporters);
        changes
    }

    fn add<T>(&mut self, kind: &str, former: &Nodes<T>, next: &Nodes<T>) {
        for (id, node) in next {
            match former.get(id) {
                Some(found) if found.hold.is(&node.hold) => self.kept += 1,
                Some(_) => self.replaced.push(format!("{kind} {id}")),
                None => self.added.push(format!("{kind} {id}")),
            }
        }
        let gone = former.keys().filter(|id| !next.contains_key(*id));
        self.removed.extend(gone.map(|id| format!("{kind} {id}")));
    }
}
