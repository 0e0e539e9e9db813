//! What components may use of the process around them.

use std::path::PathBuf;
use std::sync::Arc;

use edgewatch_core::budget::Budget;
use edgewatch_core::extension::{Offered, Offers};
use edgewatch_core::factory::{BuildContext, ComponentKind};
use edgewatch_core::health::Health;
use edgewatch_core::host::Host;
use edgewatch_core::listeners::Listeners;
use edgewatch_core::telemetry::{Registry, Telemetry, Tenure};

use super::learned::Home;

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
    /// Whose the directory is in which learned state is kept.
    pub learned: Home,
    /// The sockets that the process listens on.
    pub listeners: Listeners,
}

impl Surroundings {
    /// What the component `id` may use, and the time for which it does.
    pub(super) fn context(
        &self,
        kind: ComponentKind,
        id: &str,
        offered: &Offered,
    ) -> (BuildContext, Arc<Tenure>) {
        let Self { registry, budget, health, host, state_directory, learned: _, listeners } = self.clone();
        let (telemetry, tenure) = Telemetry::new(registry).for_tenure();
        let context = BuildContext {
            id: id.to_owned(),
            signal: None,
            telemetry: telemetry.with(kind.name(), id),
            budget,
            health,
            host,
            state_directory,
            offered: offered.clone(),
            former: Offers::default(),
            listeners: listeners.for_another(),
        };
        (context, Arc::new(tenure))
    }
}
