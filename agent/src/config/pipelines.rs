//! `service.pipelines`: signals, and references that must lead somewhere.

use edgewatch_core::Signal;
use edgewatch_core::config::{Key, Node, Problem, Problems, Span, Value, join, suggest};
use edgewatch_core::factory::{ComponentKind, Description};

use super::derived::{self, Derived};
use super::id::Id;
use super::sections::Sections;
use crate::pipeline::PipelinePlan;

const KEYS: [&str; 3] = ["receivers", "processors", "exporters"];

/// A component's id where a pipeline or the service names it.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) id: String,
    pub(super) span: Span,
    pub(super) path: String,
}

/// Where a pipeline names a connector.
struct ConnectorUse {
    connector: usize,
    signal: Signal,
    /// As an exporter, so that data goes in; otherwise as a receiver.
    input: bool,
    reference: Reference,
}

struct Reader<'a> {
    sections: &'a mut Sections,
    problems: &'a mut Problems,
    connectors: Vec<ConnectorUse>,
    derived: Vec<Derived>,
}

/// Reads all pipelines, and notes in `sections` what they use.
pub(super) fn read(node: &Node, sections: &mut Sections, problems: &mut Problems) -> Vec<PipelinePlan> {
    let path = "service.pipelines";
    let Some(map) = node.as_map().filter(|map| !map.is_empty()) else {
        let (message, help) = if node.is_null() || node.as_map().is_some() {
            ("there is no pipeline: nothing would run".to_owned(), true)
        } else {
            (format!("expected a map of pipelines by id, found {}", node.kind()), false)
        };
        let mut problem = Problem::error(path, Some(node.span), message);
        problem.help =
            help.then(|| "add one, such as `traces: {receivers: [otlp], exporters: [debug]}`".to_owned());
        problems.push(problem);
        return Vec::new();
    };
    let mut reader = Reader { sections, problems, connectors: Vec::new(), derived: Vec::new() };
    let plans: Vec<PipelinePlan> =
        map.iter().filter_map(|(key, node)| reader.pipeline(key, node, &join(path, &key.name))).collect();
    reader.check_connectors();
    reader.derived.iter().for_each(|derived| derived.check(&plans, reader.problems));
    plans
}

/// Whether a pipeline may have this id.
pub(super) fn is_pipeline_id(text: &str) -> bool {
    Id::parse(text).is_ok_and(|id| Signal::ALL.into_iter().any(|signal| signal.name() == id.kind))
}

impl Reader<'_> {
    fn pipeline(&mut self, key: &Key, node: &Node, path: &str) -> Option<PipelinePlan> {
        let signal = self.signal(key, path);
        let Some(map) = node.as_map() else {
            let message = format!("expected `receivers` and `exporters`, found {}", node.kind());
            self.problems.push(Problem::error(path, Some(key.span), message));
            return None;
        };
        for (unknown, _) in map.iter().filter(|(key, _)| !KEYS.contains(&key.name.as_str())) {
            let message = format!("unknown key `{}`", unknown.name);
            let mut problem = Problem::error(join(path, &unknown.name), Some(unknown.span), message);
            problem.help = suggest::help(&unknown.name, "known keys", &KEYS);
            self.problems.push(problem);
        }
        let [receivers, processors, exporters] =
            KEYS.map(|list| references(node.get(list), &join(path, list), self.problems));
        for (kind, list) in [(ComponentKind::Receiver, &receivers), (ComponentKind::Exporter, &exporters)] {
            if list.is_empty() {
                let span = map.entry(kind.section()).map_or(key.span, |(key, _)| key.span);
                let message = format!("the pipeline has no {}", kind.name());
                self.problems.push(Problem::error(join(path, kind.section()), Some(span), message));
            }
        }
        // Without a known signal nothing can be said about what carries it.
        let signal = signal?;
        self.check_order(&processors);
        Some(PipelinePlan {
            id: key.name.trim().to_owned(),
            signal,
            receivers: self.resolve(ComponentKind::Receiver, receivers, signal),
            processors: self.resolve(ComponentKind::Processor, processors, signal),
            exporters: self.resolve(ComponentKind::Exporter, exporters, signal),
        })
    }

    fn signal(&mut self, key: &Key, path: &str) -> Option<Signal> {
        let names = Signal::ALL.map(Signal::name);
        let (message, help) = match Id::parse(&key.name) {
            Err(message) => (message, None),
            Ok(id) => match Signal::ALL.into_iter().find(|signal| signal.name() == id.kind) {
                Some(signal) => return Some(signal),
                None if id.kind == "profiles" => {
                    let message = "`profiles` is a signal of the Collector which this build does not carry";
                    (message.to_owned(), None)
                }
                None => {
                    let near =
                        suggest::suggest(&id.kind, names).map(|near| format!("did you mean `{near}`? "));
                    let rule =
                        "a pipeline's id is its signal, with a name behind `/`: traces, metrics/host, logs";
                    (format!("`{}` is not a signal", id.kind), Some(near.unwrap_or_default() + rule))
                }
            },
        };
        let mut problem = Problem::error(path, Some(key.span), message);
        problem.help = help;
        self.problems.push(problem);
        None
    }

    /// The ids of the components that `references` name, as they are configured.
    fn resolve(&mut self, kind: ComponentKind, references: Vec<Reference>, signal: Signal) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for reference in references {
            let Some(id) = self.one(kind, &reference, signal) else { continue };
            if ids.contains(&id) {
                let message = format!("`{id}` stands in this list twice");
                self.problems.push(Problem::error(&reference.path, Some(reference.span), message));
            } else {
                ids.push(id);
            }
        }
        ids
    }

    /// Warns of a processor that does its work only in the first place and stands in another.
    fn check_order(&mut self, processors: &[Reference]) {
        for reference in processors.iter().skip(1) {
            let section = &self.sections.processors;
            let entry = section.lookup(&reference.id).and_then(|index| section.entries.get(index));
            if entry.and_then(|entry| entry.description).is_some_and(|description| description.stands_first) {
                let message = format!("`{}` is not the first processor of its pipeline", reference.id);
                let help = "put it in front of the others: what they do to data that it refuses is done in vain, and what they \
                    hold it does not protect";
                let problem = Problem::warning(&reference.path, Some(reference.span), message);
                self.problems.push(problem.with_help(help));
            }
        }
    }

    /// Looks one reference up, marks the component as used and checks the signal.
    fn one(&mut self, kind: ComponentKind, reference: &Reference, signal: Signal) -> Option<String> {
        let sections = &mut *self.sections;
        let found = match kind {
            ComponentKind::Receiver => sections.receivers.take(&reference.id),
            ComponentKind::Processor => sections.processors.take(&reference.id),
            ComponentKind::Exporter => sections.exporters.take(&reference.id),
            ComponentKind::Connector | ComponentKind::Extension => None,
        };
        if let Some((id, description)) = found {
            if let Some(description) = description {
                self.check_signal(description, description.signals, reference, signal);
            }
            return Some(id);
        }
        let ends = matches!(kind, ComponentKind::Receiver | ComponentKind::Exporter);
        if ends && let Some(connector) = sections.connectors.lookup(&reference.id) {
            let (id, description) = sections.connectors.take(&reference.id)?;
            let input = kind == ComponentKind::Exporter;
            if let Some(description) = description {
                let signals = if input { description.signals } else { description.emits };
                self.check_signal(description, signals, reference, signal);
            }
            self.connectors.push(ConnectorUse { connector, signal, input, reference: reference.clone() });
            return Some(id);
        }
        if kind == ComponentKind::Receiver
            && let Some(found) = derived::find(sections, reference)
        {
            self.derived.extend(Derived::new(&found, reference, signal, self.problems));
            return Some(found.0);
        }
        dangling(self.sections, self.problems, kind, reference);
        None
    }

    fn check_signal(
        &mut self,
        description: &Description,
        carried: &[Signal],
        reference: &Reference,
        signal: Signal,
    ) {
        if carried.contains(&signal) {
            return;
        }
        let kind = description.kind.name();
        let names: Vec<&str> = carried.iter().map(|signal| signal.name()).collect();
        let message = format!("{kind} `{}` does not carry {}", reference.id, signal.name());
        let help = format!("it carries {}", names.join(", "));
        self.problems.push(Problem::error(&reference.path, Some(reference.span), message).with_help(help));
    }

    /// A connector stands at the end of one pipeline and at the start of another.
    fn check_connectors(&mut self) {
        for found in &self.connectors {
            let Some(entry) = self.sections.connectors.entries.get(found.connector) else { continue };
            // What emits the signals that it takes passes each on as itself.
            let passes =
                entry.description.is_some_and(|description| description.signals == description.emits);
            let paired = self.connectors.iter().any(|other| {
                other.connector == found.connector
                    && other.input != found.input
                    && (!passes || other.signal == found.signal)
            });
            if paired {
                continue;
            }
            let of = if passes { format!(" of {}", found.signal.name()) } else { String::new() };
            let (here, there) = if found.input {
                ("an exporter", format!("no pipeline{of} names it as a receiver: the data would go nowhere"))
            } else {
                ("a receiver", format!("no pipeline{of} names it as an exporter: no data would come"))
            };
            let message = format!("connector `{}` is used as {here} here, but {there}", found.reference.id);
            let problem = Problem::error(&found.reference.path, Some(found.reference.span), message);
            self.problems.push(problem);
        }
    }
}

/// Reports an id that nothing is configured under.
pub(super) fn dangling(
    sections: &Sections,
    problems: &mut Problems,
    kind: ComponentKind,
    reference: &Reference,
) {
    let mut candidates = sections.ids(kind);
    if matches!(kind, ComponentKind::Receiver | ComponentKind::Exporter) {
        candidates.extend(sections.ids(ComponentKind::Connector));
    }
    let receiver = kind == ComponentKind::Receiver;
    if receiver {
        candidates.extend(derived::ids(sections));
    }
    let elsewhere = ComponentKind::ALL
        .into_iter()
        .find(|other| *other != kind && sections.ids(*other).contains(&reference.id.as_str()));
    let no_receiver = receiver.then(|| derived::help(sections, &reference.id)).flatten();
    let help = if let Some(help) = no_receiver {
        help
    } else if let Some(near) = suggest::suggest(&reference.id, candidates) {
        format!("did you mean `{near}`?")
    } else if let Some(other) = elsewhere {
        format!("`{}` is configured under `{}`", reference.id, other.section())
    } else {
        format!("configure it under `{}`, or remove it here", kind.section())
    };
    let message = format!("there is no {} `{}` in this configuration", kind.name(), reference.id);
    problems.push(Problem::error(&reference.path, Some(reference.span), message).with_help(help));
}

/// The ids in a list; as in the Collector, text is a list of its parts between commas.
pub(super) fn references(node: Option<&Node>, path: &str, problems: &mut Problems) -> Vec<Reference> {
    let Some(node) = node else { return Vec::new() };
    match &node.value {
        Value::Null => Vec::new(),
        Value::String(text) => text
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(|id| Reference { id: id.to_owned(), span: node.span, path: path.to_owned() })
            .collect(),
        Value::Seq(items) => {
            let mut found = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}[{index}]");
                match item.as_str().map(str::trim).filter(|id| !id.is_empty()) {
                    Some(id) => found.push(Reference { id: id.to_owned(), span: item.span, path }),
                    None => {
                        let message = format!("expected the id of a component, found {}", item.kind());
                        problems.push(Problem::error(path, Some(item.span), message));
                    }
                }
            }
            found
        }
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Map(_) => {
            let message = format!("expected a list of ids, found {}", node.kind());
            problems.push(Problem::error(path, Some(node.span), message).with_help("write it as [id, id]"));
            Vec::new()
        }
    }
}
