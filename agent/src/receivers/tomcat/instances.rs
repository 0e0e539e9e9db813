//! Which processes are Tomcats, and what is known about each as long as it runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use edgewatch_core::config::ConfigError;
use edgewatch_core::kernel::Paths;
use edgewatch_hotspot::command::{Command, Started};
use edgewatch_hotspot::find::ProcessId;
use edgewatch_proto::encode::Attributes;
use globset::GlobSet;

use super::config::{Config, TomcatAttributes, globs};
use super::files::Files;
use super::logs;
use super::processes::{Changes, Jvms, Newcomer, is_alive};
use super::server_xml;
use super::threads::Connector;
use super::version::{self, Version};
use crate::measuring::identity::{Described, Describer, Identity};
use crate::measuring::report::Report;

/// The class that starts Tomcat.
const MAIN: &str = "org.apache.catalina.startup.Bootstrap";

/// A Tomcat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    /// Its process.
    pub(super) id: ProcessId,
    /// When that started, in nanoseconds since 1970; zero: not known.
    pub(super) started: u64,
    /// Its directory in `/proc`.
    pub(super) process: PathBuf,
    /// Last part of `base`.
    pub(super) name: String,
    /// Who it is, as all who tell of this JVM say it.
    pub(super) identity: Identity,
    /// What else is said of it.
    pub(super) more: Vec<(&'static str, String)>,
    /// `catalina.base` as the process sees it: below it are `conf` and `logs`.
    pub(super) base: PathBuf,
    /// `catalina.home` as the process sees it: below it is what all instances share.
    pub(super) home: PathBuf,
    /// The properties that it was started with. May hold secrets.
    pub(super) properties: Vec<(String, String)>,
    /// Which release it is.
    pub(super) version: Option<Version>,
    /// Its connectors as server.xml has them.
    pub(super) connectors: Vec<Connector>,
    /// Whether the agent may see none of its files.
    pub(super) hidden: bool,
}

impl Instance {
    /// Its root directory, as the agent sees it.
    pub(super) fn root(&self) -> PathBuf {
        self.process.join("root")
    }

    /// `path` of this Tomcat, such as `base`, as the agent sees it.
    pub(super) fn seen(&self, path: &Path) -> PathBuf {
        let inside = path.strip_prefix("/").unwrap_or(path);
        self.root().join(inside)
    }

    /// Whether it runs still.
    pub(super) fn is_alive(&self) -> bool {
        is_alive(&self.process, self.id)
    }

    /// Writes the attributes of its resource.
    pub(super) fn describe(&self, attributes: &mut Attributes<'_>) {
        self.identity.write(attributes);
        for (key, value) in &self.more {
            attributes.string(key, value);
        }
    }
}

/// What a command line says.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Directories<'a> {
    pub(super) base: &'a str,
    pub(super) home: &'a str,
}

/// Whether the words of a command line are that of a Tomcat.
pub(super) fn recognise<'a>(words: &[&'a str]) -> Option<Directories<'a>> {
    let main = words.iter().position(|word| *word == MAIN)?;
    let (options, rest) = words.split_at_checked(main)?;
    // It also serves to end a Tomcat, and to look at its configuration.
    if rest.iter().any(|argument| is_other_task(argument)) {
        return None;
    }
    // The last one counts.
    let property = |name: &str| {
        let mut values =
            options.iter().rev().filter_map(|option| option.strip_prefix("-D")?.strip_prefix(name));
        values.find_map(|value| value.strip_prefix('=')).filter(|value| !value.is_empty())
    };
    directories(property("catalina.base"), property("catalina.home"))
}

/// The same for a JVM whose options stand in a file or in its environment: then its counters tell them.
fn recognise_by_counters(command: &Command) -> Option<Directories<'_>> {
    let main = command.main().rsplit('/').next()?;
    if main != MAIN || command.arguments().split(' ').any(is_other_task) {
        return None;
    }
    directories(command.property("catalina.base"), command.property("catalina.home"))
}

fn is_other_task(argument: &str) -> bool {
    matches!(argument, "stop" | "configtest")
}

fn directories<'a>(base: Option<&'a str>, home: Option<&'a str>) -> Option<Directories<'a>> {
    Some(Directories { base: base.or(home)?, home: home.or(base)? })
}

/// The system properties that `started` tells of: whole words first, and what only counters have.
fn properties(started: &Started) -> Vec<(String, String)> {
    let mut properties: Vec<(String, String)> = Vec::new();
    let end = started.words.iter().position(|word| word == MAIN).unwrap_or(0);
    let words = started.words.iter().take(end).map(String::as_str);
    // The last one counts.
    for option in words.rev().chain(started.command.options().rev()) {
        let Some(stated) = option.strip_prefix("-D") else { continue };
        let (name, value) = stated.split_once('=').unwrap_or((stated, ""));
        if properties.iter().all(|(known, _)| known != name) {
            properties.push((name.to_owned(), value.to_owned()));
        }
    }
    properties
}

/// The Tomcats of a host.
#[derive(Debug)]
pub(super) struct Search {
    proc: PathBuf,
    jvms: Jvms,
    describer: Describer,
    wanted: TomcatAttributes,
    known: BTreeMap<ProcessId, Arc<Instance>>,
    include: GlobSet,
    exclude: GlobSet,
    most: usize,
    pub(super) report: Report,
}

impl Search {
    pub(super) fn new(paths: &Paths, config: &Config, receiver: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            proc: paths.proc.clone(),
            jvms: Jvms::new(paths.proc.clone()),
            describer: Describer::new(&config.resource_attributes, paths),
            wanted: config.tomcat_attributes.clone(),
            known: BTreeMap::new(),
            include: globs("include", &config.include)?,
            exclude: globs("exclude", &config.exclude)?,
            most: config.max_instances,
            report: Report::new(receiver),
        })
    }

    /// Looks again. The Tomcats in the order of their processes, if they are others than before.
    pub(super) fn look(&mut self) -> Option<Arc<[Arc<Instance>]>> {
        self.report.begin("discovery");
        let Changes { gone, came, problems } = self.jvms.look();
        for problem in problems {
            self.report.failed(1, self.proc.display(), problem);
        }
        let mut changed = false;
        for id in gone {
            changed |= self.known.remove(&id).is_some();
        }
        for newcomer in came {
            // It may come again when its counters have moved; it is the same Tomcat.
            if self.known.contains_key(&newcomer.process.id) {
                continue;
            }
            if let Some(instance) = self.examine(&newcomer) {
                self.known.insert(instance.id, Arc::new(instance));
                changed = true;
            }
        }
        if !changed {
            return None;
        }
        if self.known.len() > self.most {
            let fact = format!("{} Tomcats are more than max_instances; raise it", self.known.len());
            self.report.failed(1, "Tomcats beyond max_instances", fact);
        }
        Some(self.known.values().take(self.most).cloned().collect())
    }

    /// What is known of a JVM that is a Tomcat, and of interest.
    fn examine(&mut self, newcomer: &Newcomer) -> Option<Instance> {
        let Self { describer, wanted, include, exclude, report, .. } = self;
        let Newcomer { process, .. } = newcomer;
        let directory = process.root.parent()?;
        let described = describer.read(process, newcomer.counters());
        let Described { started, .. } = &described;
        let words: Vec<&str> = started.words.iter().map(String::as_str).collect();
        let command = recognise(&words).or_else(|| recognise_by_counters(&started.command))?;
        let base = directory_of(command.base, directory)?;
        let home = directory_of(command.home, directory)?;
        let name = base.file_name().map_or("tomcat".into(), OsStr::to_string_lossy).into_owned();
        if (!include.is_empty() && !include.is_match(&name)) || exclude.is_match(&name) {
            return None;
        }
        let properties = properties(started);
        let mut instance = Instance {
            id: process.id,
            started: describer.started(process.id).unwrap_or(0),
            process: directory.to_owned(),
            name,
            identity: describer.identify(process, described, newcomer.counters()),
            more: Vec::new(),
            base,
            home,
            properties,
            version: None,
            connectors: Vec::new(),
            hidden: false,
        };
        instance.read_files(report);
        instance.more = wanted.of(&instance);
        let Instance { id: ProcessId { pid, .. }, name, base, version, .. } = &instance;
        let (base, version) = (base.display(), version.map(|version| version.to_string()));
        tracing::info!(pid, name, %base, version, "a Tomcat is followed");
        Some(instance)
    }
}

impl TomcatAttributes {
    fn of(&self, instance: &Instance) -> Vec<(&'static str, String)> {
        let base = self.base.enabled.then(|| ("tomcat.base", instance.base.to_string_lossy().into_owned()));
        let version = instance.version.filter(|_| self.version.enabled);
        let version = version.map(|version| ("tomcat.version", version.to_string()));
        base.into_iter().chain(version).collect()
    }
}

impl Instance {
    /// What the files of the Tomcat tell.
    fn read_files(&mut self, report: &mut Report) {
        const HELP: &str = "agents that are not root need CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to read the files of a Tomcat";
        let name = self.name.clone();
        let files = Files::new(&self.root());
        if let Err(error) = files.look()
            && error.kind() == ErrorKind::PermissionDenied
        {
            let fact = format!(
                "{error}; {HELP}: its version, its logs and connectors with an address or TLS are not known"
            );
            report.failed(1, format!("the files of {name}"), fact);
            self.hidden = true;
            return;
        }
        match version::find(&files, &self.home) {
            Ok(version) => self.version = version,
            Err(error) => report.failed(1, format!("the version of {name}"), format!("{error}; {HELP}")),
        }
        let properties = logs::properties(&files, &self.base, &self.home, &self.properties);
        match server_xml::connectors(&files, &self.base, &properties) {
            Ok(connectors) => self.connectors = connectors.iter().filter_map(Connector::new).collect(),
            Err(error) => report.failed(1, format!("server.xml of {name}"), format!("{error}; {HELP}")),
        }
    }
}

/// A directory of a command line, as the process sees it.
fn directory_of(written: &str, process: &Path) -> Option<PathBuf> {
    let written = Path::new(written);
    let path = match written.is_absolute() {
        true => written.to_owned(),
        false => fs::read_link(process.join("cwd")).ok()?.join(written),
    };
    // `/opt/tomcat/bin/..` is as common as `/opt/tomcat`.
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(part),
        }
    }
    Some(clean)
}
