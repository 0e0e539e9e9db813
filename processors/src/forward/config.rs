use edgewatch_core::factory::ComponentConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the `forward` connector: none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {}

impl ComponentConfig for Config {}
