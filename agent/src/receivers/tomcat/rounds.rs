//! One round of metrics: what each source tells, put together by Tomcat.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use edgewatch_proto::encode::{self, Attributes};

use super::encoding::{Metrics, write};
use super::instances::Instance;
use super::page::{Form, Page, Refused};
use super::reading::{Pool, Reading};
use super::tailed::Table;
use super::threads;
use crate::measuring::metric::Window;
use crate::measuring::report::Report;

/// What a page has answered.
pub(super) struct Answer {
    pub(super) page: Arc<Page>,
    pub(super) told: Result<Reading, Refused>,
}

/// Whose numbers they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Owner {
    /// A Tomcat of this host.
    Here(Arc<Instance>),
    /// A Tomcat that is known by its pages only.
    Elsewhere {
        /// Its name.
        name: String,
        /// Where its pages are.
        host: String,
        /// See `host`.
        port: u16,
    },
}

/// Counts the threads of `instances`. Blocks for as long as that takes: some milliseconds.
pub(super) fn count_threads(instances: &[Arc<Instance>], report: &mut Report) -> Vec<Vec<Pool>> {
    let count = |instance: &Arc<Instance>| {
        let pools = threads::pools(&instance.process, &instance.connectors, instance.version);
        pools.unwrap_or_else(|error| {
            // One that has ended is no failure.
            if instance.process.exists() {
                report.failed(1, instance.process.join("task").display(), error);
            }
            Vec::new()
        })
    };
    instances.iter().map(count).collect()
}

/// A Tomcat in a round.
pub(super) struct Told {
    pub(super) owner: Owner,
    pub(super) reading: Reading,
    /// Whether pages are there to count its requests, whether they answer or not.
    pub(super) has_pages: bool,
}

/// Puts together what is known: of the JMX proxy first, then of the status page, then of the threads.
pub(super) fn assemble(
    instances: &[Arc<Instance>],
    threads: Vec<Vec<Pool>>,
    mut answers: Vec<Answer>,
    report: &mut Report,
) -> Vec<Told> {
    answers.sort_by_key(|answer| match answer.page.form {
        Form::JmxProxy => 0,
        Form::Status { .. } => 1,
    });
    let mut here: Vec<(Reading, bool)> = instances.iter().map(|_| Default::default()).collect();
    let mut elsewhere: BTreeMap<(String, String, u16), Reading> = BTreeMap::new();
    for Answer { page, told } in answers {
        let owners = owners(&page, instances, &threads);
        for at in &owners {
            if let Some((_, has_pages)) = here.get_mut(*at) {
                *has_pages = true;
            }
        }
        let what = format!("{} {}", page.form.key(), page.endpoint);
        let reading = match told {
            Ok(reading) => reading,
            Err(Refused { kind, fact }) => {
                report.failed(1, format!("{what} ({kind})"), fact);
                continue;
            }
        };
        match *owners {
            [] if page.was_here() => {} // It runs again, and has not been found yet.
            [] => {
                if let Some(instance) = shown(&page, &reading, instances, &threads) {
                    let fact = format!(
                        "it seems to be that of the Tomcat {}, whose connectors have other ports: write `instance: {}`, or \
                         its requests are counted twice",
                        instance.name, instance.name
                    );
                    report.failed(1, format!("{what} (instance)"), fact);
                }
                let name = if page.instance.is_empty() { "tomcat" } else { &page.instance };
                let key = (name.to_owned(), page.host.clone(), page.port);
                elsewhere.entry(key).or_default().complete(reading);
            }
            [only] => {
                page.is_here();
                // What answers there may be its successor already.
                if let (Some((known, _)), Some(instance)) = (here.get_mut(only), instances.get(only))
                    && instance.is_alive()
                {
                    known.complete(reading);
                }
            }
            _ => {
                let fact = "several Tomcats have that name or port; write the name of one in `instance`";
                report.failed(1, format!("{what} (instance)"), fact);
            }
        }
    }
    let here =
        here.into_iter().zip(threads).zip(instances).map(|(((mut reading, has_pages), pools), instance)| {
            reading.complete(Reading { pools, ..Reading::default() });
            Told { owner: Owner::Here(Arc::clone(instance)), reading, has_pages }
        });
    let elsewhere = elsewhere.into_iter().map(|((name, host, port), reading)| Told {
        owner: Owner::Elsewhere { name, host, port },
        reading,
        has_pages: true,
    });
    here.chain(elsewhere).collect()
}

/// Which of `instances` the page may belong to, whatever it says: those that its user names, or those of this machine that listen on its
/// port.
fn owners(page: &Page, instances: &[Arc<Instance>], threads: &[Vec<Pool>]) -> Vec<usize> {
    let suffix = format!("-{}", page.port);
    let matching = instances.iter().zip(threads).enumerate().filter(|(_, (instance, pools))| {
        if !page.instance.is_empty() {
            return instance.name == page.instance;
        }
        page.is_local()
            && (instance.connectors.iter().any(|connector| connector.port == page.port)
                || pools.iter().any(|pool| pool.name.ends_with(&suffix)))
    });
    matching.map(|(at, _)| at).collect()
}

/// Whose connectors a page of this machine shows, if there is but one.
fn shown<'i>(
    page: &Page,
    reading: &Reading,
    instances: &'i [Arc<Instance>],
    threads: &[Vec<Pool>],
) -> Option<&'i Arc<Instance>> {
    let shows = |pool: &Pool| reading.pools.iter().any(|shown| shown.name == pool.name);
    let mut matching = instances.iter().zip(threads).filter(|(_, pools)| pools.iter().any(shows));
    let (first, _) = matching.next().filter(|_| page.is_local() && page.instance.is_empty())?;
    matching.next().is_none().then_some(first)
}

impl Owner {
    fn describe(&self, attributes: &mut Attributes<'_>) {
        match self {
            Self::Here(instance) => instance.describe(attributes),
            Self::Elsewhere { name, host, port } => {
                attributes.string("service.name", name);
                attributes.string("server.address", host);
                attributes.int("server.port", i64::from(*port));
            }
        }
    }

    /// When counters began; zero: not known.
    fn started(&self) -> u64 {
        match self {
            Self::Here(instance) => instance.started,
            Self::Elsewhere { .. } => 0,
        }
    }
}

/// Encodes the round of the moment `now`, in nanoseconds since 1970. Returns the request and the number of its points.
///
/// Requests that logs tell of are counted from those, unless pages are there for that.
pub(super) fn encode(round: &mut [Told], metrics: &Metrics, logs: &Table, now: u64) -> (Bytes, usize) {
    let mut request = Vec::new();
    let points = encode::metrics(&mut request, |request| {
        for Told { owner, reading, has_pages } in round {
            reading.keep_first();
            if !reading.is_empty() {
                let window = Window { start: owner.started(), now };
                write(request, metrics, reading, window, |attributes| owner.describe(attributes));
            }
            if let Owner::Here(instance) = owner {
                logs.write(request, instance, Some(*has_pages), metrics, now);
            }
        }
        for instance in logs.ended(Instant::now()) {
            logs.write(request, &instance, None, metrics, now);
        }
    });
    (request.into(), points)
}
