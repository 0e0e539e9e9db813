//! Which processes are Tomcats, and what is known about each as long as it runs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use edgewatch_core::kernel::{Paths, pairs, read_file, text};
use edgewatch_hotspot::command::{Command, environment_name};
use edgewatch_hotspot::find::ProcessId;
use edgewatch_proto::encode::Attributes;
use globset::GlobSet;

use super::files::Files;
use super::processes::Processes;
use super::threads::{Connector, connectors};
use super::version::{self, Version};
use crate::measuring::report::Report;

/// The class that starts Tomcat.
const MAIN: &[u8] = b"org.apache.catalina.startup.Bootstrap";

/// Longest server.xml that is read.
const LONGEST_SERVER_XML: u64 = 4 << 20;

/// A Tomcat.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Instance {
    /// Its process.
    pub(super) id: ProcessId,
    /// When that started, in nanoseconds since 1970; zero: not known.
    pub(super) started: u64,
    /// Its directory in `/proc`.
    pub(super) process: PathBuf,
    /// Last part of `base`.
    pub(super) name: String,
    /// What the receiver `jvm` calls it.
    pub(super) service: String,
    /// `catalina.base` as the process sees it: below it are `conf` and `logs`.
    pub(super) base: PathBuf,
    /// `catalina.home` as the process sees it: below it is what all instances share.
    pub(super) home: PathBuf,
    /// Which release it is.
    pub(super) version: Option<Version>,
    /// The container it runs in.
    pub(super) container: Option<String>,
    /// Its connectors as server.xml has them.
    pub(super) connectors: Vec<Connector>,
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

    /// Writes the attributes of its resource.
    pub(super) fn describe(&self, attributes: &mut Attributes<'_>) {
        attributes.string("service.name", &self.service);
        attributes.int("process.pid", i64::from(self.id.pid));
        if let Some(container) = &self.container {
            attributes.string("container.id", container);
        }
        attributes.string("tomcat.base", &self.base.to_string_lossy());
        if let Some(version) = self.version {
            attributes.string("tomcat.version", &version.to_string());
        }
    }
}

/// What a command line says.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Directories<'a> {
    pub(super) base: &'a [u8],
    pub(super) home: &'a [u8],
}

/// Whether the command line is that of a Tomcat.
pub(super) fn recognise<'a>(arguments: &[&'a [u8]]) -> Option<Directories<'a>> {
    let main = arguments.iter().position(|argument| *argument == MAIN)?;
    let (options, rest) = arguments.split_at_checked(main)?;
    // It also serves to end a Tomcat, and to look at its configuration.
    if rest.iter().any(|argument| matches!(*argument, b"stop" | b"configtest")) {
        return None;
    }
    // The last one counts.
    let property = |name: &[u8]| {
        let mut values =
            options.iter().rev().filter_map(|option| option.strip_prefix(b"-D")?.strip_prefix(name));
        values.find_map(|value| value.strip_prefix(b"=")).filter(|value| !value.is_empty())
    };
    let (base, home) = (property(b"catalina.base"), property(b"catalina.home"));
    Some(Directories { base: base.or(home)?, home: home.or(base)? })
}

/// The Tomcats of a host.
#[derive(Debug)]
pub(super) struct Search {
    paths: Paths,
    processes: Processes<Option<Arc<Instance>>>,
    include: GlobSet,
    exclude: GlobSet,
    most: usize,
    boot: Option<u64>,
    ticks: u64,
    pub(super) report: Report,
}

impl Search {
    pub(super) fn new(paths: Paths, include: GlobSet, exclude: GlobSet, most: usize, receiver: &str) -> Self {
        Self {
            processes: Processes::new(paths.proc.clone()),
            paths,
            include,
            exclude,
            most,
            boot: None,
            ticks: rustix::param::clock_ticks_per_second().max(1),
            report: Report::new(receiver),
        }
    }

    /// Looks again. The Tomcats in the order of their processes, if they are others than before.
    pub(super) fn look(&mut self) -> Option<Arc<[Arc<Instance>]>> {
        let Self { paths, processes, include, exclude, most, boot, ticks, report } = self;
        report.begin("discovery");
        *boot = boot.or_else(|| boot_time(&paths.proc));
        let look = processes.look(|id, directory, arguments| {
            let command = recognise(arguments)?;
            let base = directory_of(command.base, directory)?;
            let home = directory_of(command.home, directory)?;
            let name = base.file_name().map_or("tomcat".into(), OsStr::to_string_lossy).into_owned();
            if (!include.is_empty() && !include.is_match(&name)) || exclude.is_match(&name) {
                // Remembered, so that it is not looked at again.
                return Some(None);
            }
            let started = boot.map_or(0, |boot| boot + since_boot(id.start, *ticks));
            let cgroup = fs::read(directory.join("cgroup")).unwrap_or_default();
            let mut instance = Instance {
                id,
                started,
                process: directory.to_owned(),
                name,
                service: service_name(directory),
                base,
                home,
                version: None,
                container: container(&cgroup),
                connectors: Vec::new(),
            };
            instance.read_files(report);
            Some(Some(Arc::new(instance)))
        });
        match look {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => {
                report.failed(1, paths.proc.display(), error);
                return None;
            }
        }
        let mut instances: Vec<Arc<Instance>> = processes.iter().flatten().cloned().collect();
        instances.sort_unstable_by_key(|instance| instance.id);
        if instances.len() > *most {
            let fact = format!("{} Tomcats are more than max_instances; raise it", instances.len());
            report.failed(1, "Tomcats beyond max_instances", fact);
            instances.truncate(*most);
        }
        Some(instances.into())
    }
}

impl Instance {
    /// What the files of the Tomcat tell.
    fn read_files(&mut self, report: &mut Report) {
        const HELP: &str = "agents that are not root need CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to read the files of a Tomcat";
        let name = self.name.clone();
        let files = Files::new(&self.root());
        match version::find(&files, &self.home) {
            Ok(version) => self.version = version,
            Err(error) => report.failed(1, format!("the version of {name}"), format!("{error}; {HELP}")),
        }
        match files.read(&self.base.join("conf/server.xml"), LONGEST_SERVER_XML) {
            Ok(server_xml) => self.connectors = connectors(&text(&server_xml)),
            Err(error) => report.failed(1, format!("server.xml of {name}"), format!("{error}; {HELP}")),
        }
    }
}

/// What the service is called, as for all JVMs: by who started it, or after its directory.
fn service_name(process: &Path) -> String {
    let given = fs::read(process.join("environ")).ok().and_then(|environment| environment_name(&environment));
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let name = match Command::of_words(&line).service_name() {
        Some(name) if name.given => Some(name),
        name => given.or(name),
    };
    name.map_or_else(|| "tomcat".to_owned(), |name| name.name)
}

/// A directory of a command line, as the process sees it.
fn directory_of(written: &[u8], process: &Path) -> Option<PathBuf> {
    let written = Path::new(OsStr::from_bytes(written));
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

/// The container that a control group names: 64 hexadecimal digits.
fn container(cgroup: &[u8]) -> Option<String> {
    let mut runs = cgroup.split(|byte| !byte.is_ascii_hexdigit());
    runs.find(|run| run.len() == 64).map(|id| text(id).into_owned())
}

/// When the host started, in nanoseconds since 1970.
fn boot_time(proc: &Path) -> Option<u64> {
    let mut buffer = Vec::new();
    let stat = read_file(&proc.join("stat"), &mut buffer).ok()?;
    let (_, seconds) = pairs(stat).find(|(key, _)| *key == b"btime")?;
    seconds.checked_mul(1_000_000_000)
}

fn since_boot(start: u64, ticks: u64) -> u64 {
    u64::try_from(u128::from(start) * 1_000_000_000 / u128::from(ticks)).unwrap_or(0)
}
