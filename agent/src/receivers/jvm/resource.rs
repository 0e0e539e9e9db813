//! Which JVMs are of interest, and who they are.

use edgewatch_core::config::ConfigError;
use edgewatch_core::kernel::Paths;
use edgewatch_hotspot::counters::Layout;
use edgewatch_hotspot::find::Process;
use globset::{Glob, GlobSet, GlobSetBuilder};

use super::config::{Config, Selection};
use crate::measuring::identity;
pub(super) use crate::measuring::identity::{Identity, ResourceAttributes};

/// Describes JVMs.
pub(super) struct Describer {
    include: Option<Globs>,
    exclude: Option<Globs>,
    describer: identity::Describer,
}

impl Describer {
    /// Describes JVMs of the host of `paths` as `config` wants it.
    pub(super) fn new(config: &Config, paths: &Paths) -> Result<Self, ConfigError> {
        Ok(Self {
            include: Globs::new("include", &config.include)?,
            exclude: Globs::new("exclude", &config.exclude)?,
            describer: identity::Describer::new(&config.resource_attributes, paths),
        })
    }

    /// Who `process` is, or `None` when it is not of interest. `counters` are its block, if it can be read.
    pub(super) fn describe(
        &mut self,
        process: &Process,
        counters: Option<(&Layout, &[u8])>,
    ) -> Option<Identity> {
        let described = self.describer.read(process, counters);
        let facts = Facts {
            name: &described.name,
            user: described.user.as_deref(),
            uid: process.uid,
            container: process.container.as_deref(),
            instrumented: described.started.command.has_otel_agent(),
        };
        if self.include.as_ref().is_some_and(|globs| !globs.describe(&facts))
            || self.exclude.as_ref().is_some_and(|globs| globs.describe(&facts))
        {
            return None;
        }
        Some(self.describer.identify(process, described, counters))
    }
}

/// What JVMs are selected by.
struct Facts<'a> {
    name: &'a str,
    user: Option<&'a str>,
    uid: u32,
    container: Option<&'a str>,
    instrumented: bool,
}

/// A selection, ready for use.
struct Globs {
    names: GlobSet,
    users: GlobSet,
    containers: GlobSet,
    instrumented: bool,
}

impl Globs {
    /// `None`: nothing was written.
    fn new(key: &str, selection: &Selection) -> Result<Option<Self>, ConfigError> {
        let Selection { names, users, containers, instrumented } = selection;
        if !instrumented && [names, users, containers].iter().all(|list| list.is_empty()) {
            return Ok(None);
        }
        let set = |list: &str, globs: &[String]| globset(&format!("{key}.{list}"), globs);
        Ok(Some(Self {
            names: set("names", names)?,
            users: set("users", users)?,
            containers: set("containers", containers)?,
            instrumented: *instrumented,
        }))
    }

    /// Whether one of the lists describes a JVM.
    fn describe(&self, facts: &Facts<'_>) -> bool {
        self.names.is_match(facts.name)
            || facts.user.is_some_and(|user| self.users.is_match(user))
            || self.users.is_match(facts.uid.to_string())
            || facts.container.is_some_and(|container| self.containers.is_match(container))
            || (self.instrumented && facts.instrumented)
    }
}

fn globset(key: &str, globs: &[String]) -> Result<GlobSet, ConfigError> {
    let wrong = |index: usize, error: &globset::Error| {
        ConfigError::new(format!("{key}.{index}"), format!("is not a glob: {}", error.kind()))
    };
    let mut set = GlobSetBuilder::new();
    for (index, glob) in globs.iter().enumerate() {
        set.add(Glob::new(glob).map_err(|error| wrong(index, &error))?);
    }
    set.build().map_err(|error| wrong(0, &error))
}

impl Selection {
    /// Checks the globs.
    pub(super) fn check(&self, key: &str) -> Result<(), ConfigError> {
        Globs::new(key, self).map(drop)
    }
}
