use edgewatch_core::config::ConfigError;
use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::match_config::MatchConfig;
use super::matcher::Matcher;
use crate::actions::{ActionConfig, Actions};

/// Settings of the `attributes` processor.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Actions on the attributes of every item that is included and not excluded, carried out in this order.
    /// At least one. Default: none.
    pub(super) actions: Vec<ActionConfig>,
    /// The items to act on. Default: all.
    pub(super) include: Option<MatchConfig>,
    /// The items, of those included, not to act on. Default: none.
    pub(super) exclude: Option<MatchConfig>,
}

impl Config {
    pub(super) fn actions(&self) -> Result<Actions, ConfigError> {
        Actions::new("actions", &self.actions)
    }

    pub(super) fn include(&self) -> Result<Option<Matcher>, ConfigError> {
        self.include.as_ref().map(Matcher::new).transpose().map_err(|error| error.under("include"))
    }

    pub(super) fn exclude(&self) -> Result<Option<Matcher>, ConfigError> {
        self.exclude.as_ref().map(Matcher::new).transpose().map_err(|error| error.under("exclude"))
    }
}

impl ComponentConfig for Config {
    fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::all([
            self.actions().map(|_actions| ()),
            self.include().map(|_matcher| ()),
            self.exclude().map(|_matcher| ()),
        ])
    }
}
