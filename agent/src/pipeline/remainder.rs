//! What a reload leaves behind: components that finish what they have, and then go.

use tokio::time::Instant;
use tracing::warn;

use super::graph::{ExtensionNode, Graph, Hold, Node, leaving};

/// Components that are not wanted any more and have not ended yet.
pub(super) struct Remainder {
    /// When what is left is given up.
    pub(super) deadline: Instant,
    cut_short: bool,
    /// Receivers, pipelines, connectors and exporters.
    flow: Vec<Hold>,
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
        flow.extend(leaving(&former.pipelines, &next.pipelines).map(|(_, node)| node.hold.clone()));
        flow.extend(leaving(&former.connectors, &next.connectors).map(|(_, node)| node.hold.clone()));
        flow.extend(leaving(&former.exporters, &next.exporters).map(|(_, node)| node.hold.clone()));
        let extensions = leaving(&former.extensions, &next.extensions).map(|(_, node)| node.clone());
        let extensions: Vec<_> = extensions.collect();
        let anything = !(flow.is_empty() && extensions.is_empty());
        anything.then_some(Self { deadline, cut_short: false, flow, extensions })
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
