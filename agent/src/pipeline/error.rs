//! Why a plan cannot run.

use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::ComponentKind;
use edgewatch_core::receiver::ReceiveError;

use super::order::Ring;

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
    #[error("{0}; {help}", help = .0.help())]
    Ring(Ring),
}

/// What the component `id` says when it is built.
pub(super) fn failed(kind: ComponentKind, id: &str, source: ConfigError) -> BuildError {
    BuildError::Component { kind, id: id.to_owned(), source }
}
