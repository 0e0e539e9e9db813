//! What a plan leaves as it is: components whose configuration says the same, and whose extensions go on.

use std::collections::BTreeSet;

use edgewatch_core::Signal;
use edgewatch_core::factory::Prepared;

use super::graph::{
    ConnectorNode, ExporterNode, ExtensionNode, Graph, Node, PipelineNode, ReceiverNode, Way,
};
use super::plan::{PipelinePlan, Plan, find};

/// Compares a plan with what runs.
#[derive(Clone, Copy)]
pub(super) struct Comparison<'a> {
    pub(super) plan: &'a Plan,
    pub(super) former: &'a Graph,
}

impl<'a> Comparison<'a> {
    /// Lets what will not go on hand its addresses on.
    pub(super) fn mark_leaving(self) {
        for (id, node) in &self.former.extensions {
            node.hold.listeners.leave(self.extension(id).is_none());
        }
        for (id, node) in &self.former.receivers {
            node.hold.listeners.leave(self.receiver(id).is_none());
        }
    }

    /// The extension `id`, when it goes on.
    pub(super) fn extension(self, id: &str) -> Option<&'a Node<ExtensionNode>> {
        let node = self.former.extensions.get(id)?;
        self.same(&node.is.prepared, find(&self.plan.extensions, id)?).then_some(node)
    }

    /// The exporter `id`, when it goes on. Its queues are those of the signals that it is fed with.
    pub(super) fn exporter(self, id: &str) -> Option<&'a Node<ExporterNode>> {
        let node = self.former.exporters.get(id)?;
        let same = self.same(&node.is.prepared, find(&self.plan.exporters, id)?);
        (same && node.is.signals == self.plan.signals_into(id)).then_some(node)
    }

    /// The connector `id`, when it goes on. A router knows the pipelines behind it by their ids.
    pub(super) fn connector(self, id: &str) -> Option<&'a Node<ConnectorNode>> {
        let node = self.former.connectors.get(id)?;
        let behind = match &node.is.way {
            Way::Through(_) => true,
            Way::Router { outlets, .. } => {
                let ids: BTreeSet<&str> = self.plan.pipelines_behind(id).collect();
                outlets.keys().map(String::as_str).eq(ids)
            }
        };
        (behind && self.same(&node.is.prepared, find(&self.plan.connectors, id)?)).then_some(node)
    }

    /// The processors of `pipeline`, when they go on: all of them, in the same order.
    pub(super) fn pipeline(self, pipeline: &PipelinePlan) -> Option<&'a Node<PipelineNode>> {
        let node = self.former.pipelines.get(&pipeline.id)?;
        let former = &node.is.processors;
        let ids = former.iter().map(|(id, _)| id);
        let same = |(id, former): &(String, Prepared<_>)| {
            find(&self.plan.processors, id).is_some_and(|next| self.same(former, next))
        };
        let stays =
            node.is.signal == pipeline.signal && ids.eq(&pipeline.processors) && former.iter().all(same);
        stays.then_some(node)
    }

    /// The receiver `id`, when it goes on. One that has ended by itself does not.
    pub(super) fn receiver(self, id: &str) -> Option<&'a Node<ReceiverNode>> {
        let node = self.former.receivers.get(id)?;
        let same = self.same(&node.is.prepared, find(&self.plan.receivers, id)?);
        let fed: Vec<Signal> =
            Signal::ALL.into_iter().filter(|signal| node.is.outlets.get(*signal).is_some()).collect();
        (same && node.hold.is_present() && fed == self.plan.signals_from(id)).then_some(node)
    }

    fn same<T>(self, former: &Prepared<T>, next: &Prepared<T>) -> bool {
        former.says_the_same(next)
            && next.uses().iter().all(|used| {
                let names = &mut self.plan.extension_names.iter();
                let id = names.find(|(name, _)| *name == used.extension).map(|(_, id)| id);
                self.extension(id.unwrap_or(&used.extension)).is_some()
            })
    }
}
