//! What is known about a Tomcat at one moment, wherever it was read.

use std::collections::HashSet;

/// The numbers of one Tomcat. What a source does not tell is `None`, or not in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reading {
    /// What connectors have processed.
    pub(super) processors: Vec<Processor>,
    /// The threads of connectors.
    pub(super) pools: Vec<Pool>,
    /// The sessions of web applications.
    pub(super) sessions: Vec<Sessions>,
    /// Pools of database connections.
    pub(super) data_sources: Vec<DataSource>,
    /// Memory outside of the heap that buffers of `java.nio` use.
    pub(super) buffers: Vec<Buffer>,
}

/// The requests of one connector (`GlobalRequestProcessor`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Processor {
    pub(super) name: String,
    pub(super) requests: Option<u64>,
    pub(super) errors: Option<u64>,
    /// Milliseconds.
    pub(super) time: Option<u64>,
    /// Milliseconds.
    pub(super) longest: Option<u64>,
    pub(super) received: Option<u64>,
    pub(super) sent: Option<u64>,
}

/// The threads of one connector (`ThreadPool`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) threads: Option<u64>,
    pub(super) busy: Option<u64>,
    pub(super) limit: Option<u64>,
}

/// The sessions of one web application (`Manager`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sessions {
    /// The virtual host.
    pub(super) host: String,
    /// The path, such as `/shop`.
    pub(super) context: String,
    pub(super) active: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) most: Option<u64>,
    pub(super) created: Option<u64>,
    pub(super) expired: Option<u64>,
    pub(super) rejected: Option<u64>,
    /// Seconds.
    pub(super) longest: Option<u64>,
    /// Seconds.
    pub(super) mean: Option<u64>,
    /// Milliseconds.
    pub(super) time: Option<u64>,
}

/// A pool of database connections (`DataSource`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DataSource {
    pub(super) name: String,
    /// The web application that it belongs to; empty: all of them.
    pub(super) context: String,
    pub(super) used: Option<u64>,
    pub(super) limit: Option<u64>,
    pub(super) initial: Option<u64>,
}

/// A pool of buffers (`java.nio:type=BufferPool`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buffer {
    pub(super) name: String,
    pub(super) count: Option<u64>,
    pub(super) used: Option<u64>,
    pub(super) capacity: Option<u64>,
}

impl Reading {
    /// Takes from `other` every list that this one lacks, so that no series has two sources.
    pub(super) fn complete(&mut self, other: Self) {
        fn fill<T>(mine: &mut Vec<T>, theirs: Vec<T>) {
            if mine.is_empty() {
                *mine = theirs;
            }
        }
        let Self { processors, pools, sessions, data_sources, buffers } = other;
        fill(&mut self.processors, processors);
        fill(&mut self.pools, pools);
        fill(&mut self.sessions, sessions);
        fill(&mut self.data_sources, data_sources);
        fill(&mut self.buffers, buffers);
    }

    /// Leaves out what is there twice, so that no series has two points.
    pub(super) fn keep_first(&mut self) {
        fn keep<T>(list: &mut Vec<T>, key: impl Fn(&T) -> [&str; 2]) {
            let mut seen: HashSet<[String; 2]> = HashSet::with_capacity(list.len());
            list.retain(|item| seen.insert(key(item).map(str::to_owned)));
        }
        keep(&mut self.processors, |it| [&it.name, ""]);
        keep(&mut self.pools, |it| [&it.name, ""]);
        keep(&mut self.sessions, |it| [&it.host, &it.context]);
        keep(&mut self.data_sources, |it| [&it.name, &it.context]);
        keep(&mut self.buffers, |it| [&it.name, ""]);
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What MBeans show for "not known" and "without limit" is negative.
pub(super) fn known(value: i64) -> Option<u64> {
    u64::try_from(value).ok()
}

/// A name as MBeans and XML give it, without its quotes.
pub(super) fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}
