use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use edgewatch_core::config::{Node, join};
use edgewatch_core::factory::ComponentKind;
use edgewatch_core::host::Host;
use edgewatch_core::probe::{Fault, Ports, Probe, ProbeContext, Trouble};
use futures_util::{StreamExt, stream};

use super::own;
use crate::config::{Config, Outcome};
use crate::pipeline::Named;

/// Probes that run at a time.
const AT_ONCE: usize = 32;

/// A probe that takes longer than this is worth a word, so that nobody believes the program stuck.
const SLOW: Duration = Duration::from_secs(1);

/// How the host is looked at.
#[derive(Clone)]
pub struct Options {
    /// Longest time for one probe.
    pub timeout: Duration,
    /// Where the agent will keep its state.
    pub state_directory: PathBuf,
    /// Facts about the machine.
    pub host: Arc<dyn Host>,
}

/// A probe of what stands at `path`.
struct Located {
    path: String,
    probe: Probe,
}

/// What was found at `path`.
struct Found {
    path: String,
    trouble: Trouble,
}

/// Looks at the host and adds what is wrong to the problems of `outcome`. Does nothing for a configuration with errors.
/// `progress` is told what takes long.
pub async fn check(outcome: &mut Outcome, options: &Options, progress: impl Fn(&str)) {
    let Some(config) = &outcome.config else { return };
    let runs = probes(config, options).into_iter().map(|located| run(located, options.timeout, &progress));
    let mut found: Vec<Found> =
        stream::iter(runs).buffer_unordered(AT_ONCE).filter_map(async |found| found).collect().await;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    for Found { path, trouble } in found {
        let nothing = Node::default();
        let node = node_at(&outcome.root, &path).unwrap_or(&nothing);
        outcome.problems.push_findings(node, &path, trouble.severity, trouble.findings);
    }
}

async fn run(located: Located, limit: Duration, progress: &impl Fn(&str)) -> Option<Found> {
    let Located { path, probe } = located;
    let (key, what) = (probe.key().to_owned(), probe.what().to_owned());
    let trouble = within(limit, probe.run(), || progress(&what)).await.unwrap_or_else(|| {
        let limit = edgewatch_core::config::Duration::from(limit);
        let fact = format!("{what} took longer than {limit}");
        let help = "something on the way does not answer: look there, or give it longer with --timeout";
        Err(Fault::new(fact, help).error_at(key))
    });
    trouble.err().map(|trouble| Found { path, trouble })
}

/// What `check` says within `limit`; calls `slow` when that takes long.
async fn within<T>(limit: Duration, check: impl Future<Output = T>, slow: impl FnOnce()) -> Option<T> {
    let mut check = pin!(check);
    if let Ok(done) = tokio::time::timeout(SLOW.min(limit), check.as_mut()).await {
        return Some(done);
    }
    let rest = limit.checked_sub(SLOW).filter(|rest| !rest.is_zero())?;
    slow();
    tokio::time::timeout(rest, check).await.ok()
}

fn probes(config: &Config, options: &Options) -> Vec<Located> {
    let context = ProbeContext {
        id: String::new(),
        host: Arc::clone(&options.host),
        state_directory: options.state_directory.clone(),
        now: SystemTime::now(),
        ports: Ports::default(),
    };
    let plan = &config.plan;
    let mut located = of_components(ComponentKind::Receiver, &plan.receivers, &context);
    located.extend(of_components(ComponentKind::Processor, &plan.processors, &context));
    located.extend(of_components(ComponentKind::Exporter, &plan.exporters, &context));
    located.extend(of_components(ComponentKind::Connector, &plan.connectors, &context));
    located.extend(of_components(ComponentKind::Extension, &plan.extensions, &context));
    let own = own::probes(&config.telemetry, &context).into_iter();
    located.extend(own.map(|probe| Located { path: own::PATH.to_owned(), probe }));
    located
}

fn of_components<T>(kind: ComponentKind, named: &[Named<T>], context: &ProbeContext) -> Vec<Located> {
    let mut located = Vec::new();
    for named in named {
        let context = ProbeContext { id: named.id.clone(), ..context.clone() };
        let path = join(kind.section(), &named.id);
        let probes = named.prepared.probes(&context).into_iter();
        located.extend(probes.map(|probe| Located { path: path.clone(), probe }));
    }
    located
}

/// The node under a path of two keys, the second of which may hold dots, as ids do.
fn node_at<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    let (section, id) = path.split_once('.')?;
    root.get(section)?.as_map()?.iter().find(|(key, _)| key.name.trim() == id).map(|(_, node)| node)
}
