//! The building of pipelines: their chains of processors, what those derive, and the tasks that run them.

use std::sync::Arc;

use edgewatch_core::Signal;
use edgewatch_core::exporter::Sink;
use edgewatch_core::factory::ComponentKind;
use edgewatch_core::receiver::{Inlet, Outlet, Outlets};
use edgewatch_core::telemetry::{Telemetry, Tenure};
use tokio::sync::mpsc;

use super::build::Builder;
use super::connector::Behind;
use super::error::{BuildError, failed};
use super::graph::{Hold, Node, PipelineNode};
use super::learned::{Keeper, Kept, Owner};
use super::next::Turn;
use super::plan::{PipelinePlan, find};
use super::stage::{self, Chain, Exit};

/// Batches that wait between a receiver and its pipeline before the receiver is slowed down. Small: what is queued belongs into the
/// queues of the exporters, which count it.
const ENTRANCE: usize = 32;

/// What a pipeline or connector is made of.
pub(super) struct Stage {
    pub(super) chain: Chain,
    pub(super) keeper: Keeper,
    pub(super) derived: Vec<Behind>,
    pub(super) accept: stage::Accept,
}

impl Builder<'_> {
    /// A pipeline. Those that it feeds are there.
    pub(super) fn pipeline(&mut self, pipeline: &PipelinePlan) -> Result<(), BuildError> {
        let mut sinks = Vec::with_capacity(pipeline.exporters.len());
        for id in &pipeline.exporters {
            sinks.extend(self.sink(id, pipeline.signal)?);
        }
        let node = match self.comparison.pipeline(pipeline) {
            Some(node) => {
                self.next.turns.push(Turn::Sinks(node.is.inlet.sinks(), sinks));
                self.turn_derived(node);
                node.clone()
            }
            None => {
                let (telemetry, tenure) = Telemetry::new(self.surroundings.registry.clone()).for_tenure();
                let tenure = Arc::new(tenure);
                let mut processors = Vec::with_capacity(pipeline.processors.len());
                let mut chain = Vec::with_capacity(pipeline.processors.len());
                let mut kept = Vec::new();
                for id in &pipeline.processors {
                    let Some(prepared) = find(&self.plan.processors, id) else { continue };
                    let (mut context, _) = self.context(ComponentKind::Processor, id);
                    context.signal = Some(pipeline.signal);
                    let telemetry = telemetry.with(ComponentKind::Processor.name(), id);
                    context.telemetry = telemetry.with("pipeline", &pipeline.id);
                    let processor = prepared.build(&context);
                    let mut processor =
                        processor.map_err(|source| failed(ComponentKind::Processor, id, source))?;
                    if processor.learned().is_some() {
                        let pipeline = Some((pipeline.id.as_str(), pipeline.signal));
                        let owner = Owner { pipeline, id, component: prepared.component() };
                        kept.extend(Kept::new(chain.len(), owner, &context, &self.surroundings.learned));
                    }
                    chain.push(processor);
                    processors.push((id.clone(), prepared.clone()));
                }
                let derived: Vec<Outlets> =
                    processors.iter().map(|(id, _)| self.derived(pipeline, id)).collect();
                let signal = pipeline.signal;
                let before = self.comparison.former.pipelines.get(&pipeline.id).map(|node| &node.hold);
                let left = self.remainders.iter().filter_map(|remainder| remainder.pipeline(&pipeline.id));
                let work = Stage {
                    chain: Chain::new(chain, Some(signal)),
                    keeper: Keeper::new(kept, before.into_iter().chain(left)),
                    derived: derived.iter().cloned().map(Behind).collect(),
                    accept: stage::Accept::Itself,
                };
                let (hold, inlet) = self.stage(work, sinks, &tenure);
                Node { hold, is: PipelineNode { signal, processors, inlet, derived } }
            }
        };
        self.next.graph.pipelines.insert(pipeline.id.clone(), node);
        Ok(())
    }

    /// Where what the processor `id` of `pipeline` derives goes. Every signal has a way, which may lead nowhere, so that a reload can lead
    /// it elsewhere.
    fn derived(&self, pipeline: &PipelinePlan, id: &str) -> Outlets {
        let mut outlets = Outlets::default();
        for signal in Signal::ALL.into_iter().filter(|signal| *signal != pipeline.signal) {
            outlets.set(signal, Outlet::new(self.derived_inlets(id, signal)));
        }
        outlets
    }

    /// Leads what the processors of a pipeline that goes on derive into the pipelines of the new plan.
    fn turn_derived(&mut self, node: &Node<PipelineNode>) {
        for ((id, _), outlets) in node.is.processors.iter().zip(&node.is.derived) {
            for signal in Signal::ALL {
                if let Some(outlet) = outlets.get(signal) {
                    let inlets = self.derived_inlets(id, signal);
                    self.next.turns.push(Turn::Outlet(outlet.clone(), inlets));
                }
            }
        }
    }

    fn derived_inlets(&self, id: &str, signal: Signal) -> Vec<Inlet> {
        if self.plan.is_derived(id) { self.inlets(id, signal) } else { Vec::new() }
    }

    /// The task of `stage` in front of `sinks`.
    pub(super) fn stage(
        &mut self,
        stage: Stage,
        sinks: Vec<Arc<dyn Sink>>,
        tenure: &Arc<Tenure>,
    ) -> (Hold, Inlet) {
        let (sender, entrance) = mpsc::channel(ENTRANCE);
        let inlet = Inlet::new(sender, sinks.into());
        let Stage { chain, keeper, derived, accept } = stage;
        let exit = Exit { sinks: inlet.sinks(), stall: inlet.stall(), derived };
        let give_up = self.ends.give_up.child_token();
        let work = stage::run(entrance, chain, exit, accept, keeper, give_up.clone());
        (self.task(give_up, tenure, work), inlet)
    }
}
