//! The five sections of components: every one is looked up and read, whether a pipeline names it or not.

use edgewatch_core::config::{Key, Node, Problem, Problems, Span, join, suggest};
use edgewatch_core::extension::Extension;
use edgewatch_core::factory::{AnyExporter, ComponentKind, Connector, Description, Factory, Prepared};
use edgewatch_core::processor::Processor;
use edgewatch_core::receiver::Receiver;

use super::collector;
use super::components::Components;
use super::id::Id;
use crate::pipeline::Named;

/// One component of the configuration.
pub(super) struct Entry<T> {
    /// As written.
    pub(super) id: String,
    /// The component's own name in place of an alias.
    pub(super) canonical: Id,
    pub(super) span: Span,
    /// Its settings, as written.
    pub(super) node: Node,
    /// `None` for a type that this build does not have; that has been reported.
    pub(super) description: Option<&'static Description>,
    /// `None` when its configuration has errors.
    pub(super) prepared: Option<Prepared<T>>,
    pub(super) used: bool,
}

/// The components of one kind.
pub(super) struct Section<T> {
    pub(super) kind: ComponentKind,
    pub(super) entries: Vec<Entry<T>>,
}

/// All components of the configuration.
pub(super) struct Sections {
    pub(super) receivers: Section<Box<dyn Receiver>>,
    pub(super) processors: Section<Box<dyn Processor>>,
    pub(super) exporters: Section<AnyExporter>,
    pub(super) connectors: Section<Connector>,
    pub(super) extensions: Section<Box<dyn Extension>>,
}

impl Sections {
    pub(super) fn read(root: &Node, components: &Components, problems: &mut Problems) -> Self {
        use ComponentKind as Kind;
        let reader = &mut Reader { root, components, problems };
        let sections = Self {
            receivers: reader.section(Kind::Receiver, &[components.receivers]),
            processors: reader.section(Kind::Processor, &[components.processors]),
            exporters: reader.section(Kind::Exporter, &[components.exporters]),
            connectors: reader.section(Kind::Connector, &[components.connectors, components.routers]),
            extensions: reader.section(Kind::Extension, &[components.extensions]),
        };
        sections.report_ambiguous(problems);
        sections
    }

    /// A pipeline could not tell which of the two it names.
    fn report_ambiguous(&self, problems: &mut Problems) {
        for connector in &self.connectors.entries {
            for (kind, other) in [
                (ComponentKind::Receiver, self.receivers.lookup(&connector.id)),
                (ComponentKind::Exporter, self.exporters.lookup(&connector.id)),
            ] {
                if other.is_some() {
                    let message = format!("there is both a connector and {} `{}`", a(kind), connector.id);
                    let help =
                        format!("rename the connector, for example to `{}/connector`", connector.canonical);
                    let path = join("connectors", &connector.id);
                    problems.push(Problem::error(path, Some(connector.span), message).with_help(help));
                }
            }
        }
    }

    /// Every id of a kind, as written.
    pub(super) fn ids(&self, kind: ComponentKind) -> Vec<&str> {
        match kind {
            ComponentKind::Receiver => self.receivers.ids(),
            ComponentKind::Processor => self.processors.ids(),
            ComponentKind::Exporter => self.exporters.ids(),
            ComponentKind::Connector => self.connectors.ids(),
            ComponentKind::Extension => self.extensions.ids(),
        }
    }

    /// Warns of what is configured and never named.
    pub(super) fn report_unused(&self, problems: &mut Problems) {
        self.receivers.report_unused(problems);
        self.processors.report_unused(problems);
        self.exporters.report_unused(problems);
        self.connectors.report_unused(problems);
        self.extensions.report_unused(problems);
    }
}

impl<T> Section<T> {
    fn ids(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    /// The index of the component that `id` names: as written, or by another spelling of its type.
    pub(super) fn lookup(&self, id: &str) -> Option<usize> {
        if let Some(index) = self.entries.iter().position(|entry| entry.id == id) {
            return Some(index);
        }
        let wanted = Id::parse(id).ok()?;
        self.entries.iter().position(|entry| {
            let answers = entry.description.is_some_and(|description| {
                description.name == wanted.kind || description.aliases.contains(&wanted.kind.as_str())
            });
            answers && entry.canonical.name == wanted.name
        })
    }

    /// Looks a component up and marks it as used; returns its id as configured.
    pub(super) fn take(&mut self, id: &str) -> Option<(String, Option<&'static Description>)> {
        let index = self.lookup(id)?;
        let entry = self.entries.get_mut(index)?;
        entry.used = true;
        Some((entry.id.clone(), entry.description))
    }

    /// What is used and valid, for the plan.
    pub(super) fn into_named(self) -> Vec<Named<T>> {
        self.entries
            .into_iter()
            .filter(|entry| entry.used)
            .filter_map(|entry| Some(Named { id: entry.id, prepared: entry.prepared? }))
            .collect()
    }

    fn report_unused(&self, problems: &mut Problems) {
        for entry in self.entries.iter().filter(|entry| !entry.used && entry.description.is_some()) {
            let message = match self.kind {
                ComponentKind::Extension => "configured, but `service.extensions` does not name it",
                ComponentKind::Receiver
                | ComponentKind::Processor
                | ComponentKind::Exporter
                | ComponentKind::Connector => "configured, but no pipeline names it",
            };
            let path = join(self.kind.section(), &entry.id);
            problems.push(Problem::warning(path, Some(entry.span), message));
        }
    }
}

/// `a receiver`, `an exporter`.
fn a(kind: ComponentKind) -> String {
    let article = if kind.name().starts_with('e') { "an" } else { "a" };
    format!("{article} {}", kind.name())
}

struct Reader<'a> {
    root: &'a Node,
    components: &'a Components,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn section<T>(&mut self, kind: ComponentKind, factories: &[&'static [Factory<T>]]) -> Section<T> {
        let mut section = Section { kind, entries: Vec::new() };
        let Some(node) = self.root.get(kind.section()) else { return section };
        let Some(map) = node.as_map() else {
            if !node.is_null() {
                let message = format!("expected a map of {}s by id, found {}", kind.name(), node.kind());
                self.problems.push(Problem::error(kind.section(), Some(node.span), message));
            }
            return section;
        };
        for (key, node) in map.iter() {
            if let Some(entry) = self.entry(kind, factories, key, node) {
                section.entries.push(entry);
            }
        }
        section
    }

    fn entry<T>(
        &mut self,
        kind: ComponentKind,
        factories: &[&'static [Factory<T>]],
        key: &Key,
        node: &Node,
    ) -> Option<Entry<T>> {
        let path = join(kind.section(), &key.name);
        let mut canonical = match Id::parse(&key.name) {
            Ok(id) => id,
            Err(message) => {
                self.problems.push(Problem::error(path, Some(key.span), message));
                return None;
            }
        };
        let mut factories = factories.iter().copied().flatten();
        let factory = factories.find(|factory| factory.answers_to(&canonical.kind));
        let Some(factory) = factory else {
            self.unknown(kind, &canonical.kind, path, key.span);
            let id = key.name.trim().to_owned();
            return Some(Entry {
                id,
                canonical,
                span: key.span,
                node: node.clone(),
                description: None,
                prepared: None,
                used: false,
            });
        };
        let prepared = factory.prepare(node, &path, self.problems);
        canonical.kind = factory.description.name.to_owned();
        Some(Entry {
            id: key.name.trim().to_owned(),
            canonical,
            span: key.span,
            node: node.clone(),
            description: Some(&factory.description),
            prepared,
            used: false,
        })
    }

    /// A type that this build does not have: given up, missing, in the wrong section, or misspelt.
    fn unknown(&mut self, kind: ComponentKind, name: &str, path: String, span: Span) {
        let unknown = format!("there is no {} `{name}`", kind.name());
        let (message, help) = if let Some(successor) = collector::successor(kind, name) {
            (unknown, Some(successor.to_owned()))
        } else if collector::has(kind, name) {
            let message =
                format!("{} `{name}` is a Collector component which this build does not have", kind.name());
            let named_by = match kind {
                ComponentKind::Extension => "service.extensions",
                ComponentKind::Receiver
                | ComponentKind::Processor
                | ComponentKind::Exporter
                | ComponentKind::Connector => "the pipelines that name it",
            };
            (message, Some(format!("remove it here and from {named_by}")))
        } else if let Some(home) =
            ComponentKind::ALL.into_iter().find(|other| self.components.find(*other, name).is_some())
        {
            (unknown, Some(format!("`{name}` is {}; it belongs under `{}`", a(home), home.section())))
        } else {
            let descriptions = self.components.descriptions(kind);
            let names: Vec<&str> = descriptions
                .iter()
                .flat_map(|found| std::iter::once(found.name).chain(found.aliases.iter().copied()))
                .collect();
            let label = format!("the {}s of this build are", kind.name());
            (unknown, suggest::help(name, &label, &names))
        };
        let mut problem = Problem::error(path, Some(span), message);
        problem.help = help;
        self.problems.push(problem);
    }
}
