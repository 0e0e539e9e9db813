//! One round of metrics: what each source tells, put together by Tomcat.

use std::collections::BTreeMap;
use std::sync::Arc;

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
#[derive(Clone, Debug, Eq, PartialEq)]
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

/// Puts together what is known: of the JMX proxy first, then of the status page, then of the threads.
pub(super) fn assemble(
    instances: &[Arc<Instance>],
    threads: Vec<Vec<Pool>>,
    mut answers: Vec<Answer>,
    report: &mut Report,
) -> Vec<(Owner, Reading)> {
    answers.sort_by_key(|answer| match answer.page.form {
        Form::JmxProxy => 0,
        Form::Status { .. } => 1,
    });
    let mut here: Vec<Reading> = instances.iter().map(|_| Reading::default()).collect();
    let mut elsewhere: BTreeMap<(String, String, u16), Reading> = BTreeMap::new();
    for Answer { page, told } in answers {
        let reading = match told {
            Ok(reading) => reading,
            Err(Refused { kind, fact }) => {
                report.failed(1, format!("{} {} ({kind})", page.form.key(), page.endpoint), fact);
                continue;
            }
        };
        let owner = owner(&page, &reading, instances, &threads);
        match owner.and_then(|at| here.get_mut(at)) {
            Some(known) => known.complete(reading),
            None => {
                let name = if page.instance.is_empty() { "tomcat" } else { &page.instance };
                let key = (name.to_owned(), page.host.clone(), page.port);
                elsewhere.entry(key).or_default().complete(reading);
            }
        }
    }
    let here = here.into_iter().zip(threads).zip(instances).map(|((mut reading, pools), instance)| {
        reading.complete(Reading { pools, ..Reading::default() });
        (Owner::Here(Arc::clone(instance)), reading)
    });
    let elsewhere = elsewhere
        .into_iter()
        .map(|((name, host, port), reading)| (Owner::Elsewhere { name, host, port }, reading));
    here.chain(elsewhere).collect()
}

/// Which of `instances` the page belongs to: the one that its user names, or the only one of this machine that has a connector of the
/// page.
fn owner(
    page: &Page,
    reading: &Reading,
    instances: &[Arc<Instance>],
    threads: &[Vec<Pool>],
) -> Option<usize> {
    let mut matching = instances.iter().zip(threads).enumerate().filter(|(_, (instance, pools))| {
        if !page.instance.is_empty() {
            return instance.name == page.instance;
        }
        let shows = |name: &str| reading.pools.iter().any(|pool| pool.name == name);
        page.is_local() && pools.iter().any(|pool| shows(&pool.name))
    });
    let (first, _) = matching.next()?;
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
/// Requests that logs tell of are counted from those, unless pages do.
pub(super) fn encode(
    round: &mut [(Owner, Reading)],
    metrics: &Metrics,
    logs: &Table,
    now: u64,
) -> (Bytes, usize) {
    let mut request = Vec::new();
    let points = encode::metrics(&mut request, |request| {
        for (owner, reading) in round {
            reading.keep_first();
            if !reading.is_empty() {
                let window = Window { start: owner.started(), now };
                write(request, metrics, reading, window, |attributes| owner.describe(attributes));
            }
            if let Owner::Here(instance) = owner {
                let has_pages = !reading.processors.is_empty();
                logs.write(request, instance, has_pages, metrics, now);
            }
        }
    });
    (request.into(), points)
}
