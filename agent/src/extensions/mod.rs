//! Everything that serves the agent itself.

use edgewatch_core::factory::ExtensionFactory;

/// Every extension in this build, in alphabetical order.
pub const EXTENSIONS: &[ExtensionFactory] = &[];
