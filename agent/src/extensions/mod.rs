//! Everything that serves the agent itself.

mod file_storage;
mod health_check;

use edgewatch_core::factory::ExtensionFactory;

/// Every extension in this build, in alphabetical order.
pub const EXTENSIONS: &[ExtensionFactory] = &[
    ExtensionFactory::of::<file_storage::FileStorage>(),
    ExtensionFactory::of::<health_check::HealthCheck>(),
];
