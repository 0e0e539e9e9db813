//! `conf/server.xml` and the contexts of web applications: which valves write access logs, and which connectors there are.
//!
//! The files are those of an application server, not of the agent: their size, the number of their elements and what their entities
//! become are bounded, and entities lead to files of the same process only.

use std::path::{Path, PathBuf};

use roxmltree::{Document, Node, ParsingOptions};

use super::files::Files;
use super::properties::Properties;

/// Largest file that is read.
const LARGEST: u64 = 1 << 20;

/// Elements, attributes and texts of a document at most.
const MOST_NODES: u32 = 100_000;

/// Files that a document may include.
const MOST_INCLUDED: usize = 16;

/// Web applications whose own context is read.
const MOST_CONTEXTS: usize = 200;

/// What a valve is part of: it sees the requests of that alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Container {
    Engine,
    /// A virtual host.
    Host(String),
    /// A web application of a virtual host.
    Context(String),
}

/// How a valve writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Pattern,
    Extended,
    Json,
}

/// A valve that writes an access log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Valve {
    pub(super) kind: Kind,
    pub(super) container: Container,
    pub(super) directory: String,
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) date_format: String,
    pub(super) rotatable: bool,
    pub(super) rename_on_rotate: bool,
    pub(super) pattern: String,
    /// Whether lines wait in a buffer, for about ten seconds.
    pub(super) buffered: bool,
    /// Character set of the file; empty: that of the JVM.
    pub(super) encoding: Option<String>,
    /// Language of times in formats of their own.
    pub(super) locale: Option<String>,
    /// Whether some requests are not logged.
    pub(super) conditional: bool,
}

impl Valve {
    /// What Tomcat's own `server.xml` has.
    pub(super) fn usual() -> Self {
        Self {
            kind: Kind::Pattern,
            container: Container::Host("localhost".to_owned()),
            directory: "logs".to_owned(),
            prefix: "localhost_access_log".to_owned(),
            suffix: ".txt".to_owned(),
            date_format: ".yyyy-MM-dd".to_owned(),
            rotatable: true,
            rename_on_rotate: false,
            pattern: "common".to_owned(),
            buffered: true,
            encoding: None,
            locale: None,
            conditional: false,
        }
    }
}

/// A connector.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Connector {
    pub(super) port: Option<u16>,
    pub(super) protocol: String,
    /// Where it listens, when that is not everywhere.
    pub(super) address: Option<String>,
    /// Whether it speaks TLS itself.
    pub(super) encrypted: bool,
    /// The scheme of the addresses of its requests.
    pub(super) scheme: String,
}

/// What the files say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Server {
    pub(super) valves: Vec<Valve>,
    pub(super) connectors: Vec<Connector>,
    /// Virtual hosts: their names, and where their applications are.
    pub(super) hosts: Vec<(String, String)>,
    /// What stands in front of Tomcat tells the scheme of requests.
    pub(super) behind_proxy: bool,
    /// What could not be read, and what is assumed instead.
    pub(super) problems: Vec<String>,
}

impl Server {
    /// The scheme of every request, when there is but one.
    pub(super) fn scheme(&self) -> Option<&str> {
        let mut web = self.connectors.iter().filter(|connector| !connector.protocol.contains("AJP"));
        let first = web.next()?.scheme.as_str();
        let ajp = self.connectors.iter().any(|connector| connector.protocol.contains("AJP"));
        (!self.behind_proxy && !ajp && web.all(|other| other.scheme == first)).then_some(first)
    }
}

/// Reads the files of the Tomcat with this `catalina.base`. `properties` are those of the JVM and of `catalina.properties`.
pub(super) fn read(files: &Files, base: &Path, properties: &Properties) -> Server {
    let mut server = Server::default();
    let path = base.join("conf/server.xml");
    if let Err(error) = add(files, &path, properties, &mut server, &Container::Engine) {
        server.problems.push(format!(
            "{}: {error}; its access log is looked for where it usually is, in the format `common`",
            path.display()
        ));
        server.valves.push(Valve::usual());
        return server;
    }
    let hosts = server.hosts.clone();
    for (host, application_base) in &hosts {
        for path in contexts(files, base, host, application_base) {
            let container = Container::Context(path.display().to_string());
            // Most applications have none.
            match add(files, &path, properties, &mut server, &container) {
                Err(Problem::Missing(_)) | Ok(()) => {}
                Err(problem) => server.problems.push(format!("{}: {problem}", path.display())),
            }
        }
    }
    server
}

/// The connectors of the Tomcat with this `catalina.base`.
pub(super) fn connectors(
    files: &Files,
    base: &Path,
    properties: &Properties,
) -> Result<Vec<Connector>, Problem> {
    let mut server = Server::default();
    add(files, &base.join("conf/server.xml"), properties, &mut server, &Container::Engine)?;
    Ok(server.connectors)
}

/// Where contexts of applications may be described.
fn contexts(files: &Files, base: &Path, host: &str, application_base: &str) -> Vec<PathBuf> {
    let mut paths = vec![base.join("conf/context.xml")];
    let described = base.join("conf/Catalina").join(host);
    for name in files.names(&described, MOST_CONTEXTS) {
        if name.ends_with(".xml") {
            paths.push(described.join(name));
        }
    }
    let applications = base.join(application_base);
    for name in files.names(&applications, MOST_CONTEXTS) {
        paths.push(applications.join(name).join("META-INF/context.xml"));
    }
    paths
}

/// Why a document says nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("{0}")]
    Missing(std::io::Error),
    #[error("{0}")]
    Unreadable(std::io::Error),
    #[error("not well-formed: {0}")]
    Malformed(roxmltree::Error),
}

fn load(files: &Files, path: &Path) -> Result<String, Problem> {
    let bytes = files.read(path, LARGEST).map_err(|error| {
        use std::io::ErrorKind::{NotADirectory, NotFound};
        if matches!(error.kind(), NotFound | NotADirectory) {
            Problem::Missing(error)
        } else {
            Problem::Unreadable(error)
        }
    })?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        // Latin-1, as a rule; what matters is ASCII.
        Err(error) => error.into_bytes().iter().map(|byte| char::from(*byte)).collect(),
    })
}

fn add(
    files: &Files,
    path: &Path,
    properties: &Properties,
    server: &mut Server,
    outermost: &Container,
) -> Result<(), Problem> {
    let text = load(files, path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    let included: Vec<(String, String)> = entities(&text)
        .into_iter()
        .filter_map(|uri| {
            let file = uri.strip_prefix("file:").unwrap_or(&uri);
            let content = load(files, &folder.join(file)).ok()?;
            Some((uri, content))
        })
        .collect();
    parse(&text, &included, properties, server, outermost).map_err(Problem::Malformed)
}

/// Adds what a document says to `server`; `included` has the contents of the files that it names.
pub(super) fn parse(
    text: &str,
    included: &[(String, String)],
    properties: &Properties,
    server: &mut Server,
    outermost: &Container,
) -> Result<(), roxmltree::Error> {
    let resolve = |_: Option<&str>, uri: &str| {
        let known = included.iter().find(|(name, _)| name == uri);
        Ok(known.map(|(_, content)| content.as_str()))
    };
    let options =
        ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, entity_resolver: Some(&resolve) };
    let document = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options)?;
    for node in document.descendants().filter(Node::is_element) {
        let attribute = |name: &str| node.attribute(name).map(|value| properties.fill(value));
        match node.tag_name().name() {
            "Connector" => server.connectors.push(connector(&attribute)),
            "Host" => server.hosts.push((
                attribute("name").unwrap_or_else(|| "localhost".to_owned()),
                attribute("appBase").unwrap_or_else(|| "webapps".to_owned()),
            )),
            "Valve" => {
                let class = attribute("className").unwrap_or_default();
                if class.ends_with(".RemoteIpValve") {
                    server.behind_proxy = true;
                }
                let kind = match class.rsplit('.').next() {
                    Some("AccessLogValve" | "FastCommonAccessLogValve") => Kind::Pattern,
                    Some("ExtendedAccessLogValve") => Kind::Extended,
                    Some("JsonAccessLogValve") => Kind::Json,
                    _ => continue,
                };
                if attribute("enabled").is_none_or(|enabled| enabled != "false") {
                    let container = container(node, outermost);
                    server.valves.push(valve(kind, container, &attribute));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The files that a document's own type declares as entities.
fn entities(text: &str) -> Vec<String> {
    let Some((_, declarations)) = text.split_once("<!DOCTYPE") else { return Vec::new() };
    let uris = declarations.split("<!ENTITY").skip(1).filter_map(|declaration| {
        let (_, rest) = declaration.split_once("SYSTEM")?;
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.get(1..)?.split(quote).next().map(str::to_owned)
    });
    uris.take(MOST_INCLUDED).collect()
}

fn container(valve: Node<'_, '_>, outermost: &Container) -> Container {
    let within = valve.ancestors().find_map(|node| {
        let name = |key| node.attribute(key).unwrap_or_default().to_owned();
        match node.tag_name().name() {
            "Context" if *outermost == Container::Engine => Some(Container::Context(name("path"))),
            "Host" => Some(Container::Host(name("name"))),
            "Engine" => Some(Container::Engine),
            _ => None,
        }
    });
    within.unwrap_or_else(|| outermost.clone())
}

fn connector(attribute: &dyn Fn(&str) -> Option<String>) -> Connector {
    let is = |name: &str| attribute(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let encrypted = is("SSLEnabled");
    let secure = encrypted || is("secure");
    let scheme = attribute("scheme").unwrap_or_else(|| if secure { "https" } else { "http" }.to_owned());
    Connector {
        port: attribute("port").and_then(|port| port.trim().parse().ok()),
        protocol: attribute("protocol").unwrap_or_else(|| "HTTP/1.1".to_owned()),
        address: attribute("address"),
        encrypted,
        scheme,
    }
}

fn valve(kind: Kind, container: Container, attribute: &dyn Fn(&str) -> Option<String>) -> Valve {
    let is_not = |name: &str| attribute(name).is_none_or(|value| !value.eq_ignore_ascii_case("false"));
    let conditional =
        ["condition", "conditionIf", "conditionUnless"].iter().any(|name| attribute(name).is_some());
    Valve {
        kind,
        container,
        directory: attribute("directory").unwrap_or_else(|| "logs".to_owned()),
        prefix: attribute("prefix").unwrap_or_else(|| "access_log".to_owned()),
        suffix: attribute("suffix").unwrap_or_default(),
        date_format: attribute("fileDateFormat").unwrap_or_else(|| ".yyyy-MM-dd".to_owned()),
        rotatable: is_not("rotatable"),
        rename_on_rotate: attribute("renameOnRotate").is_some_and(|value| value.eq_ignore_ascii_case("true")),
        pattern: attribute("pattern").unwrap_or_else(|| "common".to_owned()),
        buffered: is_not("buffered"),
        encoding: attribute("encoding"),
        locale: attribute("locale"),
        conditional,
    }
}
