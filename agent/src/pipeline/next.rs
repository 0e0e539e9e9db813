//! What is built beside the present graph until it takes its place.

use std::pin::Pin;
use std::sync::Arc;

use edgewatch_core::exporter::Sink;
use edgewatch_core::extension::Extension;
use edgewatch_core::receiver::{Inlet, Outlet, Outlets, Receiver};
use edgewatch_core::switch::Switch;
use tokio_util::sync::CancellationToken;

use super::graph::{Graph, Hold, Presence};

/// The next graph, complete but not at work: nothing of the present one has changed yet, and dropping this undoes it all.
#[derive(Default)]
pub(super) struct Next {
    pub(super) graph: Graph,
    /// New ways for components that go on.
    pub(super) turns: Vec<Turn>,
    /// The tasks of new exporters, connectors and pipelines.
    pub(super) flow: Vec<Work>,
    pub(super) extensions: Vec<NewExtension>,
    pub(super) receivers: Vec<NewReceiver>,
}

/// A task that ends by itself when nothing can come any more.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An extension that is open.
pub(super) struct NewExtension {
    pub(super) extension: Box<dyn Extension>,
    pub(super) stop: CancellationToken,
    pub(super) presence: Presence,
}

/// A receiver that is not open yet.
pub(super) struct NewReceiver {
    pub(super) id: String,
    pub(super) receiver: Box<dyn Receiver>,
    pub(super) outlets: Outlets,
    pub(super) hold: Hold,
    pub(super) presence: Presence,
}

/// A component that goes on is led elsewhere.
pub(super) enum Turn {
    /// The ways out of a pipeline or connector.
    Sinks(Switch<[Arc<dyn Sink>]>, Vec<Arc<dyn Sink>>),
    /// The way from a receiver into pipelines.
    Outlet(Outlet, Vec<Inlet>),
}

impl Turn {
    pub(super) fn take(self) {
        match self {
            Self::Sinks(switch, sinks) => switch.set(sinks),
            Self::Outlet(outlet, inlets) => outlet.lead_to(inlets),
        }
    }
}
