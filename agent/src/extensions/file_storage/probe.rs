//! What only the host can tell: whether queues can be kept in the directory, and whether those that are there can be used.

use edgewatch_core::config::ConfigError;
use edgewatch_core::probe::{Probe, ProbeContext, Trouble, writable_directory};
use edgewatch_exporters::journal;

use super::config::Config;
use super::extension::directory;

const KEY: &str = "directory";

pub(super) fn probes(config: &Config, context: &ProbeContext) -> Vec<Probe> {
    let Some(directory) = directory(config, &context.id, Some(&context.state_directory)) else {
        return Vec::new();
    };
    let made = config.create_directory;
    vec![Probe::blocking(KEY, format!("the directory {}", directory.display()), move || {
        writable_directory(&directory, made).map_err(|fault| fault.error_at(KEY))?;
        if directory.is_dir() {
            // Of a later version, or something else: the agent would not start.
            journal::inspect(&directory)
                .map_err(|error| Trouble::from(ConfigError::new(KEY, error.to_string())))?;
        }
        Ok(())
    })]
}
