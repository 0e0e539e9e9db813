//! Makes components from a plan and connects them, from the exporters backwards.

use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::exporter::Sink;
use edgewatch_core::extension::{Extension, Offered, Offers};
use edgewatch_core::factory::{AnyExporter, BuildContext, ComponentKind, Connector, Prepared};
use edgewatch_core::listeners::Listeners;
use edgewatch_core::receiver::{Inlet, Outlet, Outlets, Receiver};
use edgewatch_core::router::Pipelines;
use edgewatch_core::telemetry::Tenure;
use tokio_util::sync::CancellationToken;

use super::chains::Stage;
use super::connector::Behind;
use super::error::{BuildError, failed};
use super::graph::{ConnectorNode, ExporterNode, ExtensionNode, Graph, Hold, Node, ReceiverNode, Way};
use super::learned::{Keeper, Kept, Owner};
use super::next::{NewExtension, NewReceiver, Next, Turn};
use super::order::backwards;
use super::plan::{Named, PipelinePlan, Plan, find};
use super::remainder::Remainder;
use super::stage::{self, Chain};
use super::stays::Comparison;
use super::surroundings::Surroundings;

/// What ends everything that is built.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    pub(super) receivers: CancellationToken,
    pub(super) extensions: CancellationToken,
    pub(super) give_up: CancellationToken,
}

/// Builds what is new in `plan`, and opens its extensions. What of `former` the plan leaves as it is goes on; `remainders` have not ended yet.
///
/// # Errors
///
/// [`BuildError`]; `former` works on as if nothing had been.
pub(super) async fn build(
    plan: &Plan,
    surroundings: &Surroundings,
    former: &Graph,
    remainders: &[Remainder],
    ends: &Ends,
) -> Result<Next, BuildError> {
    let comparison = Comparison { plan, former };
    let mut builder = Builder { plan, surroundings, comparison, remainders, ends, next: Next::default() };
    comparison.mark_leaving();
    for named in &plan.extensions {
        builder.extension(named).await?;
    }
    for named in &plan.exporters {
        builder.exporter(named)?;
    }
    for pipeline in backwards(plan)? {
        builder.pipeline(pipeline)?;
    }
    for named in &plan.receivers {
        builder.receiver(named)?;
    }
    Ok(builder.next)
}

/// Builds the receiver `id` again, in front of its former `outlets`.
///
/// # Errors
///
/// [`BuildError`].
pub(super) fn rebuild(
    id: &str,
    node: &ReceiverNode,
    offered: &Offered,
    surroundings: &Surroundings,
    ends: &Ends,
) -> Result<NewReceiver, BuildError> {
    let (context, tenure) = surroundings.context(ComponentKind::Receiver, id, offered);
    receiver(id, &node.prepared, node.outlets.clone(), context, &tenure, ends)
}

fn receiver(
    id: &str,
    prepared: &Prepared<Box<dyn Receiver>>,
    outlets: Outlets,
    context: BuildContext,
    tenure: &Arc<Tenure>,
    ends: &Ends,
) -> Result<NewReceiver, BuildError> {
    let receiver = prepared.build(&context);
    let receiver = receiver.map_err(|source| failed(ComponentKind::Receiver, id, source))?;
    let (stop, give_up) = (ends.receivers.child_token(), ends.give_up.child_token());
    let (hold, presence) = Hold::new(stop, give_up, context.listeners, tenure);
    Ok(NewReceiver { id: id.to_owned(), receiver, outlets, hold, presence })
}

pub(super) struct Builder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) surroundings: &'a Surroundings,
    pub(super) comparison: Comparison<'a>,
    pub(super) remainders: &'a [Remainder],
    pub(super) ends: &'a Ends,
    pub(super) next: Next,
}

impl Builder<'_> {
    async fn extension(&mut self, named: &Named<Box<dyn Extension>>) -> Result<(), BuildError> {
        let (kind, id) = (ComponentKind::Extension, &named.id);
        let node = match self.comparison.extension(id) {
            Some(node) => node.clone(),
            None => {
                let (mut context, tenure) = self.context(kind, id);
                let former = self.comparison.former.extensions.get(id);
                context.former = former.map(|node| node.is.offers.clone()).unwrap_or_default();
                let extension = named.prepared.build(&context);
                let mut extension = extension.map_err(|source| failed(kind, id, source))?;
                let opened = extension.open().await;
                opened.map_err(|source| BuildError::Open { kind, id: id.clone(), source })?;
                let offers = extension.offers();
                let (stop, give_up) = (self.ends.extensions.child_token(), self.ends.give_up.child_token());
                let (hold, presence) = Hold::new(stop.clone(), give_up, context.listeners, &tenure);
                self.next.extensions.push(NewExtension { extension, stop, presence });
                Node { hold, is: ExtensionNode { prepared: named.prepared.clone(), offers, _tenure: tenure } }
            }
        };
        self.offer(id, &node.is.offers);
        self.next.graph.extensions.insert(id.clone(), node);
        Ok(())
    }

    /// Lets components find the extension `id` under its id and under the names that they use for it.
    fn offer(&mut self, id: &str, offers: &Offers) {
        let names = self.plan.extension_names.iter().filter(|(_, named)| named == id);
        for name in names.map(|(name, _)| name.as_str()).chain([id]) {
            self.next.graph.offered.insert(name, offers.clone());
        }
    }

    fn exporter(&mut self, named: &Named<AnyExporter>) -> Result<(), BuildError> {
        let (kind, id) = (ComponentKind::Exporter, &named.id);
        let node = match self.comparison.exporter(id) {
            Some(node) => node.clone(),
            None => {
                let (context, tenure) = self.context(kind, id);
                let built = named.prepared.build(&context).map_err(|source| failed(kind, id, source))?;
                let signals = self.plan.signals_into(id);
                let give_up = self.ends.give_up.child_token();
                let former = self.predecessor(id).filter(|_| built.is_exclusive());
                let started = edgewatch_exporters::start(built, &signals, &context, &give_up);
                let (sinks, work) = started.map_err(|source| failed(kind, id, source))?;
                let hold = self.task(give_up, &tenure, async move {
                    if let Some(ended) = former {
                        ended.cancelled().await;
                    }
                    work.await;
                });
                Node { hold, is: ExporterNode { prepared: named.prepared.clone(), signals, sinks } }
            }
        };
        self.next.graph.exporters.insert(id.clone(), node);
        Ok(())
    }

    /// Fires when the exporter that had the `id` before has ended, which may have been removed by a reload before.
    fn predecessor(&self, id: &str) -> Option<CancellationToken> {
        let present = self.comparison.former.exporters.get(id).map(|node| &node.hold);
        let left = || self.remainders.iter().rev().find_map(|remainder| remainder.exporter(id));
        present.or_else(left).map(|hold| hold.ended.clone())
    }

    /// The exporter or connector `id`, as pipelines of `signal` see it.
    pub(super) fn sink(&mut self, id: &str, signal: Signal) -> Result<Option<Arc<dyn Sink>>, BuildError> {
        if let Some(node) = self.next.graph.exporters.get(id) {
            return Ok(node.is.sinks.get(signal));
        }
        if find(&self.plan.connectors, id).is_none() {
            return Ok(None);
        }
        if !self.next.graph.connectors.contains_key(id) {
            let node = self.connector(id)?;
            self.next.graph.connectors.extend(node.map(|node| (id.to_owned(), node)));
        }
        let node = self.next.graph.connectors.get(id);
        Ok(node.map(|node| node.is.way.sink()))
    }

    /// The connector `id`. The pipelines behind it are there.
    fn connector(&mut self, id: &str) -> Result<Option<Node<ConnectorNode>>, BuildError> {
        let Some(prepared) = find(&self.plan.connectors, id) else { return Ok(None) };
        let behind: Vec<Arc<dyn Sink>> = vec![Arc::new(Behind(self.outlets(id)))];
        if let Some(node) = self.comparison.connector(id) {
            match &node.is.way {
                Way::Through(inlet) => self.next.turns.push(Turn::Sinks(inlet.sinks(), behind)),
                Way::Router { outlets, .. } => {
                    let pipelines = &self.next.graph.pipelines;
                    let turn = |(id, outlet): (&String, &Outlet)| {
                        let inlet = pipelines.get(id)?.is.inlet.clone();
                        Some(Turn::Outlet(outlet.clone(), vec![inlet]))
                    };
                    self.next.turns.extend(outlets.iter().filter_map(turn));
                }
            }
            return Ok(Some(node.clone()));
        }
        let (context, tenure) = self.context(ComponentKind::Connector, id);
        let connector = prepared.build(&context);
        let connector = connector.map_err(|source| failed(ComponentKind::Connector, id, source))?;
        let (hold, way) = match connector {
            Connector::Processor(mut processor) => {
                let mut kept = None;
                if processor.learned().is_some() {
                    let owner = Owner { pipeline: None, id, component: prepared.component() };
                    kept = Kept::new(0, owner, &context, &self.surroundings.learned);
                }
                let before = self.comparison.former.connectors.get(id).map(|node| &node.hold);
                let left = self.remainders.iter().filter_map(|remainder| remainder.connector(id));
                let work = Stage {
                    chain: Chain::new(vec![processor], None),
                    keeper: Keeper::new(kept.into_iter().collect(), before.into_iter().chain(left)),
                    derived: Vec::new(),
                    accept: stage::Accept::Behind,
                };
                let (hold, inlet) = self.stage(work, behind, &tenure);
                (hold, Way::Through(inlet))
            }
            Connector::Router(router) => {
                let outlets = self.outlets_one_by_one(id);
                let routed = router.connect(outlets.clone());
                let hold = self.task(self.ends.give_up.child_token(), &tenure, routed.work);
                (hold, Way::Router { sink: routed.sink, outlets })
            }
        };
        Ok(Some(Node { hold, is: ConnectorNode { prepared: prepared.clone(), way } }))
    }

    /// Notes `work` for the time when the graph takes its place.
    pub(super) fn task(
        &mut self,
        give_up: CancellationToken,
        tenure: &Arc<Tenure>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Hold {
        let (hold, presence) = Hold::new(CancellationToken::new(), give_up, Listeners::default(), tenure);
        self.next.flow.push(Box::pin(async move {
            work.await;
            drop(presence);
        }));
        hold
    }

    fn receiver(&mut self, named: &Named<Box<dyn Receiver>>) -> Result<(), BuildError> {
        let id = &named.id;
        let outlets = self.outlets(id);
        if let Some(node) = self.comparison.receiver(id) {
            for signal in Signal::ALL {
                if let Some(outlet) = node.is.outlets.get(signal) {
                    self.next.turns.push(Turn::Outlet(outlet.clone(), self.inlets(id, signal)));
                }
            }
            self.next.graph.receivers.insert(id.clone(), node.clone());
            return Ok(());
        }
        let (context, tenure) = self.context(ComponentKind::Receiver, id);
        let new = receiver(id, &named.prepared, outlets.clone(), context, &tenure, self.ends)?;
        let exclusive = new.receiver.is_exclusive();
        let is = ReceiverNode { prepared: named.prepared.clone(), outlets, exclusive };
        self.next.graph.receivers.insert(id.clone(), Node { hold: new.hold.clone(), is });
        self.next.receivers.push(new);
        Ok(())
    }

    /// The pipelines that name the router `id` as their receiver, one by one. All of them are there.
    fn outlets_one_by_one(&self, id: &str) -> Pipelines {
        let outlet = |pipeline: &str| {
            let node = self.next.graph.pipelines.get(pipeline)?;
            Some((pipeline.to_owned(), Outlet::new(vec![node.is.inlet.clone()])))
        };
        self.plan.pipelines_behind(id).filter_map(outlet).collect()
    }

    /// The ways into the pipelines that name `id` as their receiver. All of them are there.
    fn outlets(&self, id: &str) -> Outlets {
        let mut outlets = Outlets::default();
        for signal in self.plan.signals_from(id) {
            outlets.set(signal, Outlet::new(self.inlets(id, signal)));
        }
        outlets
    }

    pub(super) fn inlets(&self, id: &str, signal: Signal) -> Vec<Inlet> {
        let fed = |pipeline: &&PipelinePlan| {
            pipeline.signal == signal && pipeline.receivers.iter().any(|receiver| receiver == id)
        };
        let pipelines = self.plan.pipelines.iter().filter(fed);
        let nodes = pipelines.filter_map(|pipeline| self.next.graph.pipelines.get(&pipeline.id));
        nodes.map(|node| node.is.inlet.clone()).collect()
    }

    pub(super) fn context(&self, kind: ComponentKind, id: &str) -> (BuildContext, Arc<Tenure>) {
        self.surroundings.context(kind, id, &self.next.graph.offered)
    }
}
