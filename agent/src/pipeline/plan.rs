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
    /// Extensions that the service names, each after those that it uses.
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
    /// Ids of receivers and connectors that feed it, and of processors in other pipelines that derive its signal.
    pub receivers: Vec<String>,
    /// Ids of processors, in order.
    pub processors: Vec<String>,
    /// Ids of exporters and connectors that it feeds.
    pub exporters: Vec<String>,
}

impl Plan {
    /// The signals of the pipelines that lead into the exporter `id`.
    pub(super) fn signals_into(&self, id: &str) -> Vec<Signal> {
        self.signals(|pipeline| &pipeline.exporters, id)
    }

    /// The signals of the pipelines that the receiver `id` feeds.
    pub(super) fn signals_from(&self, id: &str) -> Vec<Signal> {
        self.signals(|pipeline| &pipeline.receivers, id)
    }

    /// Whether pipelines that name `id` among their receivers mean the processor.
    pub(super) fn is_derived(&self, id: &str) -> bool {
        let (receiver, connector) = (find(&self.receivers, id), find(&self.connectors, id));
        receiver.is_none() && connector.is_none() && find(&self.processors, id).is_some()
    }

    /// The ids of the pipelines that name the connector `id` as their receiver.
    pub(super) fn pipelines_behind(&self, id: &str) -> impl Iterator<Item = &str> {
        let fed = move |pipeline: &&PipelinePlan| pipeline.receivers.iter().any(|receiver| receiver == id);
        self.pipelines.iter().filter(fed).map(|pipeline| pipeline.id.as_str())
    }

    fn signals(&self, end: fn(&PipelinePlan) -> &Vec<String>, id: &str) -> Vec<Signal> {
        let names = |pipeline: &PipelinePlan, signal| {
            pipeline.signal == signal && end(pipeline).iter().any(|e| e == id)
        };
        let carried = |signal: &Signal| self.pipelines.iter().any(|pipeline| names(pipeline, *signal));
        Signal::ALL.into_iter().filter(carried).collect()
    }
}

impl<T> std::fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id)
    }
}

impl Plan {
    /// Most memory, in bytes, that the components can hold beyond what is in flight: the sum of what each says. Processors are
    /// built once for each pipeline that names them, and count as often.
    #[must_use]
    pub fn memory_bound(&self) -> usize {
        let uses = |id: &str| {
            let named =
                |pipeline: &&PipelinePlan| pipeline.processors.iter().any(|processor| processor == id);
            self.pipelines.iter().filter(named).count()
        };
        let processors = self.processors.iter().map(|named| (named.prepared.memory_bound(), uses(&named.id)));
        let processors = processors.map(|(bound, uses)| bound.saturating_mul(uses));
        [bounds(&self.receivers), bounds(&self.exporters), bounds(&self.connectors), bounds(&self.extensions)]
            .into_iter()
            .chain(processors)
            .fold(0, usize::saturating_add)
    }
}

fn bounds<T>(list: &[Named<T>]) -> usize {
    list.iter().map(|named| named.prepared.memory_bound()).fold(0, usize::saturating_add)
}

/// Looks a component up by its id.
pub(super) fn find<'a, T>(list: &'a [Named<T>], id: &str) -> Option<&'a Prepared<T>> {
    list.iter().find(|named| named.id == id).map(|named| &named.prepared)
}

#[cfg(test)]
mod tests {
    use edgewatch_core::config::ConfigError;

    use super::*;

    fn named<T>(id: &str, memory_bound: usize) -> Named<T> {
        let none = |_: &_| Err(ConfigError::new("", "not built here"));
        Named { id: id.to_owned(), prepared: Prepared::from_fn(none).bounded(memory_bound) }
    }

    #[test]
    fn the_memory_of_all_components_adds_up_and_processors_count_in_each_pipeline() {
        let pipeline = |id: &str, processors: &[&str]| PipelinePlan {
            id: id.to_owned(),
            signal: Signal::Logs,
            receivers: vec!["in".to_owned()],
            processors: processors.iter().map(|id| (*id).to_owned()).collect(),
            exporters: vec!["out".to_owned()],
        };
        let plan = Plan {
            receivers: vec![named("in", 1)],
            processors: vec![named("twice", 10), named("once", 100)],
            exporters: vec![named("out", 1_000)],
            connectors: vec![named("between", 10_000)],
            extensions: vec![named("beside", 100_000)],
            pipelines: vec![pipeline("logs", &["twice", "once"]), pipeline("logs/2", &["twice"])],
            ..Plan::default()
        };
        assert_eq!(plan.memory_bound(), 111_121);
    }
}
