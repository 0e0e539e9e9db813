//! Makes components from a plan and connects them, from the exporters backwards.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::budget::Budget;
use edgewatch_core::config::ConfigError;
use edgewatch_core::exporter::Sink;
use edgewatch_core::extension::{Extension, Offered, Offers};
use edgewatch_core::factory::{BuildContext, ComponentKind, Connector};
use edgewatch_core::health::Health;
use edgewatch_core::host::Host;
use edgewatch_core::receiver::{Inlet, Outlet, Outlets, ReceiveError, Receiver};
use edgewatch_core::telemetry::{Registry, Telemetry};
use edgewatch_exporters::queue::{self, Delivering, Sinks};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::connector::{Behind, Entrance};
use super::plan::{PipelinePlan, Plan, find};
use super::running::Running;
use super::stage::{self, Chain, Exit};

/// Batches that wait between a receiver and its pipeline before the receiver is slowed down. Small: what is queued belongs into the
/// queues of the exporters, which count it.
const ENTRANCE: usize = 32;

/// What components may use of the process around them.
#[derive(Clone)]
pub struct Surroundings {
    /// Every instrument of the process.
    pub registry: Registry,
    /// The memory that telemetry in flight may occupy.
    pub budget: Budget,
    /// The state of the agent.
    pub health: Health,
    /// Facts about the machine.
    pub host: Arc<dyn Host>,
    /// Where state that must survive a restart is kept.
    pub state_directory: Option<PathBuf>,
}

/// Why the plan cannot run on this host.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A component found something that only the host can tell.
    #[error("{kind} {id:?}: {source}", kind = kind.name())]
    Component {
        /// Its kind.
        kind: ComponentKind,
        /// Its id.
        id: String,
        /// What it says.
        source: ConfigError,
    },
    /// A socket, file or directory cannot be opened.
    #[error("{kind} {id:?}: {source}", kind = kind.name())]
    Open {
        /// The kind of the component.
        kind: ComponentKind,
        /// Its id.
        id: String,
        /// What it says.
        source: ReceiveError,
    },
    /// Pipelines feed each other in a ring.
    #[error("connectors form a ring through the pipelines {0}; a pipeline must not feed itself")]
    Ring(String),
}

/// Builds everything in `plan`, opens it and starts it.
///
/// # Errors
///
/// [`BuildError`]; nothing keeps running then.
pub async fn build(plan: &Plan, surroundings: &Surroundings) -> Result<Running, BuildError> {
    let mut builder = Builder {
        plan,
        surroundings,
        tasks: JoinSet::new(),
        give_up: CancellationToken::new(),
        exporters: HashMap::new(),
        delivering: Vec::new(),
        connectors: HashMap::new(),
        inlets: HashMap::new(),
        offered: Offered::default(),
    };
    let mut extensions = builder.extensions()?;
    for (id, extension) in &mut extensions {
        let failed = |source| BuildError::Open { kind: ComponentKind::Extension, id: id.clone(), source };
        extension.open().await.map_err(failed)?;
        builder.offer(id, &extension.offers());
    }
    builder.exporters()?;
    for pipeline in builder.backwards()? {
        builder.pipeline(pipeline)?;
    }
    let mut receivers = builder.receivers()?;
    for (id, receiver, _) in &mut receivers {
        let failed = |source| BuildError::Open { kind: ComponentKind::Receiver, id: id.clone(), source };
        receiver.open().await.map_err(failed)?;
    }
    // Only now: a queue in a storage changes hands for good.
    for delivering in builder.delivering {
        builder.tasks.spawn(delivering.run());
    }
    Ok(Running::start(extensions, receivers, builder.tasks, builder.give_up))
}

struct Builder<'a> {
    plan: &'a Plan,
    surroundings: &'a Surroundings,
    tasks: JoinSet<()>,
    give_up: CancellationToken,
    exporters: HashMap<&'a str, Sinks>,
    delivering: Vec<Delivering>,
    connectors: HashMap<&'a str, Arc<dyn Sink>>,
    /// Entrances of the pipelines built so far, by pipeline id.
    inlets: HashMap<&'a str, Inlet>,
    /// What the extensions opened so far offer.
    offered: Offered,
}

/// Extensions with their ids.
pub(super) type Extensions = Vec<(String, Box<dyn Extension>)>;

/// Receivers with the outlets that they will be given.
pub(super) type Receivers = Vec<(String, Box<dyn Receiver>, Outlets)>;

impl<'a> Builder<'a> {
    fn extensions(&self) -> Result<Extensions, BuildError> {
        let build = |named: &super::plan::Named<Box<dyn Extension>>| {
            let context = self.context(ComponentKind::Extension, &named.id, None);
            let extension = named.prepared.build(&context);
            let extension =
                extension.map_err(|source| failed(ComponentKind::Extension, &named.id, source))?;
            Ok((named.id.clone(), extension))
        };
        self.plan.extensions.iter().map(build).collect()
    }

    /// Lets components find the extension `id` under its id and under the names that they use for it.
    fn offer(&mut self, id: &str, offers: &Offers) {
        let names = self.plan.extension_names.iter().filter(|(_, named)| named == id);
        for name in names.map(|(name, _)| name.as_str()).chain([id]) {
            self.offered.insert(name, offers.clone());
        }
    }

    fn exporters(&mut self) -> Result<(), BuildError> {
        for named in &self.plan.exporters {
            let context = self.context(ComponentKind::Exporter, &named.id, None);
            let built = named.prepared.build(&context);
            let built = built.map_err(|source| failed(ComponentKind::Exporter, &named.id, source))?;
            let feeds = |signal: &Signal| {
                let mut pipelines = self.plan.pipelines.iter();
                pipelines.any(|pipeline| pipeline.signal == *signal && pipeline.exporters.contains(&named.id))
            };
            let signals: Vec<_> = Signal::ALL.into_iter().filter(feeds).collect();
            let started = queue::start(built, &signals, &context, &self.give_up);
            let (sinks, delivering) =
                started.map_err(|source| failed(ComponentKind::Exporter, &named.id, source))?;
            self.delivering.push(delivering);
            self.exporters.insert(&named.id, sinks);
        }
        Ok(())
    }

    /// The pipelines in an order in which each comes after those that it feeds.
    fn backwards(&self) -> Result<Vec<&'a PipelinePlan>, BuildError> {
        let mut waiting: Vec<&PipelinePlan> = self.plan.pipelines.iter().collect();
        let mut order: Vec<&PipelinePlan> = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let feeds_one = |pipeline: &PipelinePlan| {
                waiting.iter().any(|other| {
                    pipeline.exporters.iter().any(|id| self.is_connector(id) && other.receivers.contains(id))
                })
            };
            let (held, ready): (Vec<&PipelinePlan>, Vec<&PipelinePlan>) =
                waiting.iter().partition(|pipeline| feeds_one(pipeline));
            if ready.is_empty() {
                let ids: Vec<_> = held.iter().map(|pipeline| pipeline.id.as_str()).collect();
                return Err(BuildError::Ring(ids.join(", ")));
            }
            order.extend(ready);
            waiting = held;
        }
        Ok(order)
    }

    fn is_connector(&self, id: &str) -> bool {
        find(&self.plan.connectors, id).is_some()
    }

    fn pipeline(&mut self, pipeline: &'a PipelinePlan) -> Result<(), BuildError> {
        let mut processors = Vec::with_capacity(pipeline.processors.len());
        for id in &pipeline.processors {
            let Some(prepared) = find(&self.plan.processors, id) else { continue };
            let mut context = self.context(ComponentKind::Processor, id, Some(pipeline.signal));
            context.telemetry = context.telemetry.with("pipeline", &pipeline.id);
            let processor = prepared.build(&context);
            processors.push(processor.map_err(|source| failed(ComponentKind::Processor, id, source))?);
        }
        let mut sinks = Vec::with_capacity(pipeline.exporters.len());
        for id in &pipeline.exporters {
            sinks.extend(self.sink(id, pipeline.signal)?);
        }
        let sinks: Arc<[_]> = sinks.into();
        let accept = !sinks.iter().any(|sink| sink.answers_sources());
        let inlet = self.stage(Chain::new(processors), sinks, accept);
        self.inlets.insert(&pipeline.id, inlet);
        Ok(())
    }

    /// The exporter or connector `id`, as pipelines of `signal` see it.
    fn sink(&mut self, id: &'a str, signal: Signal) -> Result<Option<Arc<dyn Sink>>, BuildError> {
        if let Some(sinks) = self.exporters.get(id) {
            return Ok(sinks.get(signal));
        }
        if let Some(sink) = self.connectors.get(id) {
            return Ok(Some(Arc::clone(sink)));
        }
        let Some(prepared) = find(&self.plan.connectors, id) else { return Ok(None) };
        let context = self.context(ComponentKind::Connector, id, None);
        let connector = prepared.build(&context);
        let Connector(processor) =
            connector.map_err(|source| failed(ComponentKind::Connector, id, source))?;
        let behind: Arc<[Arc<dyn Sink>]> = Arc::new([Arc::new(Behind(self.outlets(id))) as Arc<dyn Sink>]);
        let sink: Arc<dyn Sink> = Arc::new(Entrance(self.stage(Chain::new(vec![processor]), behind, false)));
        self.connectors.insert(id, Arc::clone(&sink));
        Ok(Some(sink))
    }

    /// Starts `chain` in front of `sinks`.
    fn stage(&mut self, chain: Chain, sinks: Arc<[Arc<dyn Sink>]>, accept: bool) -> Inlet {
        let (sender, entrance) = mpsc::channel(ENTRANCE);
        let inlet = Inlet::new(sender, Arc::clone(&sinks));
        self.tasks.spawn(stage::run(entrance, chain, Exit { sinks, stall: inlet.stall() }, accept));
        inlet
    }

    fn receivers(&mut self) -> Result<Receivers, BuildError> {
        let build = |named: &super::plan::Named<Box<dyn Receiver>>| {
            let context = self.context(ComponentKind::Receiver, &named.id, None);
            let receiver = named.prepared.build(&context);
            let receiver = receiver.map_err(|source| failed(ComponentKind::Receiver, &named.id, source))?;
            Ok((named.id.clone(), receiver, self.outlets(&named.id)))
        };
        self.plan.receivers.iter().map(build).collect()
    }

    /// The pipelines that name `id` as their receiver. All of them have been built.
    fn outlets(&self, id: &str) -> Outlets {
        let mut outlets = Outlets::default();
        for signal in Signal::ALL {
            let fed = |pipeline: &&PipelinePlan| {
                pipeline.signal == signal && pipeline.receivers.iter().any(|receiver| receiver == id)
            };
            let pipelines = self.plan.pipelines.iter().filter(fed);
            let inlets: Vec<_> =
                pipelines.filter_map(|pipeline| self.inlets.get(pipeline.id.as_str()).cloned()).collect();
            if !inlets.is_empty() {
                outlets.set(signal, Outlet::new(inlets));
            }
        }
        outlets
    }

    fn context(&self, kind: ComponentKind, id: &str, signal: Option<Signal>) -> BuildContext {
        let Surroundings { registry, budget, health, host, state_directory } = self.surroundings.clone();
        BuildContext {
            id: id.to_owned(),
            signal,
            telemetry: Telemetry::new(registry).with(kind.name(), id),
            budget,
            health,
            host,
            state_directory,
            offered: self.offered.clone(),
        }
    }
}

fn failed(kind: ComponentKind, id: &str, source: ConfigError) -> BuildError {
    BuildError::Component { kind, id: id.to_owned(), source }
}
