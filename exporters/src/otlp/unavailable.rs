//! Settings of the Collector that this build reads only to say that it cannot follow them.

use edgewatch_core::config::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the `middlewares`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Middleware {
    /// Id of the extension.
    id: String,
}

impl Middleware {
    pub(crate) fn refuse(middlewares: &[Self]) -> Result<(), ConfigError> {
        match middlewares {
            [Self { id }, ..] => {
                let message = format!("middleware extensions (`{id}`) are not in this build; remove the key");
                Err(ConfigError::new("middlewares", message))
            }
            [] => Ok(()),
        }
    }
}
