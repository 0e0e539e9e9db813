//! What a reload leaves behind: components that finish what they have, and then go.

use tokio::time::Instant;
use tracing::warn;

use super::graph::{ExtensionNode, Graph, Hold, Node, Nodes, leaving};

/// Components that are not wanted any more and have not ended yet.
pub(super) struct Remainder {
    /// When what is left is given up.
    deadline: Instant,
    cut_short: bool,
    /// Receivers, pipelines, connectors and exporters.
    flow: Vec<Hold>,
    /// Of them the receivers with state on disk.
    exclusive: Vec<Hold>,
    /// Of them the exporters, by their ids.
    exporters: Vec<(String, Hold)>,
    /// Of them the connectors and pipelines, by their ids.
    connectors: Vec<(String, Hold)>,
    pipelines: Vec<(String, Hold)>,
    /// They serve the others to the end.
    extensions: Vec<Node<ExtensionNode>>,
}

impl Remainder {
    /// What of `former` does not go on in `next`, told to end; `None` when there is nothing of the kind.
    pub(super) fn of(former: &Graph, next: &Graph, deadline: Instant) -> Option<Self> {
        let receivers = leaving(&former.receivers, &next.receivers).map(|(_, node)| node.hold.clone());
        let mut flow: Vec<Hold> = receivers.collect();
        // The others end when nothing can come any more.
        flow.iter().for_each(|hold| hold.stop.cancel());
        let pipelines = by_id(&former.pipelines, &next.pipelines);
        let connectors = by_id(&former.connectors, &next.connectors);
        let exporters = by_id(&former.exporters, &next.exporters);
        flow.extend(
            [&pipelines, &connectors, &exporters].into_iter().flatten().map(|(_, hold)| hold.clone()),
        );
        let exclusive = leaving(&former.receivers, &next.receivers).filter(|(_, node)| node.is.exclusive);
        let exclusive = exclusive.map(|(_, node)| node.hold.clone()).collect();
        let extensions = leaving(&former.extensions, &next.extensions).map(|(_, node)| node.clone());
        let extensions: Vec<_> = extensions.collect();
        let anything = !(flow.is_empty() && extensions.is_empty());
        anything.then_some(Self {
            deadline,
            cut_short: false,
            flow,
            exclusive,
            exporters,
            connectors,
            pipelines,
            extensions,
        })
    }

    /// Receivers with state on disk that have not ended.
    pub(super) fn exclusive(&self) -> impl Iterator<Item = &Hold> {
        self.exclusive.iter().filter(|hold| hold.is_present())
    }

    /// The exporter `id`, when it has not ended.
    pub(super) fn exporter(&self, id: &str) -> Option<&Hold> {
        present(&self.exporters, id)
    }

    /// The connector `id`, when it has not ended.
    pub(super) fn connector(&self, id: &str) -> Option<&Hold> {
        present(&self.connectors, id)
    }

    /// The pipeline `id`, when it has not ended.
    pub(super) fn pipeline(&self, id: &str) -> Option<&Hold> {
        present(&self.pipelines, id)
    }

    /// When something is to be done about it: once.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.cut_short).then_some(self.deadline)
    }

    pub(super) fn has_drained(&self) -> bool {
        !self.flow.iter().any(Hold::is_present)
    }

    /// Gives up what is left when its time has come.
    pub(super) fn cut_short_when_due(&mut self) {
        if !self.cut_short && self.deadline <= Instant::now() {
            warn!("no time left for what the former configuration had to deliver; dropping it");
            self.flow.iter().for_each(|hold| hold.give_up.cancel());
            self.cut_short = true;
        }
    }

    /// Ends the extensions, which nobody uses any more.
    pub(super) fn release(self) {
        self.extensions.iter().for_each(|node| node.hold.stop.cancel());
    }
}

/// The nodes of `former` that do not go on in `next`.
fn by_id<T>(former: &Nodes<T>, next: &Nodes<T>) -> Vec<(String, Hold)> {
    leaving(former, next).map(|(id, node)| (id.clone(), node.hold.clone())).collect()
}

fn present<'a>(list: &'a [(String, Hold)], id: &str) -> Option<&'a Hold> {
    list.iter().find(|(found, hold)| found == id && hold.is_present()).map(|(_, hold)| hold)
}
