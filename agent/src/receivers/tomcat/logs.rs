//! Which files a Tomcat writes, and what stands in them: from its configuration, or, where that does not say, from what it has open.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::access::{Format, Release};
use super::dates::format;
use super::dates::zone::{self, Signs};
use super::files::Files;
use super::juli::Layout;
use super::logging::{Logging, Written};
use super::properties::Properties;
use super::server_xml::{self, Container, Kind, Valve};

/// Largest file of properties that is read.
const LARGEST: u64 = 256 * 1024;

/// A Tomcat, as far as its logs need it.
#[derive(Clone, Debug)]
pub(super) struct Tomcat<'t> {
    /// `/proc/<pid>/root`.
    pub(super) root: &'t Path,
    /// `catalina.base`, as the process sees it.
    pub(super) base: &'t Path,
    /// `catalina.home`, as the process sees it.
    pub(super) home: &'t Path,
    /// The properties of its command line (`-Dname=value`).
    pub(super) properties: &'t [(String, String)],
    /// Its environment variable `TZ`.
    pub(super) tz: Option<&'t str>,
    /// Its version; none: not known, taken for a recent one.
    pub(super) release: Option<Release>,
    /// The files that it has open, as it sees them.
    pub(super) open: &'t [PathBuf],
}

/// An access log.
#[derive(Clone, Debug)]
pub(super) struct AccessLog {
    /// The glob of its files, as the process sees them.
    pub(super) glob: String,
    pub(super) format: Format,
    /// Whether its lines are counted: each request stands in one such log, however many there are.
    pub(super) counts: bool,
}

/// A log of the server.
#[derive(Clone, Debug)]
pub(super) struct ServerLog {
    /// The glob of its files, as the process sees them.
    pub(super) glob: String,
    pub(super) layout: Layout,
}

/// What a Tomcat writes.
#[derive(Clone, Debug)]
pub(super) struct Logs {
    pub(super) access: Vec<AccessLog>,
    pub(super) server: Vec<ServerLog>,
    /// Where its local times are local.
    pub(super) zone: TimeZone,
    /// The scheme of all requests, if there is but one.
    pub(super) scheme: Option<String>,
    /// What could not be read, and what is assumed instead.
    pub(super) problems: Vec<String>,
}

/// Reads the configuration of `tomcat`.
pub(super) fn find(tomcat: &Tomcat<'_>) -> Logs {
    let files = Files::new(tomcat.root);
    let properties = properties(&files, tomcat.base, tomcat.home, tomcat.properties);
    let mut configuration = server_xml::read(&files, tomcat.base, &properties);
    let mut problems = std::mem::take(&mut configuration.problems);
    let signs = Signs { property: properties.get("user.timezone"), variable: tomcat.tz };
    let zone = zone::find(&files, signs).unwrap_or_else(|problem| {
        problems.push(format!("{problem}; its local times are read as UTC"));
        TimeZone::UTC
    });
    let release = tomcat.release.unwrap_or(Release { major: 10, minor: 1 });
    let mut access = Vec::new();
    let counting = counting(&configuration.valves, release);
    for (valve, counts) in configuration.valves.iter().zip(counting) {
        for glob in globs(tomcat, valve) {
            if access.iter().all(|known: &AccessLog| known.glob != glob) {
                let format = format_of(valve, release);
                access.push(AccessLog { glob, format, counts });
            }
        }
    }
    let logging = logging(tomcat, &files, &properties);
    let server = server_logs(tomcat, &logging);
    let scheme = configuration.scheme().map(str::to_owned);
    Logs { access, server, zone, scheme, problems }
}

/// What `${name}` may stand for: properties of the command line, then those of `conf/catalina.properties`.
pub(super) fn properties(files: &Files, base: &Path, home: &Path, stated: &[(String, String)]) -> Properties {
    let mut properties = Properties::default();
    for (name, value) in stated {
        properties.set(name.clone(), value.clone());
    }
    for (name, path) in [("catalina.base", base), ("catalina.home", home)] {
        properties.set(name.to_owned(), path.display().to_string());
    }
    if let Ok(bytes) = files.read(&base.join("conf/catalina.properties"), LARGEST) {
        properties.add(&Properties::parse(&String::from_utf8_lossy(&bytes)));
    }
    properties
}

fn logging(tomcat: &Tomcat<'_>, files: &Files, properties: &Properties) -> Logging {
    let stated = properties.get("java.util.logging.config.file").map(PathBuf::from);
    let path = stated.unwrap_or_else(|| tomcat.base.join("conf/logging.properties"));
    match files.read(&tomcat.base.join(path), LARGEST) {
        Ok(bytes) => Logging::parse(&String::from_utf8_lossy(&bytes), properties),
        Err(_) => Logging::usual(),
    }
}

/// The files of JULI; the console only when nothing of what it says is in them.
fn server_logs(tomcat: &Tomcat<'_>, logging: &Logging) -> Vec<ServerLog> {
    let time_format = logging.time_format.as_deref();
    let mut logs: Vec<ServerLog> = Vec::new();
    for Written { directory, prefix, suffix, rotatable } in &logging.files {
        let date = if *rotatable { dated("yyyy-MM-dd") } else { String::new() };
        let glob = glob(tomcat, directory, prefix, &date, suffix);
        if logs.iter().all(|known| known.glob != glob) {
            logs.push(ServerLog { glob, layout: Layout::file(time_format) });
        }
    }
    if !logging.has_root_file {
        let console =
            tomcat.open.iter().find(|path| path.file_name().is_some_and(|name| name == "catalina.out"));
        if let Some(path) = console {
            let glob = globset::escape(&path.display().to_string());
            logs.push(ServerLog { glob, layout: Layout::console(time_format) });
        }
    }
    logs
}

fn format_of(valve: &Valve, release: Release) -> Format {
    match valve.kind {
        Kind::Pattern => Format::pattern(&valve.pattern, release),
        Kind::Extended => Format::extended(&valve.pattern),
        Kind::Json => Format::json(&valve.pattern, release),
    }
}

/// The globs of the files of a valve. Where the configuration could not be read, open files help.
fn globs(tomcat: &Tomcat<'_>, valve: &Valve) -> Vec<String> {
    let date =
        if valve.rotatable && !valve.rename_on_rotate { dated(&valve.date_format) } else { String::new() };
    let glob = glob(tomcat, &valve.directory, &valve.prefix, &date, &valve.suffix);
    if *valve != Valve::usual() {
        return vec![glob];
    }
    let name = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(&valve.prefix) && name.ends_with(&valve.suffix)
    };
    let elsewhere = tomcat.open.iter().filter(name).filter_map(|path| path.parent());
    let mut globs = vec![glob];
    for folder in elsewhere {
        let glob = self::glob(tomcat, &folder.display().to_string(), &valve.prefix, &date, &valve.suffix);
        if !globs.contains(&glob) {
            globs.push(glob);
        }
    }
    globs
}

fn glob(tomcat: &Tomcat<'_>, directory: &str, prefix: &str, date: &str, suffix: &str) -> String {
    let directory = tomcat.base.join(directory).display().to_string();
    let escaped = globset::escape(directory.trim_end_matches('/'));
    format!("{escaped}/{}{date}{}", globset::escape(prefix), globset::escape(suffix))
}

fn dated(pattern: &str) -> String {
    format::Format::compile(pattern).map_or_else(|| "*".to_owned(), |format| format.glob())
}

/// Which valves are counted. A valve sees the requests of its container and of those inside: the outermost one counts, and of several
/// in one container the one that leaves nothing out and knows durations.
fn counting(valves: &[Valve], release: Release) -> Vec<bool> {
    let worth = |valve: &Valve| (!valve.conditional, format_of(valve, release).has_duration());
    let is_best = |at: usize, valve: &Valve| {
        valves.iter().enumerate().all(|(other_at, other)| {
            let same = other.container == valve.container && other_at != at;
            !same || worth(valve) > worth(other) || (worth(valve) == worth(other) && at < other_at)
        })
    };
    let rank = |valve: &Valve| match valve.container {
        Container::Engine => 0,
        Container::Host(_) => 1,
        Container::Context(_) => 2,
    };
    let outermost = valves.iter().map(rank).min();
    valves
        .iter()
        .enumerate()
        .map(|(at, valve)| Some(rank(valve)) == outermost && is_best(at, valve))
        .collect()
}
