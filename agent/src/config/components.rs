//! The components that a configuration may name.

use edgewatch_core::factory::{
    ComponentKind, ConnectorFactory, Description, ExporterFactory, ExtensionFactory, ProcessorFactory,
    ReceiverFactory,
};

use crate::connectors::ROUTERS;
use crate::extensions::EXTENSIONS;
use crate::receivers::RECEIVERS;

/// The lists of components of a build.
#[derive(Clone, Copy)]
pub struct Components {
    /// What brings telemetry in.
    pub receivers: &'static [ReceiverFactory],
    /// What changes it.
    pub processors: &'static [ProcessorFactory],
    /// What sends it on.
    pub exporters: &'static [ExporterFactory],
    /// What leads from pipelines into pipelines.
    pub connectors: &'static [ConnectorFactory],
    /// Connectors that choose among the pipelines behind them.
    pub routers: &'static [ConnectorFactory],
    /// What serves the agent itself.
    pub extensions: &'static [ExtensionFactory],
}

impl Components {
    /// Those of this build.
    #[must_use]
    pub fn of_this_build() -> Self {
        Self {
            receivers: RECEIVERS,
            processors: edgewatch_processors::PROCESSORS,
            exporters: edgewatch_exporters::EXPORTERS,
            connectors: edgewatch_processors::CONNECTORS,
            routers: ROUTERS,
            extensions: EXTENSIONS,
        }
    }

    /// The descriptions of all components of one kind, in alphabetical order.
    #[must_use]
    pub fn descriptions(&self, kind: ComponentKind) -> Vec<&'static Description> {
        let mut descriptions: Vec<&'static Description> = match kind {
            ComponentKind::Receiver => self.receivers.iter().map(|factory| &factory.description).collect(),
            ComponentKind::Processor => self.processors.iter().map(|factory| &factory.description).collect(),
            ComponentKind::Exporter => self.exporters.iter().map(|factory| &factory.description).collect(),
            ComponentKind::Connector => {
                self.connectors.iter().chain(self.routers).map(|factory| &factory.description).collect()
            }
            ComponentKind::Extension => self.extensions.iter().map(|factory| &factory.description).collect(),
        };
        descriptions.sort_by_key(|description| description.name);
        descriptions
    }

    /// The component of this kind that answers to `name`.
    pub(super) fn find(&self, kind: ComponentKind, name: &str) -> Option<&'static Description> {
        self.descriptions(kind)
            .into_iter()
            .find(|description| description.name == name || description.aliases.contains(&name))
    }
}

/// All components for people: kind by kind, each with its signals, its other names and what it does.
#[must_use]
pub fn listing(components: &Components) -> String {
    let mut text = String::new();
    let names = ComponentKind::ALL.into_iter().flat_map(|kind| components.descriptions(kind));
    let width = names.map(|description| description.name.len()).max().unwrap_or_default();
    for kind in ComponentKind::ALL {
        let descriptions = components.descriptions(kind);
        if descriptions.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(kind.section());
        text.push_str(":\n");
        for description in descriptions {
            text.push_str(&format!("  {:<width$} {}\n", description.name, facts(description)));
        }
    }
    text
}

fn facts(description: &Description) -> String {
    let names = |signals: &[edgewatch_core::Signal]| {
        signals.iter().map(|signal| signal.name()).collect::<Vec<_>>().join(", ")
    };
    let derives = description.kind == ComponentKind::Processor;
    let signals = match (description.signals, description.emits) {
        ([], []) => String::new(),
        (signals, []) => format!(" [{}]", names(signals)),
        (signals, emits) if derives => format!(" [{}; derives {}]", names(signals), names(emits)),
        (signals, emits) => format!(" [{} -> {}]", names(signals), names(emits)),
    };
    let aliases = match description.aliases {
        [] => String::new(),
        aliases => format!(" (also: {})", aliases.join(", ")),
    };
    format!("{}{signals}{aliases}", description.about)
}
