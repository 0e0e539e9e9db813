//! What a user may write.

use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::ComponentConfig;
use edgewatch_core::probe::{Probe, ProbeContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::probe;

/// Settings of the `health_check` extension.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address to listen on. Default: localhost:13133.
    pub(super) endpoint: String,
    /// Path of the page. Default: /.
    pub(super) path: String,
    /// Texts to answer with instead of the JSON status. Default: none.
    pub(super) response_body: Option<ResponseBody>,
}

/// Settings of `response_body`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ResponseBody {
    /// Answer while the agent is ready. Default: empty.
    pub(super) healthy: String,
    /// Answer while it is not. Default: empty.
    pub(super) unhealthy: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { endpoint: "localhost:13133".to_owned(), path: "/".to_owned(), response_body: None }
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        if !self.path.starts_with('/') {
            let message = format!("{:?} is not a path; start it with a slash", self.path);
            return Err(ConfigError::new("path", message));
        }
        Ok(())
    }

    fn probes(&self, context: &ProbeContext) -> Vec<Probe> {
        probe::probes(self, context)
    }
}
