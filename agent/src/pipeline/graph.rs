//! What runs: every component with its configuration and its connections, so that a reload can tell what goes on as it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use edgewatch_core::Signal;
use edgewatch_core::exporter::Sink;
use edgewatch_core::extension::{Extension, Offered, Offers};
use edgewatch_core::factory::{AnyExporter, Connector, Prepared};
use edgewatch_core::listeners::Listeners;
use edgewatch_core::processor::Processor;
use edgewatch_core::receiver::{Inlet, Outlets, Receiver};
use edgewatch_core::router::Pipelines;
use edgewatch_core::telemetry::Tenure;
use edgewatch_exporters::queue::Sinks;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connector::Entrance;

/// Components at work, by kind and id.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) extensions: Nodes<ExtensionNode>,
    pub(super) exporters: Nodes<ExporterNode>,
    pub(super) connectors: Nodes<ConnectorNode>,
    pub(super) pipelines: Nodes<PipelineNode>,
    pub(super) receivers: Nodes<ReceiverNode>,
    /// What the extensions offer, by all their names.
    pub(super) offered: Offered,
}

pub(super) type Nodes<T> = BTreeMap<String, Node<T>>;

/// One component.
#[derive(Clone)]
pub(super) struct Node<T> {
    pub(super) hold: Hold,
    pub(super) is: T,
}

#[derive(Clone)]
pub(super) struct ExtensionNode {
    pub(super) prepared: Prepared<Box<dyn Extension>>,
    pub(super) offers: Offers,
    /// What it offers may outlive its task.
    pub(super) _tenure: Arc<Tenure>,
}

#[derive(Clone)]
pub(super) struct ExporterNode {
    pub(super) prepared: Prepared<AnyExporter>,
    pub(super) signals: Vec<Signal>,
    pub(super) sinks: Sinks,
}

#[derive(Clone)]
pub(super) struct ConnectorNode {
    pub(super) prepared: Prepared<Connector>,
    pub(super) way: Way,
}

/// How a connector leads from the pipelines in front of it to those behind it.
#[derive(Clone)]
pub(super) enum Way {
    /// Through a stage of its own.
    Through(Inlet),
    /// By its own choice among `outlets`, the pipelines behind it.
    Router { sink: Arc<dyn Sink>, outlets: Pipelines },
}

impl Way {
    /// What the pipelines in front lead into.
    pub(super) fn sink(&self) -> Arc<dyn Sink> {
        match self {
            Self::Through(inlet) => Arc::new(Entrance(inlet.clone())),
            Self::Router { sink, .. } => Arc::clone(sink),
        }
    }
}

#[derive(Clone)]
pub(super) struct PipelineNode {
    pub(super) signal: Signal,
    pub(super) processors: Vec<(String, Prepared<Box<dyn Processor>>)>,
    pub(super) inlet: Inlet,
    /// For each processor where what it derives goes, by all signals but the pipeline's.
    pub(super) derived: Vec<Outlets>,
}

#[derive(Clone)]
pub(super) struct ReceiverNode {
    pub(super) prepared: Prepared<Box<dyn Receiver>>,
    pub(super) outlets: Outlets,
    pub(super) exclusive: bool,
}

impl Graph {
    /// The sinks of all exporters.
    pub(super) fn sinks(&self) -> impl Iterator<Item = Arc<dyn Sink>> {
        let exporters = self.exporters.values();
        exporters.flat_map(|node| Signal::ALL.into_iter().filter_map(|signal| node.is.sinks.get(signal)))
    }

    /// Lets go of all ways in and out, so that the components end with what leads into them.
    pub(super) fn let_go(&mut self) {
        self.receivers.clear();
        self.pipelines.clear();
        self.connectors.clear();
        self.exporters.clear();
    }
}

/// The ends by which a component is held while it is there.
#[derive(Clone)]
pub(super) struct Hold {
    /// Tells it to end in good order.
    pub(super) stop: CancellationToken,
    /// Tells it that no time is left.
    pub(super) give_up: CancellationToken,
    /// Its sockets.
    pub(super) listeners: Listeners,
    /// Fires when the component's task has ended.
    pub(super) ended: CancellationToken,
    identity: Weak<()>,
}

/// Lives as long as the component's task.
pub(super) struct Presence {
    _end: DropGuard,
    _identity: Arc<()>,
    _tenure: Arc<Tenure>,
}

impl Hold {
    pub(super) fn new(
        stop: CancellationToken,
        give_up: CancellationToken,
        listeners: Listeners,
        tenure: &Arc<Tenure>,
    ) -> (Self, Presence) {
        let (ended, identity) = (CancellationToken::new(), Arc::new(()));
        let presence = Presence {
            _end: ended.clone().drop_guard(),
            _identity: Arc::clone(&identity),
            _tenure: Arc::clone(tenure),
        };
        (Self { stop, give_up, listeners, ended, identity: Arc::downgrade(&identity) }, presence)
    }

    /// Whether the component's task has not ended.
    pub(super) fn is_present(&self) -> bool {
        !self.ended.is_cancelled()
    }

    /// Whether both hold the same component.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.identity.ptr_eq(&other.identity)
    }
}

/// The nodes of `former` that are not in `next`.
pub(super) fn leaving<'a, T>(
    former: &'a Nodes<T>,
    next: &'a Nodes<T>,
) -> impl Iterator<Item = (&'a String, &'a Node<T>)> {
    former.iter().filter(|(id, node)| !goes_on(node, next.get(*id)))
}

/// Whether `next` is `former`, unchanged.
fn goes_on<T>(former: &Node<T>, next: Option<&Node<T>>) -> bool {
    next.is_some_and(|next| next.hold.is(&former.hold))
}
