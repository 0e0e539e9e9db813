//! What stands in the configuration: components with valid settings, and how pipelines connect them.

use edgewatch_core::Signal;
use edgewatch_core::extension::Extension;
use edgewatch_core::factory::{AnyExporter, Connector, Prepared};
use edgewatch_core::processor::Processor;
use edgewatch_core::receiver::Receiver;

/// A component under its id.
pub struct Named<T> {
    /// As written: `otlp`, `batch/small`.
    pub id: String,
    /// Its settings, read and valid.
    pub prepared: Prepared<T>,
}

/// Everything that is to run. Ids named by pipelines exist in the lists; the configuration has checked that.
#[derive(Default)]
pub struct Plan {
    /// Receivers that some pipeline names.
    pub receivers: Vec<Named<Box<dyn Receiver>>>,
    /// Processors that some pipeline names.
    pub processors: Vec<Named<Box<dyn Processor>>>,
    /// Exporters that some pipeline names.
    pub exporters: Vec<Named<AnyExporter>>,
    /// Connectors that some pipelines name.
    pub connectors: Vec<Named<Connector>>,
    /// Extensions that the service names, in order.
    pub extensions: Vec<Named<Box<dyn Extension>>>,
    /// Names under which components use extensions, and the ids that those have.
    pub extension_names: Vec<(String, String)>,
    /// The pipelines.
    pub pipelines: Vec<PipelinePlan>,
}

/// One pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelinePlan {
    /// As written: `traces`, `metrics/host`.
    pub id: String,
    /// What flows through it.
    pub signal: Signal,
    /// Ids of receivers and connectors that feed it.
    pub receivers: Vec<String>,
    /// Ids of processors, in order.
    pub processors: Vec<String>,
    /// Ids of exporters and connectors that it feeds.
    pub exporters: Vec<String>,
}

impl<T> std::fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id)
    }
}

/// Looks a component up by its id.
pub(super) fn find<'a, T>(list: &'a [Named<T>], id: &str) -> Option<&'a Prepared<T>> {
    list.iter().find(|named| named.id == id).map(|named| &named.prepared)
}
