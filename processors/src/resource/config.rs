use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::actions::{ActionConfig, Actions};

/// Settings of the `resource` processor.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Actions on the attributes of every resource, carried out in this order. At least one. Default: none.
    pub(super) attributes: Vec<ActionConfig>,
}

impl Config {
    pub(super) fn actions(&self) -> Result<Actions, ConfigError> {
        Actions::new("attributes", &self.attributes)
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        self.actions().map(|_actions| ())
    }
}
