//! The text in which the JMX proxy of the manager application shows MBeans.
//!
//! `OK - Number of results: N`, then for each MBean an empty line, `Name: <object name>` and its attributes as `name: value`. Lines
//! that begin with a tab go on with an array. Lines end with CR LF. Failures come with status 200 and begin with `Error - `.

use edgewatch_core::kernel::{lines, text};

use super::page::Unreadable;
use super::reading::{Buffer, DataSource, Pool, Processor, Reading, Sessions, known, unquoted};

/// What is asked for: narrow patterns, because some MBeans are long (`LastGcInfo` alone has 15 KB). The domain is that of the
/// engine: `Catalina` as a rule, `Tomcat` where it is embedded.
pub(super) const QUERIES: [&str; 5] = [
    "*:type=GlobalRequestProcessor,*",
    "*:type=ThreadPool,*",
    "*:type=Manager,*",
    "*:type=DataSource,*",
    "java.nio:type=BufferPool,*",
];

/// Adds the MBeans of `page` to `reading`.
pub(crate) fn read(page: &[u8], reading: &mut Reading) -> Result<(), Unreadable> {
    let mut lines = lines(page).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next().unwrap_or_default();
    if let Some(error) = first.strip_prefix(b"Error - ") {
        return Err(Unreadable::Said(shortened(error)));
    }
    if !first.starts_with(b"OK - Number of results:") {
        return Err(Unreadable::NotAsExpected("it does not begin with `OK - Number of results`"));
    }
    let mut bean: Option<Bean> = None;
    let mut between = false;
    for line in lines {
        if line.is_empty() {
            between = true;
            continue;
        }
        let Some((name, value)) = pair(line) else { continue };
        // MBeans may have an attribute `Name`: the object name is the one behind an empty line.
        if std::mem::take(&mut between) && name == b"Name" {
            bean = Bean::of(&text(value), reading);
        } else if let Some(bean) = bean {
            bean.set(name, value, reading);
        }
    }
    Ok(())
}

fn pair(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if line.starts_with(b"\t") {
        return None;
    }
    let at = memchr::memmem::find(line, b": ")?;
    Some((line.get(..at)?, line.get(at + 2..)?))
}

fn shortened(error: &[u8]) -> String {
    text(error).chars().take(200).collect()
}

/// The MBean that the last entry of a list is about.
#[derive(Clone, Copy)]
enum Bean {
    Processor,
    Pool,
    Sessions,
    DataSource,
    Buffer,
}

impl Bean {
    /// Makes an entry for the MBean with this object name, if it is one of interest.
    fn of(object: &str, reading: &mut Reading) -> Option<Self> {
        let (_, keys) = object.split_once(':')?;
        let key = |wanted: &str| value_of(keys, wanted).map(|value| unquoted(value).to_owned());
        match value_of(keys, "type")? {
            // The numbers of an HTTP/2 upgrade are in those of its connector too.
            "GlobalRequestProcessor" | "ThreadPool" if value_of(keys, "Upgrade").is_some() => None,
            "GlobalRequestProcessor" => {
                reading.processors.push(Processor { name: key("name")?, ..Processor::default() });
                Some(Self::Processor)
            }
            // A connector's pool has parts with names of their own: `subType=SocketProperties`.
            "ThreadPool" if value_of(keys, "subType").is_some() => None,
            "ThreadPool" => {
                reading.pools.push(Pool { name: key("name")?, ..Pool::default() });
                Some(Self::Pool)
            }
            "Manager" => {
                let (host, context) = (key("host").unwrap_or_default(), key("context")?);
                reading.sessions.push(Sessions { host, context, ..Sessions::default() });
                Some(Self::Sessions)
            }
            // What belongs to a data source has its keys and more: `connectionpool=connections`, `connection=1`.
            "DataSource"
                if ["connectionpool", "connection"].iter().any(|part| value_of(keys, part).is_some()) =>
            {
                None
            }
            "DataSource" => {
                let context = key("context").unwrap_or_default();
                reading.data_sources.push(DataSource {
                    name: key("name")?,
                    context,
                    ..DataSource::default()
                });
                Some(Self::DataSource)
            }
            "BufferPool" => {
                reading.buffers.push(Buffer { name: key("name")?, ..Buffer::default() });
                Some(Self::Buffer)
            }
            _ => None,
        }
    }

    fn set(self, name: &[u8], value: &[u8], reading: &mut Reading) {
        let number = || std::str::from_utf8(value).ok()?.parse().ok().and_then(known);
        let slot = match self {
            Self::Processor => reading.processors.last_mut().and_then(|it| match name {
                b"requestCount" => Some(&mut it.requests),
                b"errorCount" => Some(&mut it.errors),
                b"processingTime" => Some(&mut it.time),
                b"maxTime" => Some(&mut it.longest),
                b"bytesReceived" => Some(&mut it.received),
                b"bytesSent" => Some(&mut it.sent),
                _ => None,
            }),
            Self::Pool => reading.pools.last_mut().and_then(|it| match name {
                b"currentThreadCount" => Some(&mut it.threads),
                b"currentThreadsBusy" => Some(&mut it.busy),
                b"maxThreads" => Some(&mut it.limit),
                _ => None,
            }),
            Self::Sessions => reading.sessions.last_mut().and_then(|it| match name {
                b"activeSessions" => Some(&mut it.active),
                b"maxActiveSessions" => Some(&mut it.limit),
                b"maxActive" => Some(&mut it.most),
                b"sessionCounter" => Some(&mut it.created),
                b"expiredSessions" => Some(&mut it.expired),
                b"rejectedSessions" => Some(&mut it.rejected),
                b"sessionMaxAliveTime" => Some(&mut it.longest),
                b"sessionAverageAliveTime" => Some(&mut it.mean),
                b"processingTime" => Some(&mut it.time),
                _ => None,
            }),
            Self::DataSource => reading.data_sources.last_mut().and_then(|it| match name {
                b"numActive" => Some(&mut it.used),
                // The first is of Tomcat's own pool, the second of DBCP, which is the default.
                b"maxActive" | b"maxTotal" => Some(&mut it.limit),
                b"initialSize" => Some(&mut it.initial),
                _ => None,
            }),
            Self::Buffer => reading.buffers.last_mut().and_then(|it| match name {
                b"Count" => Some(&mut it.count),
                b"MemoryUsed" => Some(&mut it.used),
                b"TotalCapacity" => Some(&mut it.capacity),
                _ => None,
            }),
        };
        if let Some(slot) = slot
            && let Some(number) = number()
        {
            *slot = Some(number);
        }
    }
}

/// The value of `wanted` among the keys of an object name: `type=Manager,host=localhost,context=/`. A quoted value may hold commas.
fn value_of<'k>(keys: &'k str, wanted: &str) -> Option<&'k str> {
    let mut rest = keys;
    while !rest.is_empty() {
        let (key, tail) = rest.split_once('=')?;
        let end =
            if tail.starts_with('"') { closing_quote(tail)? } else { tail.find(',').unwrap_or(tail.len()) };
        let (value, after) = tail.split_at_checked(end)?;
        if key == wanted {
            return Some(value);
        }
        rest = after.strip_prefix(',').unwrap_or_default();
    }
    None
}

/// Where the quoted text at the beginning of `tail` has ended.
fn closing_quote(tail: &str) -> Option<usize> {
    let mut escaped = false;
    let (at, _) = tail.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    Some(at + 1)
}
