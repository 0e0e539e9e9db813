//! The extensions that components name: each must be configured, run, and offer what it is named for.

use edgewatch_core::config::{ConfigError, Problems, join, suggest};
use edgewatch_core::extension::Use;
use edgewatch_core::factory::ComponentKind;

use super::sections::{Section, Sections};

/// Checks what components in use name. Returns each name with the id that the extension has.
pub(super) fn check(
    sections: &Sections,
    running: &[String],
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let mut checker = Checker { sections, running, problems, names: Vec::new() };
    checker.section(&sections.receivers);
    checker.section(&sections.processors);
    checker.section(&sections.exporters);
    checker.section(&sections.connectors);
    checker.section(&sections.extensions);
    checker.names
}

struct Checker<'a> {
    sections: &'a Sections,
    running: &'a [String],
    problems: &'a mut Problems,
    names: Vec<(String, String)>,
}

impl Checker<'_> {
    fn section<T>(&mut self, section: &Section<T>) {
        for entry in section.entries.iter().filter(|entry| entry.used) {
            let uses = entry.prepared.as_ref().map(|prepared| prepared.uses()).unwrap_or_default();
            for used in uses {
                match self.resolve(used) {
                    Ok(id) => self.names.push((used.extension.clone(), id)),
                    Err(error) => {
                        let path = join(section.kind.section(), &entry.id);
                        self.problems.push_invalid(&entry.node, &path, error);
                    }
                }
            }
        }
    }

    /// The id of the extension that is used.
    fn resolve(&self, used: &Use) -> Result<String, ConfigError> {
        let Use { key, extension, service } = used;
        let extensions = &self.sections.extensions;
        let found = extensions.lookup(extension).and_then(|index| extensions.entries.get(index));
        let Some(entry) = found else {
            let ids = self.sections.ids(ComponentKind::Extension);
            let help = match suggest::suggest(extension, ids) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "configure it under `extensions` and name it in `service.extensions`".to_owned(),
            };
            let message = format!("there is no extension `{extension}` in this configuration");
            return Err(ConfigError::new(key, message).with_help(help));
        };
        if entry.description.is_some_and(|description| !description.offers.contains(service)) {
            let message = format!("`{extension}` is not an extension that {}", service.describe());
            return Err(ConfigError::new(key, message));
        }
        if !self.running.contains(&entry.id) {
            let message = format!("extension `{extension}` is configured but does not run");
            return Err(ConfigError::new(key, message).with_help("name it in `service.extensions`"));
        }
        Ok(entry.id.clone())
    }
}
