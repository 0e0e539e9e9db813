//! Counts the threads of connectors by their names, which needs no access to the Tomcat.
//!
//! The kernel keeps 15 bytes of a thread's name: `http-nio-8080-exec-1` is `http-nio-8080-e`, `http-nio-18080-exec-1` is `http-nio-18080-`, and with
//! TLS or an address even the port is cut off. Names that are cut are completed from the connectors in server.xml where only one fits.
//! What cannot be told is left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use edgewatch_core::kernel::read_file;

use super::reading::Pool;
use super::server_xml;
use super::version::Version;

/// How much of a name there is.
const LONGEST: usize = 15;

/// Most threads of one process that are looked at.
const MOST_THREADS: usize = 20_000;

/// First releases in which a connector of the kind `nio` has, beside its workers, one poller and one acceptor and nothing else.
const TWO_HELPERS: Version = Version { major: 9, minor: 0, patch: 50 };

/// A connector, as far as its port is a number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Connector {
    /// Where it listens.
    pub(super) port: u16,
    /// The names that its threads may begin with.
    names: Vec<String>,
}

impl Connector {
    /// What `connector` of a server.xml is here; `None` for one whose port the system chooses.
    pub(super) fn new(connector: &server_xml::Connector) -> Option<Self> {
        let server_xml::Connector { port, protocol, address, encrypted, scheme: _ } = connector;
        let port = port.filter(|port| *port != 0)?;
        let is_ajp = protocol.contains("AJP") || protocol.contains("Ajp");
        let kind = match protocol {
            protocol if protocol.contains("Nio2") => "nio2",
            protocol if protocol.contains("Apr") => "apr",
            _ => "nio",
        };
        let schemes: &[&str] = match encrypted {
            _ if is_ajp => &["ajp"],
            true => &["https-jsse", "https-openssl", "https"],
            false => &["http"],
        };
        let address = address.as_deref().or(is_ajp.then_some("127.0.0.1")).map(|address| match address {
            // By its number.
            "localhost" => "-127.0.0.1".to_owned(),
            address => format!("-{address}"),
        });
        let address = address.unwrap_or_default();
        let names = schemes.iter().map(|scheme| format!("{scheme}-{kind}{address}-{port}")).collect();
        Some(Self { port, names })
    }

    /// The one name that begins with `cut`.
    fn completes(&self, cut: &str) -> Option<&str> {
        self.names.iter().map(String::as_str).find(|name| name.starts_with(cut))
    }
}

/// The pools of the process whose directory in `/proc` is `process`.
///
/// # Errors
///
/// What the system said.
pub(super) fn pools(
    process: &Path,
    connectors: &[Connector],
    version: Option<Version>,
) -> std::io::Result<Vec<Pool>> {
    let mut counts = Counts::default();
    let mut buffer = Vec::new();
    let mut path = process.join("task");
    for entry in fs::read_dir(&path)?.take(MOST_THREADS) {
        path.push(entry?.file_name());
        path.push("comm");
        // Threads may end while they are being listed.
        if let Ok(name) = read_file(&path, &mut buffer) {
            counts.add(name.strip_suffix(b"\n").unwrap_or(name));
        }
        path.pop();
        path.pop();
    }
    Ok(counts.pools(connectors, version))
}

/// Threads by the beginning of their names.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<String, Found>);

#[derive(Debug, Default)]
struct Found {
    /// Those that are workers for certain.
    workers: u64,
    /// Those that may be workers, pollers or acceptors.
    unknown: u64,
    /// Whether the port is whole.
    whole: bool,
}

impl Counts {
    /// Takes note of a thread.
    pub(super) fn add(&mut self, name: &[u8]) {
        let Some(thread) = std::str::from_utf8(name).ok().and_then(Thread::of) else { return };
        let Self(found) = self;
        if !found.contains_key(thread.pool) {
            found.insert(thread.pool.to_owned(), Found { whole: thread.whole, ..Found::default() });
        }
        let Some(found) = found.get_mut(thread.pool) else { return };
        match thread.role {
            Role::Worker => found.workers += 1,
            Role::Unknown => found.unknown += 1,
            Role::Helper => {}
        }
    }

    /// What they add up to.
    pub(super) fn pools(&self, connectors: &[Connector], version: Option<Version>) -> Vec<Pool> {
        let Self(found) = self;
        let pools = found.iter().filter_map(|(pool, found)| {
            let name =
                if found.whole { pool } else { only(connectors.iter().filter_map(|c| c.completes(pool)))? };
            let threads = match found.workers {
                0 => workers_among(name, found.unknown, version)?,
                workers => workers,
            };
            Some(Pool { name: name.to_owned(), threads: Some(threads), ..Pool::default() })
        });
        pools.collect()
    }
}

/// How many of `threads` of the connector `name` are workers. None at all means that it uses an executor of its own, whose threads have
/// other names.
fn workers_among(name: &str, threads: u64, version: Option<Version>) -> Option<u64> {
    let helpers = if name.contains("-nio2-") {
        0
    } else if name.contains("-nio-") && version.is_some_and(|version| version >= TWO_HELPERS) {
        2
    } else {
        return None;
    };
    threads.checked_sub(helpers).filter(|workers| *workers > 0)
}

fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// What a thread's name says.
#[derive(Debug, Eq, PartialEq)]
struct Thread<'n> {
    pool: &'n str,
    whole: bool,
    role: Role,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    Worker,
    Helper,
    Unknown,
}

impl<'n> Thread<'n> {
    fn of(name: &'n str) -> Option<Self> {
        const BEGINNINGS: [&str; 8] = [
            "http-nio-",
            "http-nio2-",
            "http-apr-",
            "https-jsse-nio",
            "https-openssl-",
            "ajp-nio-",
            "ajp-nio2-",
            "ajp-apr-",
        ];
        if !BEGINNINGS.iter().any(|beginning| name.starts_with(beginning)) {
            return None;
        }
        let (pool, role) = name.rsplit_once('-')?;
        // `http-nio-8080-exec-1` whole, with a pool of two digits.
        let (pool, role) = match pool.rsplit_once('-') {
            Some((before, "exec")) if !role.is_empty() => (before, "exec"),
            Some(_) | None => (pool, role),
        };
        let port_is_whole = ends_in_port(pool);
        match role.bytes().next() {
            Some(b'e') if port_is_whole => Some(Self { pool, whole: true, role: Role::Worker }),
            // Poller, Acceptor, BlockPoller, ClientPoller.
            Some(b'P' | b'A' | b'B' | b'C') if port_is_whole => {
                Some(Self { pool, whole: true, role: Role::Helper })
            }
            None if port_is_whole => Some(Self { pool, whole: true, role: Role::Unknown }),
            // Five digits are as long as a port gets.
            Some(_) if name.len() == LONGEST && role.len() == 5 && ends_in_port(name) => {
                Some(Self { pool: name, whole: true, role: Role::Unknown })
            }
            _ if name.len() == LONGEST => Some(Self { pool: name, whole: false, role: Role::Unknown }),
            _ => None,
        }
    }
}

/// Whether `pool` ends in a whole port: a dash and digits.
fn ends_in_port(pool: &str) -> bool {
    let Some((_, port)) = pool.rsplit_once('-') else { return false };
    port.parse::<u16>().is_ok()
}
